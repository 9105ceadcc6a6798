"""Which processes are a simulated Mac's own, for the stand-ins for ps, lsof, pgrep and kill.

A process belongs to the Mac whose root is in its variables, as PATH and HOME have it even under
`env -i`, or in whose folders it is. A host without /proc, macOS, shows no other process's
variables; there it belongs to the Mac that has its session in the file `sessions` of its root.
Number 1 is every Mac's. `kill` is also built into every shell, and what is built in reaches all
processes of the account that runs simlab: no stand-in can get in its way.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SESSIONS = "sessions"
_PROC = Path("/proc")


def belongs(pid: int, root: str) -> bool:
    """Tell whether a process that is there is one of the Mac at `root`, as PATH spells it."""
    if pid == 1:
        return True
    if not (_PROC / "self").exists():
        return _in_a_session(pid, root)
    try:
        if f"{root}/".encode() in (_PROC / str(pid) / "environ").read_bytes():
            return True
        place = os.readlink(_PROC / str(pid) / "cwd")  # noqa: PTH115 (started without site)
    except OSError:  # it has ended, or is another account's
        return False
    return f"{place}/".startswith(f"{os.path.realpath(root)}/")


def _in_a_session(pid: int, root: str) -> bool:
    try:
        session = os.getsid(pid)
    except OSError:
        return False
    try:
        known = (Path(root) / SESSIONS).read_text(encoding="utf-8").split()
    except OSError:
        known = []
    return session == os.getsid(0) or str(session) in known


def begin(root: Path, session: int) -> None:
    """Note that a session of a Mac has begun."""
    with (root / SESSIONS).open("a", encoding="utf-8") as file:
        file.write(f"{session}\n")


def running(root: str) -> list[int]:
    """Return the numbers of a Mac's processes, in their order."""
    if (_PROC / "self").exists():
        there = [int(path.name) for path in _PROC.iterdir() if path.name.isdecimal()]
    else:
        command = ["/bin/ps", "-axo", "pid="]
        listing = subprocess.run(command, capture_output=True, text=True, check=False)
        there = [int(word) for word in listing.stdout.split()]
    return [pid for pid in sorted(there) if belongs(pid, root)]
