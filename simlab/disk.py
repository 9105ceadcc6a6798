"""A disk that a simulated Mac can fill: its home is a file system in memory, of a given size.

So what is full is full for all of them, with the kernel's own ENOSPC: SFTP, conda, pip, and each
tool of a script. It needs no root, but a Linux that lets anybody make a namespace to mount in;
what is in such a home is seen from outside by `/proc/PID/root`, and is gone with the lab.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from simlab import program

if TYPE_CHECKING:
    from pathlib import Path

    from simlab.faults import Fault

_UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")
_INSIDE = "SIMLAB_MOUNTS"  # set where mounts are the lab's own


class DiskError(RuntimeError):
    """This host gives nobody a disk of its own; `str()` is a sentence for a person."""


def size(fault: Fault) -> int | None:
    """Return how many bytes a home with this fault holds; None where nothing limits it."""
    return None if fault is None or isinstance(fault, str) else fault.get("disk_full")


def possible() -> bool:
    """Tell whether this host lets its users mount a file system of their own."""
    if shutil.which(_UNSHARE[0]) is None:
        return False
    mount = ("mount", "-t", "tmpfs", "simlab", "/tmp")  # noqa: S108  # in a namespace of its own
    return subprocess.run([*_UNSHARE, *mount], capture_output=True, check=False).returncode == 0


def enter() -> None:
    """Start this program again where it may mount, once, with the same number. Raise DiskError."""
    if os.environ.get(_INSIDE):
        return
    if not possible():
        raise DiskError("disk_full needs a Linux whose users may mount a file system of their own.")
    again = [*_UNSHARE, *program.words(*sys.argv[1:])]
    os.execvpe(again[0], again, {**os.environ, _INSIDE: "yes"})  # noqa: S606


def beside(pid: int) -> list[str]:
    """Return the words before a command that is to see what the process `pid` has mounted."""
    nsenter = shutil.which("nsenter") or "/usr/bin/nsenter"  # a Mac's own PATH has none
    return [nsenter, "--preserve-credentials", "--user", "--mount", f"--target={pid}"]


def resize(home: Path, fault: Fault) -> None:
    """Give a home the size that its Mac's fault says; without one, what is mounted has no limit."""
    wanted = size(fault)
    mounted = home.is_mount()
    if wanted is None and not mounted:
        return
    # Nothing is 0 bytes large: that would be no limit.
    how = f"{'remount,' if mounted else ''}size={0 if wanted is None else max(wanted, 1)}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", how, "simlab", str(home)], check=True)
