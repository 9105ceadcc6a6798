"""The edit of a shell's file: it gets one block, and no other byte changes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from torchard.operations import script_text
from torchard.plan.shell_init import render_block

OURS = render_block("zsh", "/Users/ann/miniconda3")
THEIRS = render_block("zsh", "/opt/conda")
OTHERS = render_block("zsh", "/usr/conda")


@pytest.fixture
def zshrc(tmp_path):
    """The path of zsh's file in a home."""
    return tmp_path / ".zshrc"


def edit(path, before="", after=OURS, **environment):
    """Run the program as it runs on a Mac."""
    program = [sys.executable, "-I", "-S", "-c", script_text.read_script("edit_shell_file.py")]
    return subprocess.run(
        [*program, path, before, after],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C", **environment},
        check=False,
    )


def others(path):
    """The other files beside it."""
    return [one for one in path.parent.iterdir() if one != path]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"OURS\n"),
        (b"\n", b"\n\nOURS\n"),
        (b"a=1\n", b"a=1\n\nOURS\n"),
        (b"a=1", b"a=1\n\nOURS\n"),
        (b"\xff\r\n\tb\0=2\n\n", b"\xff\r\n\tb\0=2\n\n\nOURS\n"),
        (b"THEIRS", b"OURS"),
        (b"THEIRS\n", b"OURS\n"),
        (b"\xff a\r\n\nTHEIRS\n  b\n# <<< conda", b"\xff a\r\n\nOURS\n  b\n# <<< conda"),
    ],
)
def test_nothing_else_in_the_file_changes_by_a_byte(zshrc, before, after):
    """Its last line gets an end; its mode stays; a copy of the old file is kept beside it."""
    before = before.replace(b"THEIRS", THEIRS.encode())
    zshrc.write_bytes(before)
    zshrc.chmod(0o640)
    done = edit(zshrc, THEIRS if THEIRS.encode() in before else "")
    assert done.returncode == 0, done.stderr
    assert zshrc.read_bytes() == after.replace(b"OURS", OURS.encode())
    (kept,) = others(zshrc)
    assert kept.name.startswith(".zshrc.torchard-aside-2")
    assert kept.read_bytes() == before
    assert [one.stat().st_mode & 0o777 for one in (zshrc, kept)] == [0o640, 0o640]


def test_a_file_that_is_not_there_is_written(zshrc):
    """There is nothing to keep a copy of."""
    assert edit(zshrc).returncode == 0
    assert zshrc.read_text(encoding="utf-8") == f"{OURS}\n"
    assert others(zshrc) == []


def test_every_edit_keeps_its_copy(zshrc):
    """Even two within a second."""
    zshrc.write_text("a=1\n", encoding="utf-8")
    for before, after in (("", THEIRS), (THEIRS, OTHERS), (OTHERS, OURS)):
        assert edit(zshrc, before, after).returncode == 0
    assert len(others(zshrc)) == 3


@pytest.mark.parametrize("planned", ["", THEIRS])
@pytest.mark.parametrize(
    "found", [OTHERS, f"{THEIRS}\n{THEIRS}", f"{OTHERS}\n{THEIRS}", THEIRS[:-1], f"{THEIRS[:-1]}\n"]
)
def test_a_block_that_the_plan_did_not_find_is_left_alone(zshrc, planned, found):
    """A person wrote it after the plan."""
    zshrc.write_text(found, encoding="utf-8")
    done = edit(zshrc, planned)
    assert done.returncode == 1
    assert "has another conda block than the plan found; run it again." in done.stderr
    assert zshrc.read_text(encoding="utf-8") == found
    assert others(zshrc) == []


def test_a_removed_block_is_not_written_again(zshrc):
    """A person removed it, or the whole file, after the plan."""
    for content in (None, "a=1\n"):
        if content is not None:
            zshrc.write_text(content, encoding="utf-8")
        assert "has another conda block" in edit(zshrc, THEIRS).stderr
    assert zshrc.read_text(encoding="utf-8") == "a=1\n"


def test_a_file_that_became_a_link_is_left_alone(zshrc, tmp_path):
    """A file would replace the link."""
    other = tmp_path / "other"
    other.write_text("a=1\n", encoding="utf-8")
    zshrc.symlink_to(other)
    done = edit(zshrc)
    assert done.returncode == 1
    assert f"{zshrc} is a link now; run it again." in done.stderr
    assert zshrc.is_symlink()


def test_a_partial_file_of_a_killed_run_is_used_up(zshrc):
    """A partial file, or a link of its name, is not followed, and does not stay."""
    zshrc.write_text("a=1\n", encoding="utf-8")
    victim = zshrc.with_name("victim")
    victim.write_text("mine\n", encoding="utf-8")
    zshrc.with_name(".zshrc.torchard-partial").symlink_to(victim)
    assert edit(zshrc).returncode == 0
    assert not zshrc.is_symlink()
    assert victim.read_text(encoding="utf-8") == "mine\n"
    assert not zshrc.with_name(".zshrc.torchard-partial").is_symlink()


def tool(folder, text):
    """Put another `cp` first in a PATH."""
    folder.mkdir()
    (folder / "cp").write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / "cp").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_there_is_no_edit_without_a_copy(zshrc, tmp_path):
    """For example, if the disk is full."""
    zshrc.write_text("a=1\n", encoding="utf-8")
    home = tmp_path / "bin"
    done = edit(zshrc, PATH=tool(home, "echo half >\"$3\"; echo 'no space left' >&2; exit 1"))
    assert done.returncode == 1
    assert "no space left" in done.stderr
    assert f"{zshrc} cannot be copied." in done.stderr
    assert zshrc.read_text(encoding="utf-8") == "a=1\n"
    assert others(zshrc) == [home]


def test_a_file_whose_owner_or_mode_cannot_be_kept_is_left_alone(zshrc, tmp_path):
    """For example, another account's file: the edit would change its owner."""
    zshrc.write_text("a=1\n", encoding="utf-8")
    home = tmp_path / "bin"
    done = edit(zshrc, PATH=tool(home, '/bin/cp "$@" && chmod 600 "$3"'))
    assert done.returncode == 1
    assert "has a mode, an owner or a group that a copy cannot have." in done.stderr
    assert zshrc.read_text(encoding="utf-8") == "a=1\n"
    assert others(zshrc) == [home]


def test_an_error_of_the_disk_is_reported(zshrc):
    """With a sentence, not a traceback."""
    zshrc.with_name(".zshrc.torchard-partial").mkdir()
    done = edit(zshrc)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{zshrc} cannot be changed: ")
    assert "Traceback" not in done.stderr
    assert not zshrc.exists()
