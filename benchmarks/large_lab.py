"""Measure a controller that plans hundreds or thousands of Macs: growth of CPU and memory.

    python benchmarks/large_lab.py [--macs 50 300 1000] [--parallel N ...] [--delay SECONDS]

One simulated Mac is brought up to date, and its answer to the probe is recorded. Then SSH servers
on this machine give that answer as so many Macs, each with a hardware UUID of its own. So key
exchange, login, channel and answer are real, and no shell runs. Only the controller's CPU and
memory count. The clock also counts the servers, which run on the same processors. With --delay,
each answer comes so many seconds late, as that of a real Mac does: then --parallel matters.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
from measure import TORCHARD, keep, scratch, timed

from simlab import keys
from simlab.lab import SimLab
from simlab.up import build_depot
from torchard.lab.load import load_lab
from torchard.mac import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measure import Took

SMALL = 'environments:\n  tools: {python: "3.12", pytorch: false, conda: [rhash]}\n'
_UUID = "hardware\t"


async def serve(key: str, allowed: str, lines: list[str], delay: float) -> None:
    """Answer every command as the Mac that the user is named after; print the port first."""

    async def reply(process: asyncssh.SSHServerProcess[str]) -> None:
        await asyncio.sleep(delay)
        own = f"{_UUID}{process.get_extra_info('username')}"
        text = "\n".join(own if line.startswith(_UUID) else line for line in lines)
        process.stdout.write(f"{text}\n")
        process.exit(0)

    server = await asyncssh.listen(
        "0.0.0.0",  # noqa: S104  # only a key that this benchmark made may log in
        0,
        server_host_keys=[key],
        authorized_client_keys=allowed,
        process_factory=reply,
    )
    print(server.get_port(), flush=True)
    await server.wait_closed()


@contextmanager
def servers(count: int, delay: float, *words: str) -> Iterator[list[int]]:
    """Start so many processes that serve; give their ports."""
    command = [sys.executable, __file__, "--delay", str(delay), "--serve", *words]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    try:
        yield [int(one.stdout.readline()) for one in running if one.stdout]
    finally:
        for one in running:
            one.terminate()
            one.wait()


def record(directory: Path) -> tuple[Path, Path]:
    """Bring one Mac up to date; return the file of its answer, and the lab file."""
    depot = build_depot(directory / "depot").root
    with SimLab(directory / "lab", 1, depot) as lab:
        text = lab.lab_file.read_text(encoding="utf-8")
        rest = text[text.index("groups:\n") :].replace("[torch]", "[tools]")
        lab.lab_file.write_text(f"{SMALL}{rest}", encoding="utf-8")
        apply = [*TORCHARD, "apply", str(lab.lab_file), "--yes", "--json"]
        subprocess.run(apply, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (mac,) = load_lab(lab.lab_file).macs.values()
        script = probe.build_script(mac.miniconda.prefix)
        answer = directory / "answer"
        answer.write_text(next(iter(lab.macs.values())).run(script).stdout, encoding="utf-8")
    return answer, lab.lab_file


def write_lab(path: Path, like: Path, macs: int, ports: list[int]) -> None:
    """Write a lab of so many Macs, with the locks of another lab."""
    text = like.read_text(encoding="utf-8")
    head, _, rest = text.partition("macs:\n")
    settings = [
        line for line in rest.splitlines() if line.strip().startswith(("arch", "macos", "groups"))
    ]
    lines = []
    for number in range(macs):
        port = ports[number % len(ports)]
        address = f"127.0.{1 + number // 250}.{1 + number % 250}"  # Linux answers for all of 127/8
        lines += [f"  mac-{number:04}:", f"    address: {address}"]
        lines += [f"    ssh: {{port: {port}, user: mac-{number:04}}}", *settings]
    path.write_text(head + "macs:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    locks = path.parent / "locks" / path.stem
    if not locks.exists():
        locks.symlink_to(like.parent / "locks" / like.stem)
    known = like.parent / keys.KNOWN_HOSTS
    kind, key = known.read_text(encoding="utf-8").split()[1:3]
    known.write_text(f"* {kind} {key}\n", "utf-8")


def main() -> None:
    """Print a table, or serve."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--macs", type=int, nargs="+", default=[50, 300, 1000])
    parser.add_argument("--parallel", type=int, nargs="+", default=[0], help="0 is the default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0, help="seconds")
    parser.add_argument("--serve", nargs=3, metavar=("KEY", "ALLOWED", "ANSWER"))
    wanted = parser.parse_args()
    if wanted.serve:
        key, allowed, answer = wanted.serve
        lines = Path(answer).read_text(encoding="utf-8").splitlines()
        asyncio.run(serve(key, allowed, lines, wanted.delay))
        return
    rows: dict[str, dict[str, float]] = {}
    with scratch() as directory:
        answer, like = record(directory)
        host_key = str(next(like.parent.rglob(keys.HOST_KEY)))
        user_key = str(like.parent / f"{keys.USER_KEY}.pub")
        with servers(os.cpu_count() or 1, wanted.delay, host_key, user_key, str(answer)) as ports:
            for macs in wanted.macs:
                lab = like.with_name(f"large{macs}.yaml")
                write_lab(lab, like, macs, ports)
                for parallel in wanted.parallel:
                    words = ["--parallel", str(parallel)] if parallel else []
                    plan = [*TORCHARD, "plan", str(lab), "--json", *words]
                    took = [timed([plan]) for _ in range(wanted.rounds)]
                    name = f"{macs} Macs" + (f", --parallel {parallel}" if parallel else "")
                    rows[name] = summarize(took, macs)
    title = "A plan of Macs that are up to date, without their shells"
    print(f"\n{title}")
    print(f"{'':<28} {'wall s':>8} {'CPU s':>8} {'CPU ms a Mac':>13} {'peak MiB':>9}")
    for name, row in rows.items():
        print(
            f"{name:<28} {row['wall']:8.1f} {row['cpu']:8.2f} {row['each']:13.1f}"
            f" {row['peak']:9.0f}"
        )
    keep(title, rows)


def summarize(took: list[Took], macs: int) -> dict[str, float]:
    """Return the least of some rounds: what else the machine does can only add."""
    least = min(took, key=lambda one: one.cpu)
    return {
        "wall": min(one.wall for one in took),
        "cpu": least.cpu,
        "each": 1000 * least.cpu / macs,
        "peak": max(one.peak for one in took) / 2**20,
    }


if __name__ == "__main__":
    main()
