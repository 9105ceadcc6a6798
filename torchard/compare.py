"""An environment against its lock, package by package. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.lock.lockfile import CondaPackage, Lock, Wheel
    from torchard.mac import InstalledEnvironment

Change = Literal["add", "change", "remove"]


@dataclass(frozen=True)
class PackageChange:
    """One package that comes, goes or changes; `bytes` is the size of what must be fetched.

    `source` is the conda channel, or `wheel`; `note` is a remark for people.
    """

    change: Change
    name: str
    before: str | None
    after: str | None
    source: str
    bytes: int = 0
    sha256: str | None = None
    note: str = ""


def compare(
    lock: Lock, before: InstalledEnvironment | None, depot: Mapping[str, int]
) -> tuple[tuple[PackageChange, ...], int]:
    """Compare an environment with its lock: the changes, and how many packages stay.

    `depot` holds what already lies on the Mac, by sha256: that costs no bytes.
    """
    changes: list[PackageChange] = []
    kept = 0
    conda = {package.name: package for package in before.conda} if before else {}
    for package in lock.conda:
        old = conda.pop(package.name, None)
        same = old is not None and (old.version, old.build) == (package.version, package.build)
        if same and old is not None and old.sha256 in {None, package.sha256}:
            kept += 1
            continue
        changes.append(
            PackageChange(
                "change" if old else "add",
                package.name,
                _told(old.version, old.build, package.version) if old else None,
                _told(package.version, package.build, old.version if old else None),
                package.channel,
                _to_push(package, depot),
                package.sha256,
            )
        )
    changes += [
        PackageChange("remove", old.name, old.version, None, "conda", note=_BY_HAND)
        for old in conda.values()
    ]
    wheels, wheels_kept = _compare_wheels(lock, before, depot)
    # torch and its companions first among the wheels, as in a person's question.
    order = {"torch": 0, "torchvision": 1, "torchaudio": 2}
    wheels.sort(key=lambda one: (order.get(one.name, 3), one.name))
    return (*changes, *wheels), kept + wheels_kept


_BY_HAND = "not in the lock; installed by hand"


def _compare_wheels(
    lock: Lock, before: InstalledEnvironment | None, depot: Mapping[str, int]
) -> tuple[list[PackageChange], int]:
    provided = {name: version for one in lock.conda for name, version in one.provides}
    found: dict[str, list[str]] = {}
    for dist in before.dists if before else ():
        found.setdefault(canonicalize_name(dist.name), []).append(dist.version)
    changes: list[PackageChange] = []
    kept = 0
    mps = lock.variant is not None and lock.variant.mps_expected
    for wheel in lock.wheels:
        versions = found.pop(wheel.name, [])
        if len(versions) == 1 and same_version(versions[0], wheel.version):
            kept += 1
            continue
        old = ", ".join(versions) or None
        changes.append(
            PackageChange(
                "change" if versions else "add",
                wheel.name,
                old,
                wheel.version,
                "wheel",
                _to_push(wheel, depot),
                wheel.sha256,
                "MPS expected" if wheel.name == "torch" and mps else "",
            )
        )
    for name, version in provided.items() if before else ():
        versions = found.pop(name, [])
        if not (len(versions) == 1 and same_version(versions[0], version)):
            note = "conda's own; altered by hand"
            old = ", ".join(versions) or None
            changes.append(PackageChange("change", name, old, version, "conda", note=note))
    for name, versions in found.items():
        note = _BY_HAND if name not in provided else ""
        changes.append(PackageChange("remove", name, ", ".join(versions), None, "wheel", note=note))
    return changes, kept


def _to_push(artefact: CondaPackage | Wheel, depot: Mapping[str, int]) -> int:
    """Return how many bytes of an artefact are not on the Mac yet."""
    return 0 if depot.get(artefact.sha256) == artefact.size else artefact.size


def _told(version: str, build: str, other: str | None) -> str:
    """Show the build only where the versions are equal and it is what differs."""
    return f"{version}={build}" if version == other else version


def same_version(one: str, other: str) -> bool:
    """Tell whether two versions are equal as PEP 440 has it, or else as text."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
