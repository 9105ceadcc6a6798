"""Plan twenty Macs that are up to date, against the same probe over plain OpenSSH.

    make bench

The Macs are simulated on this same machine. Every figure contains their cost, and no figure says
anything about a real Mac. So keep only ratios, and the controller's own CPU time, which the
operating system counts for each process.

If `ansible` is installed beside this Python, it runs the same probe too (`-m raw`, 20 forks). To
compare, run `pip install ansible-core` in a venv with Torchard, and start this file there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simlab.lab import SimLab
from simlab.up import build_depot
from torchard.lab.load import load_lab
from torchard.mac import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torchard.lab.model import Lab, MacHost


@dataclass(frozen=True)
class Took:
    """One run: seconds on the clock, and seconds of CPU of the controller's processes."""

    wall: float
    cpu: float


def timed(commands: Sequence[Sequence[str]]) -> Took:
    """Run commands at once and wait for all; each must succeed."""
    start = time.monotonic()
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        for command in commands
    ]
    cpu = 0.0
    for process in running:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, process.args
        cpu += used.ru_utime + used.ru_stime
    return Took(time.monotonic() - start, cpu)


def ssh_options(mac: MacHost) -> list[str]:
    """Return the options of ssh that match what Torchard knows about a Mac."""
    ssh = mac.ssh
    said = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": ssh.known_hosts,
        "IdentityFile": ssh.key,
        "IdentitiesOnly": "yes",
        "User": ssh.user,
        "Port": ssh.port,
    }
    return [
        "-F",
        "none",
        *(word for key, value in said.items() for word in ("-o", f"{key}={value}")),
    ]


def plain_ssh(lab: Lab) -> Callable[[], Took]:
    """Return what runs the probe on every Mac at once with OpenSSH."""
    commands = [
        ["ssh", *ssh_options(mac), str(mac.address), probe.build_script(mac.miniconda.prefix)]
        for mac in lab.macs.values()
    ]
    return lambda: timed(commands)


def ansible(lab: Lab, directory: Path) -> Callable[[], Took] | None:
    """Return what runs the probe with Ansible, or None where it is not installed."""
    program = shutil.which("ansible", path=str(Path(sys.executable).parent))
    if program is None:
        return None
    hosts = {
        mac.name: {
            "ansible_host": mac.address,
            "ansible_port": mac.ssh.port,
            "ansible_ssh_common_args": " ".join(ssh_options(mac)),
            # As the others: a connection of this run's own, and no terminal.
            "ansible_ssh_args": "-o ControlMaster=no",
            "ansible_ssh_use_tty": False,
        }
        for mac in lab.macs.values()
    }
    inventory = directory / "ansible.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    prefix = next(iter(lab.macs.values())).miniconda.prefix
    # As JSON: written bare, ansible would split the script into words by rules of its own.
    script = json.dumps({"_raw_params": probe.build_script(prefix)})
    options = ["-i", str(inventory), "-f", "20", "-m", "raw", "-a", script]
    return lambda: timed([[program, "all", *options]])


def torchard(lab_file: Path) -> Callable[[], Took]:
    """Return the command that plans the lab; exit code 0 means that every Mac is up to date."""
    return lambda: timed([[sys.executable, "-m", "torchard", "plan", str(lab_file), "--json"]])


def main() -> None:
    """Bring twenty Macs up to date, then measure each way in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--macs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=7)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torchard-bench-") as made:
        directory = Path(made).resolve()
        os.environ["TORCHARD_DEPOT"] = str(directory / "artefacts")
        depot = build_depot(directory / "depot").root
        with SimLab(directory / "lab", wanted.macs, depot) as lab:
            print(f"bringing {wanted.macs} simulated Macs up to date", file=sys.stderr)
            apply = [sys.executable, "-m", "torchard", "apply", str(lab.lab_file), "--yes"]
            subprocess.run(apply, check=True, stdout=subprocess.DEVNULL)
            described = load_lab(lab.lab_file)
            ways = {"ssh": plain_ssh(described), "torchard plan": torchard(lab.lab_file)}
            other = ansible(described, directory)
            if other is not None:
                ways["ansible"] = other
            figures: dict[str, list[Took]] = {name: [] for name in ways}
            for _ in range(wanted.rounds):
                for name, way in ways.items():
                    figures[name].append(way())
    report(figures, wanted.macs)


def report(figures: dict[str, list[Took]], macs: int) -> None:
    """Print medians, and the ratio to plain ssh of the same round."""
    base = figures["ssh"]
    print(f"{macs} simulated Macs up to date, {len(base)} rounds taken in turn; medians")
    print(f"{'':<14} {'wall s':>7} {'x ssh':>6} {'CPU s':>7} {'x ssh':>6}")
    for name, taken in figures.items():
        wall = statistics.median(one.wall for one in taken)
        cpu = statistics.median(one.cpu for one in taken)
        times = statistics.median(one.wall / ssh.wall for one, ssh in zip(taken, base, strict=True))
        work = statistics.median(one.cpu / ssh.cpu for one, ssh in zip(taken, base, strict=True))
        print(f"{name:<14} {wall:7.2f} {times:6.2f} {cpu:7.2f} {work:6.2f}")


if __name__ == "__main__":
    main()
