"""A run knows which earlier runs of its account have ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import locked
import pytest

from torchard.mac.state import RunLock
from torchard.workspace import runs

PROGRAM = """
import sys
from pathlib import Path
from torchard.workspace import runs

runs._folder = lambda: Path(sys.argv[1])
runs.register_run()
print(runs.this_run(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where runs of this account keep their files; this test's own run has none yet."""
    monkeypatch.setattr(runs, "_open_files", [])
    monkeypatch.setattr(runs, "_folder", lambda: tmp_path / "torchard/runs")
    return tmp_path / "torchard/runs"


def test_a_run_has_ended_once_its_process_has(folder):
    """However it ended: a killed run holds nobody up."""
    words = [sys.executable, "-c", PROGRAM, str(folder)]
    run = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    name = run.stdout.readline().strip()
    try:
        assert not runs.has_ended(name)
        assert not runs.is_ours(f"{name}-3f9a12c4")
    finally:
        run.kill()
        run.communicate()
    assert runs.has_ended(name)
    assert runs.is_ours(f"{name}-3f9a12c4")
    assert not runs.is_ours(f"{name}x-3f9a12c4")


@pytest.mark.parametrize("name", ["", "..", "../runs", "/etc/passwd", "1-unknown", "x" * 9999])
def test_an_unknown_run_may_be_at_work(folder, name):
    """Another computer's, or another account's: nothing here says that it has ended."""
    folder.mkdir(parents=True)
    assert not runs.has_ended(name)


def test_this_run_is_ours(folder):
    """Its own lock on a Mac blocks nothing."""
    runs.register_run()
    runs.register_run()
    assert [path.name for path in folder.iterdir()] == [runs.this_run()]
    state = locked.mac(lock=RunLock(f"{runs.this_run()}-ab", "ada", 1))
    assert runs.mark_own_lock(state).lock.is_ours
    other = locked.mac(lock=RunLock("12-cd-ab", "ada", 1))
    assert not runs.mark_own_lock(other).lock.is_ours


def test_what_ended_runs_left_is_removed_after_a_week(folder):
    """So the folder stays small."""
    folder.mkdir(parents=True)
    for name, days in (("1-old", 8), ("2-young", 6)):
        (folder / name).write_text("")
        then = time.time() - days * 86400
        os.utime(folder / name, (then, then))
    runs.register_run()
    assert sorted(path.name for path in folder.iterdir()) == sorted(["2-young", runs.this_run()])


def test_a_run_works_without_a_place_for_its_file(folder):
    """Then other runs wait until its lock has ended."""
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")
    runs.register_run()
    assert not runs.has_ended(runs.this_run())
