"""`ps` of a simulated Mac, started as `HOST -I -S ps.py ROOT …`: it knows that Mac's processes.

On Linux it reads /proc itself; on macOS the host's own ps tells of the processes that are left.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[1]))

from simlab import processes

_LSTART = 28  # columns, of which the time itself fills 24 (Apple's shell_cmds, ps/keyword.c)


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
    began = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(start))
    return {
        "pid": str(pid),
        "uid": str(Path(f"/proc/{pid}").stat().st_uid),
        "ppid": fields[1],
        "pgid": fields[2],
        "time": _time((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")),
        "stat": fields[0],
        "state": fields[0],
        "comm": name,
        "command": command,
        "args": command,
        "lstart": began.ljust(_LSTART),
    }


def _time(seconds: float) -> str:
    """Return processor time as macOS prints it: minutes, seconds and hundredths (ps/print.c)."""
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000:3d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"


def _read(arguments: list[str]) -> tuple[list[str], list[int] | None, list[str]]:
    """Return the columns, the processes that are named, and all options but those numbers."""
    wanted: list[str] = []
    pids: list[int] | None = None
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word.startswith("-o"):
            wanted.append(word[2:] or next(words, ""))
            rest += ["-o", wanted[-1]]
        elif word.startswith("-p"):
            pids = [int(pid) for pid in (word[2:] or next(words, "")).split(",")]
        elif set(word[1:]) - set("Aaxew"):
            sys.exit(f"ps: simlab does not simulate ps {word}")
    return wanted, pids, rest


def _columns(wanted: str) -> list[tuple[str, str]]:
    """Return the columns of one `-o` with their headers.

    A header may have commas: all that follows the first `=` is the last column's (POSIX).
    """
    names, has_header, header = wanted.partition("=")
    *others, last = names.split(",")
    return [
        *((name, name.upper()) for name in others),
        (last, header if has_header else last.upper()),
    ]


def main(root: str, arguments: list[str]) -> int:
    """Print one line a process; 1 when a process that was asked for is not there."""
    wanted, pids, rest = _read(arguments)
    shown = [
        pid
        for pid in (processes.running(root) if pids is None else pids)
        if pids is None or processes.belongs(pid, root)
    ]
    if not Path("/proc/self").exists() and shown:
        os.execv("/bin/ps", ["ps", "-ww", *rest, "-p", ",".join(map(str, shown))])  # noqa: S606
    columns = [column for one in wanted or ["pid,command"] for column in _columns(one)]
    if any(title for _, title in columns):
        print("  ".join(title for _, title in columns))
    found = 0
    for pid in shown:
        try:
            row = _row(pid)
        except (OSError, ValueError):
            continue
        print("  ".join(row.get(name, "-") for name, _ in columns))
        found += 1
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
