"""`lsof -F pn` of a simulated Mac, started as `HOST -I -S lsof.py ROOT …`: who has what open.

On Linux it reads /proc itself; on macOS it passes on what the host's own lsof says.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).absolute().parents[1]))

from simlab import processes

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


def main(root: str, arguments: list[str]) -> int:
    """Print `p` and a number, then `n` and a path a file, for each process that can be read."""
    if "pn" not in arguments:
        print("simlab does not simulate lsof without -F pn", file=sys.stderr)
        return 70
    pids = [pid for pid in processes.running(root) if pid != os.getpid()]
    if not Path("/proc/self").exists():
        named = ",".join(map(str, pids))
        return subprocess.run(["/usr/sbin/lsof", *arguments, "-p", named], check=False).returncode
    for pid in pids:
        try:
            found = list(_open(Path(f"/proc/{pid}")))
        except OSError:  # it has ended, or is somebody else's
            continue
        print(f"p{pid}", *(f"n{path}" for path in found), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
