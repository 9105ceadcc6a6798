"""The shells that read Torchard's scripts in tests: all that this machine has, each as `sh`.

A Mac's is bash 3.2. `TORCHARD_SH` names one more to try, such as that of the Mac at hand.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from simlab.shell import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from _pytest.mark import ParameterSet

# By name; each is started by a link called sh, by which zsh, mksh and busybox know what to be.
PROGRAMS = {
    "sh": "/bin/sh",
    **{name: shutil.which(name) for name in ("dash", "bash", "zsh", "mksh", "busybox")},
    VARIABLE: os.environ.get(VARIABLE) or None,
}
if os.path.realpath("/bin/sh") == os.path.realpath(PROGRAMS["dash"] or ""):
    del PROGRAMS["dash"]  # it is this machine's sh
THERE = [name for name, program in PROGRAMS.items() if program]


def parameters(names: Iterable[str]) -> list[ParameterSet]:
    """Return shells for parametrize; a shell that this machine lacks is skipped by its name."""
    return [
        pytest.param(
            name,
            marks=pytest.mark.skipif(not PROGRAMS[name], reason=f"there is no {name} here"),
        )
        for name in names
    ]


EVERY = parameters(name for name, program in PROGRAMS.items() if program or name != VARIABLE)


def link(folder: Path, name: str) -> Path:
    """Make FOLDER/NAME/sh, which starts a shell as sh; return it."""
    path = folder / name / "sh"
    if not path.is_symlink():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(str(PROGRAMS[name]))
    return path
