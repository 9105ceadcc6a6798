"""What a depot has is listed, verified and removed while other runs use it."""

from __future__ import annotations

import os
import time

import pytest
from fetching import BODY, SHA
from filelock import FileLock

from torchard.depot.contents import find_damage, list_artefacts, list_parts, remove_unused
from torchard.depot.depot import Depot

OLD = 1_000_000_000


@pytest.fixture
def root(tmp_path):
    """A depot with one artefact and one part of a download, both unused for long."""
    for path, name in ((tmp_path / "files" / SHA, "a.conda"), (tmp_path / "partial", SHA)):
        path.mkdir(parents=True)
        (path / name).write_bytes(BODY)
    os.utime(tmp_path / "files" / SHA, (OLD, OLD))
    os.utime(tmp_path / "partial" / SHA, (OLD, OLD))
    return tmp_path


def test_what_is_not_torchards_is_neither_listed_nor_removed(root):
    """Only a sha256 in small letters names an artefact."""
    for name in ("notes", SHA.upper(), f"{SHA}0", f".removing-{SHA}"):
        (root / "files" / name).mkdir()
    assert [(one.sha256, one.names) for one in list_artefacts(root)] == [(SHA, ("a.conda",))]
    assert [one.bytes for one in list_parts(root)] == [len(BODY)]


def test_a_change_of_any_file_is_damage(root):
    """So is a missing file, and one that cannot be read. What was read of it is not compared."""
    (root / "files" / SHA / "libraries-arm64.json").write_text("{}", encoding="utf-8")
    (stored,) = list_artefacts(root)
    file = stored.path / "a.conda"
    assert find_damage(stored) == ""
    file.write_bytes(BODY[:-1])
    assert find_damage(stored).startswith("its sha256 is ")
    file.unlink()
    assert find_damage(stored) == "it cannot be read: No such file or directory"
    assert find_damage(list_artefacts(root)[0]) == "its folder has no such file"


def test_what_a_run_fetches_now_stays(root):
    """The run holds the lock of the artefact."""
    (root / "locks").mkdir()
    (stored,) = list_artefacts(root)
    with FileLock(root / "locks" / SHA):
        assert not remove_unused(root, stored, time.time())
    assert find_damage(stored) == ""
    assert remove_unused(root, stored, time.time())
    assert [one.name for one in (root / "files").iterdir()] == []


def test_what_a_run_has_used_since_it_was_listed_stays(root):
    """A run marks an artefact before it reads it."""
    (stored,) = list_artefacts(root)
    Depot(root).fetch("a.conda", SHA, len(BODY), lambda: pytest.fail("it is there"))
    assert not remove_unused(root, stored, OLD + 1)
    assert find_damage(stored) == ""


def test_a_part_of_a_download_is_removed(root):
    """It is a file, and no folder."""
    (part,) = list_parts(root)
    assert remove_unused(root, part, time.time())
    assert not list_parts(root)


def test_a_removal_that_was_stopped_does_not_stop_the_next_one(root):
    """What it left goes first."""
    (root / "files" / f".removing-{SHA}").mkdir()
    (stored,) = list_artefacts(root)
    assert remove_unused(root, stored, time.time())
    assert not list((root / "files").iterdir())
