"""A lab whose wheels are real, and whose Macs are simulated or not there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from torchard.lock.codec import parse_lock

if TYPE_CHECKING:
    from simlab.lab import SimLab
    from torchard.lock.lockfile import Lock

# Those that something is installed on, and those that only the lab file knows.
SIMULATED = {"studio-15": ("arm64", "15.1"), "studio-13": ("arm64", "13.6")}
DESCRIBED = {
    "studio-14": ("arm64", "14.7"),
    "studio-12": ("arm64", "12.3.1"),
    "library-12": ("x86_64", "12.7"),
}


class WheelLab:
    """A lab whose `torch` environment asks for nothing beyond python, pip and PyTorch.

    No Mac answers before `open` is called: what is locked until then is locked without them.
    """

    def __init__(self, simulated: SimLab) -> None:
        self.simulated = simulated
        self.file = simulated.directory / "wheels.yaml"
        document = yaml.safe_load(simulated.lab_file.read_text(encoding="utf-8"))
        document["environments"] = {"torch": {"python": "3.12"}}
        # Without a mirror of theirs, wheels come from the index of this machine.
        del document["groups"]["simulated"]["mirrors"]["wheels"]
        for number, (name, (arch, macos)) in enumerate(DESCRIBED.items(), 1):
            # 192.0.2.0/24 is nobody's (RFC 5737).
            document["macs"][name] = {
                "address": f"192.0.2.{number}",
                "arch": arch,
                "macos": macos,
                "groups": ["simulated"],
            }
        self.file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def open(self) -> None:
        """Let the simulated Macs answer from here on."""
        for mac in self.simulated.macs.values():
            mac.set(fault=None)

    def locks(self) -> dict[str, Lock]:
        """Return what `torchard lock` wrote, by Mac class."""
        paths = (self.file.parent / "locks" / self.file.stem).iterdir()
        locks = [parse_lock(path.read_bytes(), str(path)) for path in paths]
        return {str(lock.mac_class): lock for lock in locks}
