"""Plan and apply Macs that are up to date, against the same probe over plain OpenSSH.

    python benchmarks/plan_against_ssh.py [--macs 20 100] [--rounds 7]

The Macs are simulated on this same machine. Every figure contains their cost, and no figure says
anything about a real Mac. So keep only ratios, and the controller's own CPU time, which the
operating system counts for each process.

If `ansible` is installed beside this Python, it runs the same probe too (`-m raw`, 20 forks). To
compare, run `pip install ansible-core` in a venv with Torchard, and start this file there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from measure import TORCHARD, Took, compare, print_table, scratch, take_turns, timed

from simlab.lab import SimLab
from simlab.up import build_depot
from torchard.lab.load import load_lab
from torchard.mac import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from torchard.lab.model import Lab, MacHost


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


def measure(macs: int, rounds: int) -> None:
    """Bring so many Macs up to date, then measure each way in turn."""
    with scratch() as directory:
        depot = build_depot(directory / "depot").root
        with SimLab(directory / "lab", macs, depot) as lab:
            # What is measured is the way to the Macs, so their environment is small.
            text = lab.lab_file.read_text(encoding="utf-8")
            head, _, rest = text.partition("environments:\n")
            rest = rest[rest.index("groups:\n") :].replace("[torch]", "[tools]")
            small = '  tools: {python: "3.12", pytorch: false, conda: [rhash]}\n'
            lab.lab_file.write_text(f"{head}environments:\n{small}{rest}", encoding="utf-8")
            print(f"bringing {macs} simulated Macs up to date", file=sys.stderr)
            apply = [*TORCHARD, "apply", str(lab.lab_file), "--yes", "--json"]
            subprocess.run(apply, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            described = load_lab(lab.lab_file)
            plan = [*TORCHARD, "plan", str(lab.lab_file), "--json"]
            ways = {
                "plain ssh": plain_ssh(described),
                "torchard plan": lambda: timed([plan]),
                "torchard apply": lambda: timed([apply]),
            }
            other = ansible(described, directory)
            if other is not None:
                ways["ansible -m raw"] = other
            figures = take_turns(ways, rounds)
    title = f"{macs} simulated Macs that are up to date, {rounds} rounds; medians"
    print_table(title, compare(figures, "plain ssh"), "plain ssh")
    both = {name: figures[name] for name in ("torchard plan", "torchard apply")}
    print_table(f"{macs} Macs, apply against plan", compare(both, "torchard plan"), "plan")


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--macs", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--rounds", type=int, default=7)
    wanted = parser.parse_args()
    for macs in wanted.macs:
        measure(macs, wanted.rounds)


if __name__ == "__main__":
    main()
