"""Measure planning, printing and saving a big lab: 300 Macs, 200 packages each. It contacts no Mac.

    python benchmarks/plan_of_three_hundred.py [MACS] [PACKAGES]

Each part runs in its own process, which makes the plan first; that time is reported separately.
Times are CPU seconds, the least of three. Memory is the peak of the process.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchard.plan.plan import Plan

PARTS = ("make", "text", "full text", "JSON", "save", "read back")
ROUNDS = 3


def plan_of(macs: int, packages: int) -> Plan:
    """Plan the first install of half of the Macs and an update of the others, in ten groups."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/unit"))
    from dataclasses import replace

    from locked import INSTALLER, lock, mac, package, shown, wheel

    from torchard.lab.model import MacHost
    from torchard.plan.plan import Plan, plan_mac
    from torchard.plan.target import Target

    half = packages // 2
    conda = [package(f"conda-{n}", "1.0") for n in range(half)]
    new = lock(conda, [wheel(f"wheel-{n}", "2.0") for n in range(packages - half)])
    old = lock(conda, [wheel(f"wheel-{n}", "1.0") for n in range(packages - half)])
    made = []
    for n in range(macs):
        state = shown(old) if n % 2 else mac(prefix_state="absent")
        state = replace(state, macos=f"15.{n % 5}")
        target = Target(MacHost(f"mac-{n:03}"), state, installer=INSTALLER, locks={"torch": new})
        made.append(plan_mac(target))
    return Plan(tuple(made))


def do(part: str, plan: Plan, path: Path) -> None:
    """Do one part with a plan."""
    from rich.console import Console

    from torchard.plan.codec import document, dumps
    from torchard.plan.planfile import SavedPlan, read, save
    from torchard.render.text import plan_lines

    if part in {"text", "full text"}:
        console = Console(file=io.StringIO(), width=120, soft_wrap=True, highlight=False)
        for line in plan_lines(plan, full=part == "full text"):
            console.print(line)
    elif part == "JSON":
        dumps(document(plan))
    elif part == "save":
        save(plan, path.with_name("lab.yaml"), path)
    elif part == "read back":
        found = read(path)
        assert isinstance(found, SavedPlan)
        assert found.plan.macs == plan.macs


def one(part: str, macs: int, packages: int) -> None:
    """Do one part so many times, and print its seconds, its megabytes, and the file's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        start = time.process_time()
        plan = plan_of(macs, packages)
        took = [time.process_time() - start]
        if part != "make":
            if part == "read back":
                do("save", plan, path)
            took = []
            for _ in range(ROUNDS):
                start = time.process_time()
                do(part, plan, path)
                took.append(time.process_time() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak *= 1 if sys.platform == "darwin" else 1024
        size = path.stat().st_size if path.exists() else 0
    print(min(took), peak // 10**6, size / 10**6)


def main() -> None:
    """Print a table."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    macs, packages = [*numbers, *(300, 200)[len(numbers) :]]
    if "--part" in sys.argv:
        one(sys.argv[sys.argv.index("--part") + 1], macs, packages)
        return
    print(f"{macs} Macs, {packages} packages each\n")
    print(f"{'':<10} {'CPU':>8} {'peak':>8}")
    for part in PARTS:
        command = [sys.executable, __file__, str(macs), str(packages), "--part", part]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, peak, size = map(float, done.stdout.split())
        file = f"   a file of {size:.0f} MB" if size else ""
        print(f"{part:<10} {seconds:>6.2f} s {peak:>5.0f} MB{file}")


if __name__ == "__main__":
    main()
