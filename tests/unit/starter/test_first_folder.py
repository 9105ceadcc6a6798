"""`torchard init`: a lab folder that works at once, and what it is made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from torchard.cli.main import cli
from torchard.lab.load import load_lab
from torchard.lab.notes import find_notes
from torchard.resources import find_resource

LAB = "inventory/lab.yaml"
FILES = {
    LAB,
    "inventory/lab.py",
    "inventory/this_mac.py",
    "inventory/this_mac.yaml",
    "deploy.py",
    "schemas/lab.schema.json",
    "tests/test_macs.py",
    ".gitignore",
    ".github/workflows/check.yml",
}


@pytest.fixture
def init(tmp_path, monkeypatch):
    """A function that runs `torchard init` in an empty folder; its errors are raised."""
    monkeypatch.chdir(tmp_path)

    def run(*words, code=0):
        done = CliRunner().invoke(cli, ["init", *map(str, words)])
        assert done.exit_code == code, done.output + repr(done.exception)
        return done

    return run


def files(folder):
    """Return the names of the files of a folder."""
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def test_a_new_folder_passes_check_and_says_what_to_fill_in(init, tmp_path):
    """The example has a Mac that no network has, and no consent yet. Nothing else is to be done."""
    out = init("lab").stdout
    assert files(tmp_path / "lab") == FILES
    assert "Now:\n  cd lab\n  write your Macs into inventory/lab.yaml" in out
    assert "uncomment accept_license or miniconda" in out
    lab = load_lab(tmp_path / "lab" / LAB)
    assert lab.macs["studio-01"].environments == ("torch",)
    address, consent = find_notes(lab)
    assert "an address that no computer has" in address.sentence
    assert "no consent to the terms of Miniconda's installer" in consent.sentence


@pytest.mark.parametrize("file", ["lab.yaml", "this_mac.yaml"])
def test_an_editor_finds_the_schema_from_both_labs(init, tmp_path, file):
    """The first line names a copy of it beside the lab's folder."""
    init()
    path = tmp_path / "inventory" / file
    named = path.read_text(encoding="utf-8").partition("\n")[0].partition("$schema=")[2]
    schema = find_resource("schemas/lab.schema.json").read_text(encoding="utf-8")
    assert (path.parent / named).read_text(encoding="utf-8") == schema


@pytest.mark.parametrize(
    ("option", "setting"),
    [
        ("--accept-license", (True, "miniconda")),
        ("--miniforge", (False, "miniforge")),
    ],
)
def test_consent_is_an_option(init, tmp_path, option, setting):
    """With either of the two, nothing is left to uncomment."""
    assert "uncomment" not in init(option).stdout
    mac = load_lab(tmp_path / LAB).macs["studio-01"]
    assert (mac.accept_license, mac.miniconda.distribution) == setting
    init("--accept-license", "--miniforge", "other", code=2)


@pytest.mark.parametrize("line", ["accept_license: true", "miniconda: {distribution: miniforge}"])
def test_a_comment_of_the_new_lab_holds_when_it_is_uncommented(init, tmp_path, line):
    """Each is a setting of all Macs."""
    init()
    path = tmp_path / LAB
    text = path.read_text(encoding="utf-8")
    assert text.count(f"  # {line}\n") == 1
    path.write_text(text.replace(f"  # {line}\n", f"  {line}\n"), encoding="utf-8")
    mac = load_lab(path).macs["studio-01"]
    assert (mac.accept_license, mac.miniconda.distribution != "miniconda").count(True) == 1


def test_what_exists_stays_and_is_named(init, tmp_path):
    """A .gitignore of a person's own is kept; with a lab, nothing is written."""
    (tmp_path / ".gitignore").write_text("mine\n", encoding="utf-8")
    assert "left as they are: .gitignore\n" in init().stdout
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "mine\n"
    (tmp_path / "deploy.py").unlink()
    error = init(code=1).exception
    assert str(error) == (
        "inventory/lab.yaml exists, and nothing was written.\n"
        "  Edit it, or name another folder: torchard init FOLDER"
    )
    assert not (tmp_path / "deploy.py").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(init, tmp_path):
    """Here, a file is where a folder should be."""
    (tmp_path / "inventory").touch()
    assert "inventory/lab.yaml cannot be written: " in str(init(code=1).exception)


@pytest.mark.parametrize(
    ("named", "is_other"),
    [
        ("other.yaml", True),
        ("new/inventory/lab.yaml", True),  # relative to the new folder, it is another file
        ("{folder}/inventory/lab.yaml", False),
        ("inventory/lab.yaml", False),
        ("", False),
    ],
)
def test_the_next_steps_act_on_the_new_lab(init, tmp_path, monkeypatch, named, is_other):
    """If TORCHARD_LAB names another lab, the first step is to unset it."""
    monkeypatch.setenv("TORCHARD_LAB", named.format(folder=tmp_path / "new"))
    out = init("new").stdout
    assert ("unset TORCHARD_LAB" in out) == is_other
    if is_other:
        assert out.index("cd new") < out.index("unset TORCHARD_LAB") < out.index("torchard check")
        assert f"it names new/{named}, which the next commands would use" in out


def test_this_mac_needs_no_ssh(init, tmp_path, monkeypatch):
    """On a Mac, the lab describes that Mac; elsewhere a sentence says what to type."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in {"uname": "echo Darwin", "sysctl": "echo 1", "sw_vers": "echo 15.1"}.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    out = init("mac", "--this-mac", "--miniforge").stdout
    assert "keys trust" not in out
    assert files(tmp_path / "mac") == FILES - {"inventory/this_mac.py", "inventory/this_mac.yaml"}
    (mac,) = load_lab(tmp_path / "mac" / LAB).macs.values()
    assert (mac.name, mac.connection, mac.environments) == ("this-mac", "local", ("torch",))
    (tools / "uname").write_text("#!/bin/sh\necho Linux\n", encoding="utf-8")
    error = init("linux", "--this-mac", code=1).exception
    assert str(error).startswith("--this-mac describes the computer that it runs on")
    assert not (tmp_path / "linux").exists()


def test_the_stock_command_reads_the_new_folder(init, tmp_path):
    """`pyinfra inventory/lab.py` finds the Mac, and the settings that Torchard gives it."""
    init()
    environ = {key: value for key, value in os.environ.items() if key != "TORCHARD_LAB"}
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", "inventory/lab.py", "debug-inventory", "--json"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "studio-01" in done.stdout


def test_the_workflow_is_one_that_github_knows(init, tmp_path):
    """It is checked as the project's own workflows are."""
    init()
    words = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run(
        [sys.executable, *words, str(tmp_path / ".github/workflows/check.yml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_wheel_has_each_file_that_a_lab_folder_copies():
    """Without an entry in pyproject.toml, an installed Torchard would not find it."""
    root = Path(__file__).parents[3]
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    for name in FILES - {LAB, "tests/test_macs.py", ".gitignore", ".github/workflows/check.yml"}:
        folder = name.partition("/")[0]
        copied = f'"{name}" = "torchard/_project/{name}"'
        assert copied in text or f'"{folder}" = "torchard/_project/{folder}"' in text


@pytest.mark.parametrize("words", [["check"], ["keys", "trust"]])
def test_in_an_empty_folder_a_command_says_what_to_type(init, words):
    """The lab file is missing, and `torchard init` writes one."""
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 1
    assert str(done.exception).endswith("Name a lab file that exists, or type: torchard init")
