"""`torchard depot`: what is in the store of downloads, whether it is whole, and what goes."""

from __future__ import annotations

import hashlib
import json
import os
import time

import pytest
from click.testing import CliRunner

from torchard.cli.main import cli
from torchard.depot.contents import find_damage

DAY = 86400
LAB = """\
environments:
  torch: {python: "3.12"}
macs:
  one: {arch: arm64, macos: "15.1", environments: [torch]}
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A depot with an artefact that a lock names, one that no lock names, and a part of one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHARD_DEPOT", str(tmp_path / "depot"))
    monkeypatch.setenv("TORCHARD_LAB", str(tmp_path / "lab.yaml"))
    (tmp_path / "lab.yaml").write_text(LAB, encoding="utf-8")
    lock = tmp_path / "locks/lab/torch.osx-arm64-macos15.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"wheels": [{"sha256": digest("locked")}]}), encoding="utf-8")
    for name, days in (("locked", 90), ("loose", 40), ("new", 1)):
        folder = tmp_path / "depot/files" / digest(name)
        folder.mkdir(parents=True)
        (folder / f"{name}.whl").write_text(name, encoding="utf-8")
        os.utime(folder, (time.time() - days * DAY,) * 2)
    part = tmp_path / "depot/partial" / digest("part")
    part.parent.mkdir()
    part.write_bytes(b"pa")
    os.utime(part, (time.time() - 95 * DAY,) * 2)
    return tmp_path / "depot"


def digest(text: str) -> str:
    """Return the sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def run(*words: str):
    """Run a command of `torchard depot`; return its exit code and its JSON."""
    made = CliRunner().invoke(cli, ["depot", *words, "--json"])
    return made.exit_code, json.loads(made.stdout)


def states(document):
    """Return the state of each artefact by its name."""
    return {one["name"]: one["state"] for one in document["artefacts"]}


def test_a_list_says_which_lock_needs_an_artefact(root):
    """What was used last comes first."""
    code, found = run("list")
    assert code == 0
    assert [one["name"] for one in found["artefacts"]] == [
        "new.whl",
        "loose.whl",
        "locked.whl",
        "part of a download",
    ]
    by = {one["name"]: one["needed_by"] for one in found["artefacts"]}
    assert by["locked.whl"] == ["locks/lab/torch.osx-arm64-macos15.json"]
    assert by["loose.whl"] == []
    assert found["bytes"] == len("lockedloosenewpa")
    assert found["root"] == str(root)


def test_a_clean_keeps_what_is_new_and_what_a_lab_needs(root):
    """The text says what went."""
    made = CliRunner().invoke(cli, ["depot", "clean", "--keep", "30"])
    assert made.exit_code == 0
    assert made.stdout.endswith(f"2 files in {root}, 9 bytes.\n2 removed, 7 bytes.\n")
    assert {one.name for one in (root / "files").iterdir()} == {digest("locked"), digest("new")}
    assert not list((root / "partial").iterdir())
    assert states(run("clean", "--keep", "60")[1]) == {"locked.whl": "kept", "new.whl": "kept"}


def test_a_damaged_artefact_is_named_and_removed_only_if_asked_for(root):
    """The exit code says whether one is still there."""
    (root / "files" / digest("loose") / "loose.whl").write_text("other", encoding="utf-8")
    code, found = run("verify")
    assert (code, states(found)["loose.whl"], states(found)["new.whl"]) == (1, "damaged", "whole")
    assert (root / "files" / digest("loose")).exists()
    code, found = run("verify", "--remove")
    assert (code, states(found)["loose.whl"]) == (0, "removed")
    assert not (root / "files" / digest("loose")).exists()


def test_a_depot_that_is_not_there_is_empty(tmp_path, monkeypatch):
    """Nothing is made."""
    monkeypatch.setenv("TORCHARD_DEPOT", str(tmp_path / "none"))
    monkeypatch.setenv("TORCHARD_LAB", str(tmp_path / "none.yaml"))
    for word in ("list", "verify", "clean"):
        assert run(word) == (
            0,
            {
                "format": 1,
                "kind": "depot",
                "root": str(tmp_path / "none"),
                "bytes": 0,
                "is_whole": True,
                "artefacts": [],
            },
        )
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit(143)])
def test_an_interrupted_command_prints_what_it_came_to(root, monkeypatch, stop):
    """An artefact that was removed is named."""
    (root / "files" / digest("loose") / "loose.whl").write_text("other", encoding="utf-8")
    seen = []

    def find(stored):
        if len(seen) == 2:
            raise stop
        seen.extend(stored.names)
        return find_damage(stored)

    monkeypatch.setattr("torchard.workspace.depot_report.find_damage", find)
    _, found = run("verify", "--remove")
    assert not found["is_whole"]
    assert list(states(found)) == seen
