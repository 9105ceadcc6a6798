"""The faults of a simulated Mac. To add one, name it here and let it happen where it belongs.

Each acts in one place:

- "refuse", "hostkey", "silent_login", "silent_forwards" and the counting of those of commands and
  files: `simlab.server`.
- What becomes of those commands and files: `simlab.session`.
- "disk_full": `simlab.disk`, which mounts the home. "disk_free" and "dead_disk":
  `simlab/shims/df.sh`.

Other faults are not of this kind. Those of downloads are in `simlab.web`, and sshd's limits are in
`simlab.sshd`. What a Mac lacks without a fault (MPS, hard links, sbin) is a field of
`simlab.spec.MacSpec`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# "refuse", {"drop_after": 3}, or no fault.
Fault = str | Mapping[str, int] | None

NAMED = {
    "refuse": "the port is closed",
    "hostkey": "sshd has another host key than known_hosts",
    "silent_login": "sshd never answers a login",
    "silent_forwards": "as a jump host it passes no byte on",
    "dead_disk": "df never ends, as where a file server does not answer",
}
# Each has a number N.
NUMBERED = {
    "drop_after": "the connection is cut once, after N commands and before the next starts",
    "drop_during": "the command after N others is started, and the connection is cut while it runs",
    "drop_answer": "the command after N others ends, and the connection is cut before its answer",
    "hang": "the command after N others never starts, and the connection stays",
    "trickle": "the command after N others prints a byte a second instead of its answer",
    "flood": "the command after N others prints without end instead of its answer",
    "stop": "the command after N others stops itself (SIGSTOP) when it begins",
    "stall_sftp": "after N openings, writes or closings of files by SFTP, the connection stays and"
    " takes no byte any more",
    "drop_sftp": "the connection is cut at the opening, writing or closing of a file by SFTP,"
    " after N others; of what is written, half arrives",
    "disk_free": "df says that N bytes are free",
    "disk_full": "the home, in memory and empty at first, holds N bytes; df tells of room until it"
    " is full",
}
_BYTES = ("disk_free", "disk_full")


def is_fault(value: object) -> bool:
    """Tell whether a value is a fault, or None for no fault."""
    if value is None or (isinstance(value, str) and value in NAMED):
        return True
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    kind, number = next(iter(value.items()))
    return kind in NUMBERED and type(number) is int and number >= 0


def list_faults() -> str:
    """Return what a spec can say, for a message: "null, refuse, …, {drop_after: N}, …"."""
    numbered = [f"{{{kind}: {'BYTES' if kind in _BYTES else 'N'}}}" for kind in NUMBERED]
    *most, last = ("null", *NAMED, *numbered)
    return f"{', '.join(most)} or {last}"


def count_event(fault: Fault, kinds: tuple[str, ...], counter: Path) -> str | None:
    """Count an event of a fault of these kinds; return the kind where the fault happens now.

    `counter` is a file that keeps the count. A new fault begins at zero.
    """
    if fault is None or isinstance(fault, str):
        return None
    kind, limit = next(iter(fault.items()))
    if kind not in kinds:
        return None
    about, count = json.dumps(fault), 0
    if counter.exists():
        counted, _, number = counter.read_text(encoding="utf-8").rpartition(" ")
        count = int(number) if counted == about else 0
    counter.write_text(f"{about} {count + 1}", encoding="utf-8")
    return kind if count == limit else None
