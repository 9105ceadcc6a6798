"""`ps -o KEYWORDS [-p PID]` from /proc, for a Linux host that has no ps."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def _row(pid: int) -> dict[str, str]:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    fields = stat[stat.rindex(")") + 2 :].split()
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    boot = next(
        int(line.split()[1])
        for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines()
        if line.startswith("btime ")
    )
    start = boot + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    command = " ".join(words).strip() or name
    return {
        "pid": str(pid),
        "uid": str(Path(f"/proc/{pid}").stat().st_uid),
        "ppid": fields[1],
        "pgid": fields[2],
        "stat": fields[0],
        "state": fields[0],
        "comm": name,
        "command": command,
        "args": command,
        "lstart": time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(start)),
    }


def main(arguments: list[str]) -> int:
    """Print one line a process; 1 when a process that was asked for is not there."""
    wanted: list[str] = []
    pids: list[int] = []
    words = iter(arguments)
    for word in words:
        if word.startswith("-o"):
            wanted.append(word[2:] or next(words, ""))
        elif word.startswith("-p"):
            pids = [int(pid) for pid in (word[2:] or next(words, "")).split(",")]
    columns = [column.partition("=") for column in ",".join(wanted or ["pid,command"]).split(",")]
    if not all(title == "" and sep for _, sep, title in columns):
        print("  ".join(title or name.upper() for name, _, title in columns))
    found = 0
    for pid in pids or sorted(int(path.name) for path in Path("/proc").glob("[0-9]*")):
        try:
            row = _row(pid)
        except (OSError, ValueError):
            continue
        print("  ".join(row.get(name, "-") for name, _, _ in columns))
        found += 1
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
