"""A lock: every artefact of one environment for one Mac class. Pure.

A lock holds no address of a package registry. A conda package is identified by channel, subdir and
file name, a wheel by its file name and sha256. Torchard forms addresses when it fetches. Only a
channel or an index that the lab itself names by a URL is in the lock by that URL.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.lab.channels import condarc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torchard.catalog.mac_class import MacClass
    from torchard.catalog.variant import Variant


class LockError(TorchardError):
    """An environment cannot be locked for a Mac class."""


class UnreadChannelError(LockError):
    """No channel gives an answer. `message` says why."""


class LockFileError(TorchardError):
    """A lock file cannot be read or written, or is not a lock of this format."""


@dataclass(frozen=True)
class CondaPackage:
    """A conda package. `size` in bytes; `provides` its Python distributions as (name, version).

    `channel` is the name or URL as the lab writes it, never a mirror's.
    """

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    file: str
    sha256: str
    size: int
    provides: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Wheel:
    """A wheel. `name` is normalised (PEP 503); `size` in bytes.

    `note` says, after the name and the version, what is worth knowing about this choice. Most
    wheels have none. `index` is the URL of the lab's further index that the wheel comes from, empty
    if it comes from the usual one.
    """

    name: str
    version: str
    file: str
    sha256: str
    size: int
    note: str = ""
    index: str = ""


@dataclass(frozen=True)
class LibraryCheck:
    """What Torchard found in the libraries of a wheel when the lock was made.

    `name` and `sha256` are the wheel's. `macos` is the oldest macOS on which its libraries load,
    None if it has none or they cannot be read. `torch` is the sha256 of the wheel or conda package
    of the torch that has the `symbols` that they import from PyTorch, None if they import none or
    nothing was compared. `note` says, after the name and the version, what is worth knowing; mostly
    it is empty.
    """

    name: str
    sha256: str
    macos: str | None = None
    torch: str | None = None
    symbols: int = 0
    note: str = ""


@dataclass(frozen=True)
class Lock:
    """One environment, solved for one Mac class.

    `inputs` is the digest of the question that this lock answers (`Question.digest`). If the lab
    asks a question with another digest, the lock is out of date. `conda_specs` and `pip_specs` are
    what the lab asks for. Each package in `conda` comes after its dependencies. `libraries` are the
    checks of wheels that are not for every system. `indexes` has the URL of each package's further
    index (`Question.package_indexes`), whether or not the package is in the lock.
    """

    environment: str
    mac_class: MacClass
    inputs: str
    python: str
    variant: Variant | None
    conda_specs: tuple[str, ...]
    pip_specs: tuple[str, ...]
    channels: tuple[str, ...]
    conda: tuple[CondaPackage, ...]
    wheels: tuple[Wheel, ...] = field(default=())
    libraries: tuple[LibraryCheck, ...] = field(default=())
    indexes: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The size of all artefacts in bytes."""
        return sum(one.size for one in self.conda) + sum(one.size for one in self.wheels)

    @property
    def condarc(self) -> str:
        """The text of the environment's own .condarc."""
        return condarc(self.channels)

    @property
    def digest(self) -> str:
        """The sha256 (64 hex) of what a Mac gets and must verify; it names a generation.

        The reason for a variant and the rest of the lab can change without a new build.
        """
        variant = self.variant
        built = {
            "environment": self.environment,
            "class": str(self.mac_class),
            "specs": list(self.conda_specs),
            "condarc": self.condarc,
            "conda": [conda_row(one) for one in self.conda],
            "wheels": [built_row(one) for one in self.wheels],
            "torch": None if variant is None else [dict(variant.packages), variant.mps_expected],
        }
        text = json.dumps(built, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def conda_row(package: CondaPackage) -> dict[str, Any]:
    """Return a conda package as the JSON object that a lock file has for it."""
    return {**vars(package), "provides": dict(package.provides)}


def wheel_row(wheel: Wheel) -> dict[str, Any]:
    """Return a wheel as the JSON object that a lock file has for it."""
    return {key: value for key, value in vars(wheel).items() if value != ""}


def built_row(wheel: Wheel) -> dict[str, Any]:
    """Return what of a wheel decides what a Mac gets."""
    return {key: vars(wheel)[key] for key in ("name", "version", "file", "sha256", "size")}


def lock_path(lab: Path, environment: str, mac_class: MacClass) -> Path:
    """Return the path of a lock file: below the folder `locks` beside the lab file."""
    return lab.parent / "locks" / lab.stem / f"{environment}.{mac_class}.json"
