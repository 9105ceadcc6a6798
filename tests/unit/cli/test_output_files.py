"""The files that `--html`, `--junit`, `--out` and `--log` name: no file of a person is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from stories import results, standing

from torchard.cli.main import cli
from torchard.errors import TorchardError
from torchard.lab.model import Lab, MacHost
from torchard.outputs import require_output, write_file
from torchard.plan.codec import document
from torchard.plan.plan import Plan
from torchard.plan.planfile import save
from torchard.render.junit import render_junit
from torchard.render.page import render_page
from torchard.render.status import status_document
from torchard.resources import find_resource

LAB = "macs: {studio-01: {address: 192.0.2.1}}\n"
LOG = "2026-12-01 08:00:00,123 pyinfra: Connecting to: 192.0.2.1\n"
OPTIONS = (
    ("report", "--html"),
    ("status", "--junit"),
    ("plan", "--out"),
    ("plan", "--log"),
    ("schema", "--out"),
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A lab folder with a lock file; a command that came further would contact a Mac."""
    monkeypatch.setattr("torchard.cli.connect.open_session", lambda *_: pytest.fail("contacted"))
    (tmp_path / "locks/lab").mkdir(parents=True)
    lock = '{\n  "format": 2,\n  "lock": 1\n}\n'
    (tmp_path / "locks/lab/torch.json").write_text(lock, encoding="utf-8")
    (tmp_path / "lab.yaml").write_text(LAB, encoding="utf-8")
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refuse(command, option, path):
    """Run a command that must refuse a file; return its sentence."""
    words = [command, option, path] + ([] if command == "schema" else ["lab.yaml"])
    if command == "report" and option != "--html":
        words += ["--html", "page.html"]
    done = CliRunner().invoke(cli, words)
    assert isinstance(done.exception, TorchardError), done.output
    return str(done.exception)


@pytest.mark.parametrize(("command", "option"), OPTIONS)
@pytest.mark.parametrize("file", ["lab.yaml", "notes.json", "locks/lab/torch.json"])
def test_no_file_of_a_person_and_no_lock_is_replaced(folder, command, option, file):
    """The message names the file and the option; no Mac is contacted."""
    before = (folder / file).read_bytes()
    said = refuse(command, option, file)
    assert said.startswith(f"{file} ")
    assert said.endswith(f"Name another file with {option}.")
    assert (folder / file).read_bytes() == before


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_no_file_is_added_to_a_folder_of_locks(folder, command, option):
    """Also under a new name."""
    said = refuse(command, option, "locks/lab/new.json")
    assert "locks/lab/new.json is in the folder of a lab's lock files." in said
    assert not (folder / "locks/lab/new.json").exists()


@pytest.mark.parametrize("option", ["--html", "--junit", "--out"])
def test_a_folder_that_does_not_exist_is_found_before_a_mac_is_contacted(folder, option):
    """The message says what to do."""
    command = {"--html": "report", "--junit": "verify", "--out": "plan"}[option]
    said = refuse(command, option, "gone/x.json")
    assert "its folder does not exist" in said
    assert f"Make the folder, or name another file with {option}." in said


def test_two_options_may_not_name_one_file(folder):
    """The second would replace what the first wrote."""
    words = ["report", "--html", "x", "--junit", "./x", "lab.yaml"]
    said = str(CliRunner().invoke(cli, words).exception)
    assert said == "--html and --junit name the same file, x.\n  Name another file with --junit."


def test_what_torchard_wrote_before_is_replaced_by_the_same_kind_alone(tmp_path):
    """The first bytes of a file say its kind. An empty file has nothing to lose."""
    (tmp_path / "lab.yaml").write_text(LAB, encoding="utf-8")
    status = status_document(*standing())
    macs = {name: MacHost(name, environments=("torch",)) for name in status.macs}
    written = {
        "page": render_page(status, Lab(tmp_path / "lab.yaml", {"torch": None}, {}, macs), "now"),
        "junit": render_junit(document(results()), "lab"),
        "log": LOG,
        "schema": find_resource("schemas/lab.schema.json").read_text(encoding="utf-8"),
    }
    save(Plan(()), tmp_path / "lab.yaml", tmp_path / "plan")
    for kind, text in written.items():
        write_file(tmp_path / kind, text)
    for kind in (*written, "plan"):
        require_output(tmp_path / kind, kind, "--x")
        for other in {*written, "plan"} - {kind}:
            with pytest.raises(TorchardError, match="exists and is not"):
                require_output(tmp_path / kind, other, "--x")
    (tmp_path / "empty").touch()
    for kind in (*written, "plan"):
        require_output(tmp_path / "empty", kind, "--x")


def test_a_log_may_be_a_device():
    """It is appended; other files are replaced as a whole."""
    require_output(Path("/dev/null"), "log", "--log")
