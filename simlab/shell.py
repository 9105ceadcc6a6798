"""The shell that simulated Macs have as `sh` and `bash`: this machine's own, or TORCHARD_SH.

Every Mac's /bin/sh and /bin/bash are bash 3.2, which few other machines have. TORCHARD_SH names a
shell to try: on a Mac, `TORCHARD_SH=/bin/sh`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "TORCHARD_SH"
NAMES = ("sh", "bash")


class ShellError(RuntimeError):
    """TORCHARD_SH names no shell; `str()` is a sentence for a person."""


def programs() -> dict[str, str]:
    """Return the host's programs behind a Mac's `sh` and `bash`; none for one that is not there.

    Raise ShellError where TORCHARD_SH names no shell.
    """
    own = {"sh": "/bin/sh", "bash": shutil.which("bash", path="/usr/bin:/bin") or _found("bash")}
    chosen = os.environ.get(VARIABLE)
    if chosen:
        if not _runs_as(chosen, "sh"):
            raise ShellError(f"{VARIABLE} is {chosen}; write the absolute path of a POSIX shell.")
        own["sh"] = chosen
        # busybox knows itself as sh, and not as bash: there the host's own stays.
        own["bash"] = chosen if _runs_as(chosen, "bash") else own["bash"]
    return {name: path for name, path in own.items() if path}


def shebang() -> str:
    """Return the first line of what a Mac runs as a script, without its end."""
    # By the Mac's own PATH: the kernel limits how long a path may be here, and how it is written.
    return "#!/usr/bin/env sh" if os.environ.get(VARIABLE) else "#!/bin/sh"


def of_mac(root: Path) -> str:
    """Return the path of a Mac's own `sh`."""
    return str(root / "bin" / "sh")


def _found(name: str) -> str:
    return shutil.which(name) or ""


@lru_cache(maxsize=8)
def _runs_as(path: str, name: str) -> bool:
    """Tell whether a program is a POSIX shell where it is started under a name."""
    if not os.path.isabs(path) or not os.access(path, os.X_OK):  # noqa: PTH117 (a text)
        return False
    try:
        done = subprocess.run(
            [name, "-c", "answer=42; echo ${answer#4}"],
            executable=path,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout == b"2\n"
