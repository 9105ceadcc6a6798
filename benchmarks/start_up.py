"""Measure how much CPU a command takes that contacts no Mac, against `python -c pass`.

    python benchmarks/start_up.py [--rounds N]

Each ratio is the least CPU of the command by the least CPU of `python -c pass`: what else the
machine does can only add to either.
"""

from __future__ import annotations

import argparse
import sys

from measure import TORCHARD, keep, scratch, take_turns, timed

MACS = 100


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with scratch() as directory:
        lab = directory / "lab.yaml"
        macs = "".join(
            f'  studio-{n:03}: {{address: 192.0.2.{n}, arch: arm64, macos: "15.1"}}\n'
            for n in range(1, MACS + 1)
        )
        lab.write_text(f'environments: {{torch: {{python: "3.12"}}}}\nmacs:\n{macs}', "utf-8")
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "torchard --help": [*TORCHARD, "--help"],
            "torchard plan --help": [*TORCHARD, "plan", "--help"],
            "torchard lock --help": [*TORCHARD, "lock", "--help"],
            f"torchard check, {MACS} Macs": [*TORCHARD, "check", str(lab)],
        }
        ways = {name: (lambda words=words: timed([words])) for name, words in commands.items()}
        figures = take_turns(ways, rounds)
    least = {name: min(one.cpu for one in taken) for name, taken in figures.items()}
    base = least["python -c pass"]
    title = f"Start-up: the least CPU of {rounds} rounds"
    print(f"\n{title}\n{'':<26} {'CPU ms':>8} {'x python':>9}")
    for name, cpu in least.items():
        print(f"{name:<26} {1000 * cpu:8.0f} {cpu / base:9.1f}")
    keep(title, {name: cpu / base for name, cpu in least.items()})


if __name__ == "__main__":
    main()
