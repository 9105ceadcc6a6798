"""What the benchmarks share: run commands, count their CPU seconds, and print tables of ratios.

Every figure depends on this machine and on what else it does. So keep ratios of one run, and the
controller's own CPU seconds, which the operating system counts for each process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TORCHARD = (str(Path(sys.executable).with_name("torchard")),)  # as a person types it
RESULTS = "TORCHARD_BENCH_RESULTS"  # names a file that collects the figures of several benchmarks


@dataclass(frozen=True)
class Took:
    """One run: seconds on the clock, CPU seconds of its processes, and the largest one's bytes."""

    wall: float
    cpu: float
    peak: int = 0


def timed(commands: Sequence[Sequence[str]], codes: tuple[int, ...] = (0,)) -> Took:
    """Run commands at once and wait for all; each must end with one of these exit codes."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as errors:
        running = [
            subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=errors, stdin=subprocess.DEVNULL
            )
            for command in commands
        ]
        cpu, peak = 0.0, 0
        for process in running:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += used.ru_utime + used.ru_stime
            peak = max(peak, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
        for process in running:
            if process.returncode not in codes:
                errors.seek(0)
                raise SystemExit(
                    f"{process.args!r} ended with {process.returncode}: {errors.read()}"
                )
    return Took(time.monotonic() - start, cpu, peak)


def take_turns(ways: Mapping[str, Callable[[], Took]], rounds: int) -> dict[str, list[Took]]:
    """Run each way once in every round, so that what else the machine does meets all of them."""
    figures: dict[str, list[Took]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            figures[name].append(way())
    return figures


@dataclass(frozen=True)
class Row:
    """One line of a table: medians, and medians of the ratios to the base of the same round."""

    name: str
    wall: float
    wall_ratio: float
    cpu: float
    cpu_ratio: float


def compare(figures: Mapping[str, Sequence[Took]], base: str) -> list[Row]:
    """Return a row for each way, with its ratios to `base`."""
    rows = []
    for name, taken in figures.items():
        pairs = list(zip(taken, figures[base], strict=True))
        rows.append(
            Row(
                name,
                statistics.median(one.wall for one in taken),
                statistics.median(one.wall / of.wall for one, of in pairs),
                statistics.median(one.cpu for one in taken),
                statistics.median(one.cpu / of.cpu for one, of in pairs),
            )
        )
    return rows


def print_table(title: str, rows: Sequence[Row], base: str) -> None:
    """Print rows, and keep them in the file that the environment names."""
    print(f"\n{title}")
    print(f"{'':<24} {'wall s':>8} {'x ' + base:>16} {'CPU s':>8} {'x ' + base:>16}")
    for row in rows:
        print(
            f"{row.name:<24} {row.wall:8.2f} {row.wall_ratio:16.2f} {row.cpu:8.2f}"
            f" {row.cpu_ratio:16.2f}"
        )
    keep(title, {row.name: (row.wall_ratio, row.cpu_ratio) for row in rows})


def keep(title: str, figures: object) -> None:
    """Add figures to the file that the environment names, if it names one."""
    if path := os.environ.get(RESULTS):
        file = Path(path)
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        known[title] = figures
        file.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder to a benchmark, with a controller's depot and state of its own."""
    with tempfile.TemporaryDirectory(prefix="torchard-bench-") as made:
        directory = Path(made).resolve()
        os.environ["TORCHARD_DEPOT"] = str(directory / "artefacts")
        os.environ["XDG_STATE_HOME"] = str(directory / "state")
        yield directory
