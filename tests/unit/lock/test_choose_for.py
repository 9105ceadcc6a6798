"""`torchard choose --for`: what would come of packages beside PyTorch, and nothing is locked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from wheelhouse import pure, wheel

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Refusal
from torchard.cli.main import cli
from torchard.lab.model import MacHost, Request
from torchard.workspace.forecast import form_packages_question, make_forecast

EXACT = MacClass("osx-arm64", "15.1")
TORCH = wheel("torch-2.8.0-cp312-none-macosx_11_0_arm64.whl")
CODECS = [
    wheel(f"torchcodec-{one}-cp312-cp312-macosx_11_0_arm64.whl") for one in ("0.7.0", "0.8.0")
]
WORDS = (
    "choose", "--arch", "arm64", "--macos", "15.1", "--release", "2.8.0", "--no-with",
)  # fmt: skip


@pytest.fixture
def ask(shelf, monkeypatch, tmp_path, artefacts):
    """Run `torchard choose --for` with an index of wheels, where no channel can be reached."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", shelf(TORCH, *CODECS, pure("tools", "1.0", "torch>=2")))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = CliRunner().invoke(cli, [*WORDS, *words])
        assert sorted(one.name for one in tmp_path.iterdir()) == ["index"]
        return done

    return run


def test_the_versions_are_printed_and_what_is_not_the_newest(ask):
    """And what the answer assumes, because no channel could be read."""
    done = ask("--for", "tools torchcodec")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "torch 2.8.0"
    assert "tools 1.0 · torchcodec 0.7.0" in lines
    assert "  3 wheels in all; assuming the newest python 3.12 and nothing else from conda" in lines
    assert any("torchcodec 0.7.0 may not be the newest: each release" in one for one in lines)
    assert any("could not be read from https://conda.anaconda.org" in one for one in lines)
    assert "Nothing is locked" in lines[-1]


def test_its_json_is_a_field_of_the_choice(ask):
    """What named packages get is there by name."""
    forecast = json.loads(ask("--for", "tools", "--for", "torchcodec", "--json").stdout)["forecast"]
    assert forecast["packages"] == {"tools": "1.0", "torchcodec": "0.7.0"}
    assert (forecast["python"], forecast["conda"], forecast["wheels"]) == ("3.12", 0, 3)
    assert forecast["unread"]
    assert len(forecast["notes"]) == 1


def test_packages_that_cannot_be_locked_have_a_reason(ask):
    """The torch that fits is still printed, and the exit code is 1."""
    done = ask("--for", "tools>=2")
    assert done.exit_code == 1
    assert done.stdout.startswith("torch 2.8.0\n")
    assert "No lock is possible: the wheel index has no tools>=2; its newest is 1.0." in done.stderr
    assert "Write `tools==1.0`" in done.stderr
    found = json.loads(ask("--for", "tools>=2", "--json").stdout)
    assert "forecast" not in found
    assert found["variant"]["packages"] == {"torch": "2.8.0"}
    assert "tools>=2" in found["forecast_refusal"]["reason"]


def test_without_a_torch_nothing_is_solved(ask):
    """The refusal of the catalogue is the answer."""
    done = ask("--python", "3.7", "--for", "tools", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout).keys() == {"format", "refusal"}


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("torchvision>=0.20", "is part of PyTorch. Use --release and --with"),
        ("git+https://example.org/x", "names a URL"),
        ("numpy=1.26", "Write numpy==1.26."),
        ("python", "Write it under python"),
    ],
)
def test_what_no_lab_can_ask_for_is_a_usage_error(ask, package, said):
    """Before anything is solved."""
    done = ask("--for", f"tools {package}")
    assert done.exit_code != 0
    assert said in " ".join(done.stderr.split())


LAB = """\
environments: {torch: {python: "3.12"}}
groups:
  far:
    environments: [torch]
    mirrors: {wheels: "%s"}
    indexes: {pyg: {url: "%s/torch-{torch}.html", packages: [scat]}}
macs:
  one: {address: 192.0.2.1, groups: [far]}
  two: {address: 192.0.2.2, groups: [far]}
"""


@pytest.fixture
def lab(shelf, tmp_path):
    """A lab with a mirror of wheels and a further index, as its text and its path."""
    mirror = shelf(TORCH, pure("tools", "2.0", "torch>=2", "scat"), folder="index/mirror")
    far = tmp_path / "index/far"
    shelf(pure("scat", "3.0"), folder="index/far")
    link = '<a href="wheels/scat-3.0-py3-none-any.whl">scat-3.0-py3-none-any.whl</a>'
    (far / "torch-2.8.0.html").write_text(link, encoding="utf-8")
    path = tmp_path / "index/lab.yaml"
    path.write_text(LAB % (mirror, far.as_uri()), encoding="utf-8")
    return path


def test_a_labs_mirrors_and_further_indexes_are_used(ask, lab):
    """The usual index has another release of the package, and none of what it needs."""
    done = ask("--for", "tools scat", "--lab", str(lab))
    assert done.exit_code == 0, done.stderr
    assert "tools 2.0 · scat 3.0" in done.stdout.splitlines()
    assert "tools 1.0" in ask("--for", "tools").stdout


def test_one_of_several_macs_with_different_places_is_named(ask, lab):
    """The message says what to type, and a name of no Mac is an error."""
    text = lab.read_text(encoding="utf-8").replace("192.0.2.2, groups: [far]", "192.0.2.2")
    lab.write_text(text, encoding="utf-8")
    words = ("--for", "tools", "--lab", str(lab))
    done = ask(*words)
    assert done.exit_code == 1
    assert "`--mac one` or `--mac two`" in str(done.exception)
    assert "tools 2.0" in ask(*words, "--mac", "one").stdout
    assert "tools 1.0" in ask(*words, "--mac", "two").stdout
    assert "Its Macs are one, two." in str(ask(*words, "--mac", "three").exception)


@pytest.mark.parametrize("words", [("--lab", "index/lab.yaml"), ("--for", "tools", "--mac", "one")])
def test_a_lab_only_serves_packages(ask, lab, words):
    """Without packages nothing comes from a mirror, and without a lab there are no Macs."""
    done = ask(*words)
    assert done.exit_code != 0
    assert "--lab" in done.stderr


def test_with_a_channel_it_is_what_a_lock_would_have(mirrors, store):
    """Conda's python and its other packages count, and the wheels fit around them."""
    request = Request("3.12", release="2.2.2", companions=())
    catalogue = load_catalog()
    variant = choose(request, EXACT, catalogue)
    assert not isinstance(variant, Refusal)
    question = form_packages_question(
        ("pandas",), request, variant, EXACT, catalogue, MacHost("mac")
    )
    assert (str(question.mac_class), question.channels) == ("osx-arm64-macos15", ("conda-forge",))
    found = make_forecast(replace(question, mirrors=mirrors), catalogue, store, lambda _text: None)
    assert not isinstance(found, Refusal)
    assert found.packages.keys() == {"pandas"}
    assert found.python.startswith("3.12.")
    assert found.conda > 2
    assert found.bytes > 0
    assert found.unread == ""
