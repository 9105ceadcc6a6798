"""What `torchard doctor` finds on this computer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from torchard import programs
from torchard.catalog.catalog import load_catalog
from torchard.lab.model import MacHost, Miniconda, Mirrors
from torchard.workspace import controller


def levels(found, topic):
    """Return the levels of the findings on one topic."""
    return [one.level for one in found if one.topic == topic]


@pytest.fixture(autouse=True)
def depot(tmp_path, monkeypatch):
    """A depot of this test, and no certificates of a person."""
    monkeypatch.setenv("TORCHARD_DEPOT", str(tmp_path / "depot"))
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "depot"


def test_a_computer_with_all_programs_is_good(depot):
    """The depot need not exist yet, and is not made."""
    found = list(controller.examine_computer())
    assert {one.level for one in found} <= {"good", "warning"}  # a disk may be nearly full
    assert {"python", "uv", "ssh", "depot"} <= {one.topic for one in found}
    assert not depot.exists()


def test_a_program_that_is_missing_or_broken_is_a_problem(monkeypatch, tmp_path):
    """The sentence says what to install."""
    monkeypatch.setattr(programs, "find_program", lambda _: None)
    found = [one for one in controller.examine_computer() if one.topic == "ssh"]
    assert ["install OpenSSH's client" in one.text for one in found] == [True]
    broken = tmp_path / "ssh"
    broken.write_text("#!/bin/sh\necho broken >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(programs, "find_program", lambda _: str(broken))
    (found,) = [one for one in controller.examine_computer() if one.topic == "ssh"]
    assert (found.level, found.text) == ("problem", "ssh does not run: broken; install it again")


def test_a_depot_that_cannot_be_written_is_a_problem(monkeypatch, tmp_path):
    """A file is where a folder should be."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("TORCHARD_DEPOT", str(tmp_path / "file/depot"))
    assert levels(controller.examine_computer(), "depot") == ["problem"]


def test_certificates_that_cannot_be_read_are_a_problem(monkeypatch, tmp_path):
    """A file that can be read is named."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert levels(controller.examine_computer(), "certificate") == ["problem"]
    (tmp_path / "none.pem").write_text("", encoding="utf-8")
    assert levels(controller.examine_computer(), "certificate") == ["good"]


def test_the_login_of_a_proxy_is_not_printed(monkeypatch):
    """Its address is."""
    monkeypatch.setenv("https_proxy", "http://ada:secret@proxy.example.com:3128")
    found = [one.text for one in controller.examine_computer() if one.topic == "proxy"]
    assert any("proxy.example.com:3128" in one for one in found)
    assert not any("secret" in one for one in found)


def test_each_server_is_asked_once_and_named_if_it_does_not_answer(tmp_path):
    """Two Macs with the same mirrors share their servers."""
    channel = tmp_path / "channel/noarch"
    channel.mkdir(parents=True)
    (channel / "repodata.json").write_text("{}", encoding="utf-8")
    mirrors = Mirrors(
        {"conda-forge": (tmp_path / "channel").as_uri()},
        tmp_path.as_uri(),
        installers=(tmp_path / "none").as_uri(),
    )
    mac = MacHost("a", mirrors=mirrors, miniconda=Miniconda("miniforge"), arch="arm64")
    servers = controller.list_servers([mac, replace(mac, name="b")], load_catalog())
    found = [controller.examine_server(one) for one in servers]
    assert [one.level for one in found] == ["good", "good", "problem"]
    assert "the installer Miniforge3" in found[2].text
    assert "Check `mirrors`." in found[2].text
