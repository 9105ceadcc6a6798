"""The size of the controller's depot, and its bound: what was unused for longest goes first."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

UNUSED_SECONDS = 7 * 86400  # another run, of another lab, may be about to use what is newer


@dataclass(frozen=True)
class Stored:
    """One artefact in a depot, or a part of one: its bytes, and when a run last used it."""

    path: Path
    bytes: int
    used: float

    @property
    def sha256(self) -> str:
        """The sha256 that the artefact is kept by."""
        return self.path.name


def mark_used(path: Path) -> None:
    """Note that a run uses the file of an artefact: its folder has the time."""
    with suppress(OSError):
        os.utime(path.parent)


def measure_depot(root: Path) -> int:
    """Return how many bytes the artefacts in a depot take."""
    return sum(one.bytes for part in ("files", "partial") for one in _list_stored(root / part))


def bound_depot(root: Path, limit: int, needed: Container[str]) -> int:
    """Remove artefacts until the depot has at most `limit` bytes; return the bytes removed.

    Artefacts in `needed`, by sha256, and those that were used within a week stay, so the depot may
    stay larger. A part of a download that is a week old goes in any case.
    """
    old = time.time() - UNUSED_SECONDS
    parts = [one for one in _list_stored(root / "partial") if one.used < old]
    stored = sorted(_list_stored(root / "files"), key=lambda one: one.used)
    excess = sum(one.bytes for one in stored) - limit
    removed = 0
    for one in stored:
        if removed >= excess:
            break
        if one.used < old and one.sha256 not in needed:
            shutil.rmtree(one.path, ignore_errors=True)
            removed += one.bytes
    for one in parts:
        with suppress(OSError):
            one.path.unlink()
            removed += one.bytes
    return removed


def _list_stored(folder: Path) -> Iterator[Stored]:
    """Yield what is in a folder, by the sha256 of each artefact."""
    with suppress(OSError):
        for one in sorted(folder.iterdir()):
            with suppress(OSError):
                files = [*one.iterdir()] if one.is_dir() else [one]
                size = sum(file.stat().st_size for file in files)
                yield Stored(one, size, one.stat().st_mtime)
