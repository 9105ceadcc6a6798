"""A Mac that builds environments from wheels which a test makes. pip is real."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import on_a_mac

from simlab.package import metadata, write_wheel
from torchard.lock.lockfile import Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from simlab.depot import Depot
    from torchard.lock.lockfile import Lock


class Orchard:
    """A Mac with Miniconda, wheels that a test makes, and locks with some of them."""

    def __init__(self, folder: Path, depot: Depot, conda: Lock) -> None:
        """Install Miniconda on a new Mac; `conda` is the lock of an environment without a wheel."""
        self.folder, self.depot, self.conda = folder, depot, conda
        self.mac = on_a_mac.make(folder / "mac")
        self.content: dict[str, bytes] = {}
        assert self.mac.install(depot).returncode == 0

    def make(self, name: str, files: Mapping[str, bytes]) -> Wheel:
        """Make a wheel with these files."""
        file = f"{name}-1.0-py3-none-any.whl"
        path = write_wheel(self.folder, file, files, metadata(name, "1.0"))
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        self.content[sha256] = content
        return Wheel(name, "1.0", file, sha256, len(content))

    def build(self, environment: str, *wheels: Wheel) -> Path:
        """Build an environment of its own with these wheels; return its generation."""
        lock = self.lock(environment, *wheels)
        done = self.mac.run(self.prepare(lock))
        assert (done.returncode, done.stderr) == (0, "")
        return self.mac.link(lock).readlink()

    def lock(self, environment: str, *wheels: Wheel) -> Lock:
        """Return the lock of an environment with these wheels."""
        return dataclasses.replace(self.conda, environment=environment, wheels=wheels)

    def prepare(self, lock: Lock) -> str:
        """Let all arrive that a build needs, and return its script."""
        self.mac.push_all(self.depot, dataclasses.replace(lock, wheels=()))
        for one in lock.wheels:
            self.mac.push(one.sha256, self.content[one.sha256])
        return self.mac.build_script(lock)

    def count_clones(self) -> int:
        """Return how many calls of clonefile succeeded on this Mac so far."""
        path = self.mac.root / "clones"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def read_log(self, generation: Path) -> str:
        """Return the log of a build."""
        (log,) = (self.mac.torchard / "log").glob(f"*-{generation.name}-*.log")
        return log.read_text()
