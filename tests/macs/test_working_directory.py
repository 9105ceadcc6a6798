"""Nothing in the working directory runs on the controller, whichever command is typed there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import decoys
import pytest

from torchard.cli.main import COMMANDS

# Every command, with words that let it start each program that it can start.
TYPED = (
    ("check", "{lab}"),
    ("choose", "--arch", "arm64", "--macos", "15.1", "--python", "3.12"),
    ("keys", "trust", "{lab}", "--yes"),
    ("lock", "{lab}"),
    ("plan", "{lab}", "--out", "{saved}"),
    ("show", "{saved}"),
    ("apply", "{saved}", "--yes"),
    ("verify", "{lab}"),
    ("status", "{lab}"),
    ("rollback", "torch", "{lab}", "--yes"),
    ("unlock", "studio-01", "{lab}"),
    ("bundle", "{bundle}", "{lab}"),
    ("depot", "list", "{lab}"),
    ("schema", "--out", "{schema}"),
    ("completion", "zsh"),
    ("init", "{folder}"),
    ("import", "{environment}", "--into", "{lab}", "--yes"),
    ("export", "torch", "{lab}", "--class", "osx-arm64-macos15"),
    ("doctor", "{lab}"),
    ("report", "{lab}", "--html", "{page}"),
    ("remove", "torch", "{lab}", "--yes"),
    ("demo", "--macs", "1", "--keep", "{kept}"),
    ("catalog", "verify", "--release", "2.15.0"),
)
EXPECTED = {"plan": 2, "show": 2, "rollback": 3, "demo": 1, "catalog": 1}


@pytest.fixture
def type_there(tmp_path, monkeypatch):
    """Return a function that types a command in a folder of traps: its status and output."""
    sprung = decoys.set_traps(tmp_path / "here")
    monkeypatch.setenv("PATH", decoys.relative_path())

    def run(*words):
        done = subprocess.run(
            [Path(sys.executable).with_name("torchard"), *words],
            cwd=tmp_path / "here",
            env={
                **os.environ,
                "PYTHONSTARTUP": "os.py",
                "UV_DEFAULT_INDEX": (tmp_path / "nowhere").as_uri(),  # for `catalog verify`
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert decoys.read_sprung(sprung) == [], (words, done.stdout, done.stderr)
        return done

    return run


def test_no_command_runs_anything_there(start, type_there, tmp_path):
    """No module and no program: each command does what it does elsewhere."""
    lab = start(1)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.tex").touch()
    (tmp_path / "environment.yml").write_text("name: mine\ndependencies: [numpy]\n", "utf-8")
    assert {words[0] for words in TYPED} == set(COMMANDS)
    names = {
        "saved": "saved.json",
        "kept": "kept",
        "bundle": "bundle",
        "schema": "lab.schema.json",
        "folder": "folder",
        "environment": "environment.yml",
        "page": "lab.html",
    }
    places = {"lab": lab.lab_file, **{key: tmp_path / name for key, name in names.items()}}
    for words in TYPED:
        done = type_there(*(word.format_map(places) for word in words))
        assert done.returncode == EXPECTED.get(words[0], 0), (words, done.stdout, done.stderr)
