"""The size of the controller's depot, and its bound: what was unused for longest goes first."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from torchard.depot.contents import list_artefacts, list_parts, remove_unused

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

UNUSED_SECONDS = 7 * 86400  # another run, of another lab, may be about to use what is newer


def mark_used(path: Path) -> None:
    """Note that a run uses the file of an artefact: its folder has the time."""
    with suppress(OSError):
        os.utime(path.parent)


def measure_depot(root: Path) -> int:
    """Return how many bytes the artefacts in a depot take."""
    return sum(one.bytes for one in (*list_artefacts(root), *list_parts(root)))


def bound_depot(root: Path, limit: int, needed: Container[str]) -> int:
    """Remove artefacts until the depot has at most `limit` bytes; return the bytes removed.

    Artefacts in `needed`, by sha256, and those that were used within a week stay, so the depot may
    stay larger. A part of a download that is a week old goes in any case.
    """
    old = time.time() - UNUSED_SECONDS
    parts = [one for one in list_parts(root) if one.used < old]
    stored = sorted(list_artefacts(root), key=lambda one: one.used)
    excess = sum(one.bytes for one in stored) - limit
    removed = 0
    for one in stored:
        if removed >= excess:
            break
        if one.used < old and one.sha256 not in needed and remove_unused(root, one, old):
            removed += one.bytes
    return removed + sum(one.bytes for one in parts if remove_unused(root, one, old))
