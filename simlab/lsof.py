"""`lsof -F pn` from /proc, for a Linux host that has no lsof: who has which file open."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def _open(process: Path) -> Iterator[str]:
    """Yield what a process is, where it is, what it has open, and what it has mapped."""
    for link in (process / "exe", process / "cwd", *sorted((process / "fd").iterdir())):
        try:
            yield str(link.readlink())
        except OSError:
            continue
    mapped = (process / "maps").read_text(encoding="utf-8", errors="replace")
    yield from dict.fromkeys(re.findall(r"^(?:\S+ +){5}(/.*)$", mapped, re.MULTILINE))


def main(arguments: list[str]) -> int:
    """Print `p` and a number, then `n` and a path a file, for each process that can be read."""
    if "pn" not in arguments:
        print("simlab does not simulate lsof without -F pn", file=sys.stderr)
        return 70
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name)):
        if int(process.name) == os.getpid():
            continue
        try:
            found = list(_open(process))
        except OSError:  # it has ended, or is somebody else's
            continue
        print(f"p{process.name}", *(f"n{path}" for path in found), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
