"""What a person put into Miniconda and into an environment: nothing may lose it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from keeper import Home

IN_BASE = b"a person's file in Miniconda\n"
SETTING = b"# a person's setting\n"
PROGRAM = b"#!/bin/sh\n# a person's program\n"


def add_own_files(home: Path) -> None:
    """Let a person put files into Miniconda and into the active environment `torch`."""
    # The link names a path of the Mac's, which may be another one here.
    active = home / ".torchard/generations" / (home / "miniconda3/envs/torch").readlink().name
    for path, content in (
        (home / "miniconda3/etc/mine.txt", IN_BASE),
        (active / "etc/conda/activate.d/mine.sh", SETTING),
        (active / "bin/mine", PROGRAM),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def find_lost(before: Home, now: Home) -> set[bytes]:
    """Return the contents of a person's files that are nowhere any more."""
    had, has = ({entry.content for entry in one.values()} for one in (before, now))
    return ({IN_BASE, SETTING, PROGRAM} & had) - has
