"""An environment against its lock, package by package. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.lock.lockfile import CondaPackage, Lock, Wheel
    from torchard.mac.state import InstalledConda, InstalledEnvironment

Change = Literal["add", "update", "remove"]


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

    Each package of the lock either stays or is one change; the others that are there are removed.
    `depot` holds what already lies on the Mac, by sha256: that costs no bytes.
    """
    # In an order of their own: a file system lists as it likes.
    found = sorted(before.conda, key=lambda one: (one.name, one.version)) if before else []
    conda = {package.name: package for package in found}
    dists: dict[str, list[str]] = {}
    for dist in sorted(before.dists, key=lambda one: (one.name, one.version)) if before else ():
        dists.setdefault(canonicalize_name(dist.name), []).append(dist.version)
    notes = _notes(lock)
    changes: list[PackageChange] = []
    kept = 0
    for package in lock.conda:
        old = conda.pop(package.name, None)
        # What conda put there comes and goes with its package, and is nobody else's change.
        own = (
            [(dists.pop(name, []), version) for name, version in _provided(package)] if old else []
        )
        change = _conda_change(package, old, own, notes.get(package.name, ""), depot)
        if change is None:
            kept += 1
        else:
            changes.append(change)
    unasked = _unasked(lock, before)
    for gone in conda.values():
        changes.append(
            PackageChange("remove", gone.name, gone.version, None, "conda", note=unasked)
        )
        if _is_only(dists.get(canonicalize_name(gone.name), []), gone.version):
            del dists[canonicalize_name(gone.name)]
    wheels: list[PackageChange] = []
    for wheel in lock.wheels:
        versions = dists.pop(wheel.name, [])
        if _is_only(versions, wheel.version):
            kept += 1
            continue
        wheels.append(
            PackageChange(
                "update" if versions else "add",
                wheel.name,
                ", ".join(versions) or None,
                wheel.version,
                "wheel",
                _to_push(wheel, depot),
                wheel.sha256,
                notes.get(wheel.name, ""),
            )
        )
    wheels += [
        PackageChange("remove", name, ", ".join(versions), None, "wheel", note=unasked)
        for name, versions in dists.items()
    ]
    wheels.sort(key=lambda one: _order(one.name))
    return (*changes, *wheels), kept


def _order(name: str) -> tuple[int, str]:
    """Put torch and its companions first among the wheels, as in a person's question."""
    return {"torch": 0, "torchvision": 1, "torchaudio": 2}.get(name, 3), name


def compare_installed(
    shown: InstalledEnvironment | None, other: InstalledEnvironment
) -> tuple[tuple[PackageChange, ...], int]:
    """Compare two environments as their own records tell them: the changes, and how many stay.

    What conda put there comes and goes with its package; `source` is `conda` for those, and
    `wheel` for every other distribution.
    """
    old, new = _recorded(shown) if shown else {}, _recorded(other)
    changes = []
    for source, name in sorted(old.keys() | new.keys(), key=lambda one: (one[0], _order(one[1]))):
        was, will = old.get((source, name)), new.get((source, name))
        if was == will:
            continue
        change: Change = "add" if was is None else "remove" if will is None else "update"
        before, after = was[0] if was else None, will[0] if will else None
        if was and will and before == after:  # the build is all that differs
            before, after = "=".join(was), "=".join(will)
        changes.append(PackageChange(change, name, before, after, source))
    return tuple(changes), len(new) - sum(one.change != "remove" for one in changes)


def _recorded(environment: InstalledEnvironment) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return what is installed, by source and name: version and build, or version alone."""
    found: dict[tuple[str, str], tuple[str, ...]] = {
        ("conda", one.name): (one.version, one.build) for one in environment.conda
    }
    ours = {canonicalize_name(one.name) for one in environment.conda}
    if "pytorch" in ours:  # by which name a channel has it
        ours.add(canonicalize_name("torch"))
    for dist in environment.dists:
        name = canonicalize_name(dist.name)
        if name not in ours:
            found["wheel", str(name)] = (dist.version,)
    return found


def _conda_change(
    package: CondaPackage,
    old: InstalledConda | None,
    own: Iterable[tuple[list[str], str]],
    note: str,
    depot: Mapping[str, int],
) -> PackageChange | None:
    """Compare one conda package, and the distributions of `own`, as (found, wanted), with it."""
    before, after = (old.version if old else None), package.version
    if old is not None and old.version == package.version:
        before, after = f"{old.version}={old.build}", f"{package.version}={package.build}"
        if old.build == package.build:
            spoilt = [found for found, version in own if not _is_only(found, version)]
            if spoilt:
                before, after = ", ".join(spoilt[0]) or None, package.version
                note = "altered by hand" if spoilt[0] else "removed by hand"
            elif old.sha256 == package.sha256:
                return None
            else:
                note = "the same build, but not the archive of the lock"
    return PackageChange(
        "update" if old else "add",
        package.name,
        before,
        after,
        package.channel,
        _to_push(package, depot),
        package.sha256,
        note,
    )


def _provided(package: CondaPackage) -> Iterator[tuple[str, str]]:
    for name, version in package.provides:
        yield canonicalize_name(name), version


def _is_only(versions: list[str], version: str) -> bool:
    return len(versions) == 1 and same_version(versions[0], version)


def _unasked(lock: Lock, before: InstalledEnvironment | None) -> str:
    """Say why a package goes: in what was built from this very lock, somebody put it there."""
    built = before is not None and (before.stamp or {}).get("lock") == lock.digest
    return "not in the lock; installed by hand" if built else "not in the lock"


def _notes(lock: Lock) -> dict[str, str]:
    """Return what is worth saying of single packages, by name."""
    if lock.variant is None:
        return {}
    main, version = next(iter(lock.variant.packages.items()), ("torch", None))
    notes: dict[str, str] = {}
    for constraint in lock.variant.constraints:
        name = re.split(r"[^A-Za-z0-9._-]", constraint, maxsplit=1)[0]
        spaced = re.sub(r" *([<>=!~]+) *", r" \1 ", constraint)
        notes[canonicalize_name(name)] = f"{main} {version or 'nightly'} needs {spaced}"
    if lock.variant.mps_expected:
        notes[main] = "MPS expected"
    return notes


def _to_push(artefact: CondaPackage | Wheel, depot: Mapping[str, int]) -> int:
    """Return how many bytes of an artefact are not on the Mac yet."""
    return 0 if depot.get(artefact.sha256) == artefact.size else artefact.size


def same_version(one: str, other: str) -> bool:
    """Tell whether two versions are equal as PEP 440 has it, or else as text."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
