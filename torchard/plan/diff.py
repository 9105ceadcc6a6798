"""Two environments, or an environment and its lock, package by package. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from torchard.json_schema import Count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchard.lock.lockfile import CondaPackage, Lock, Wheel
    from torchard.mac.state import InstalledConda, InstalledDist, InstalledEnvironment

Change = Literal["add", "update", "remove"]
Source = Literal["conda", "wheel"]


@dataclass(frozen=True)
class Package:
    """One package of an environment, as far as it is compared.

    `version` lists all versions of a distribution that is installed more than once. `build` and
    `sha256` are of a conda package. `dists` are the Python distributions that a conda package
    brings along, as (name, version): conda installs and removes them with it.
    """

    version: str
    build: str = ""
    sha256: str | None = None
    dists: tuple[tuple[str, str], ...] = ()


OTHER_FILE = "the same version, but another file"
Contents = Mapping[tuple[Source, str], Package]


class PackageChange(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"before": "from", "after": "to"},
):
    """One package that is added, updated or removed, by the name that its source gives it.

    `from` and `to` are versions, null where there is none. Several versions are separated by
    commas, and VERSION=BUILD is written where only the build differs. `source` is a conda channel,
    `wheel` or `installer`, or `conda` if only the Mac has the package. `bytes` is how much of its
    artefact the Mac lacks, 0 if unknown. `sha256` is the artefact's. `note` is a remark for people.
    """

    change: Change
    name: str
    before: str | None
    after: str | None
    source: str
    bytes: Count = 0
    sha256: str | None = None
    note: str = ""


def diff(before: Contents, after: Contents) -> tuple[tuple[PackageChange, ...], int]:
    """Return what changes from one environment to another, and how many packages stay.

    Each package of `after` either stays or is one change; others of `before` are removed. conda's
    packages come first, as `after` lists them, then wheels.
    """
    keys = sorted({**after, **before}, key=_rank)
    found = (_compare_package(*key, before.get(key), after.get(key)) for key in keys)
    changes = tuple(one for one in found if one is not None)
    return changes, len(after) - sum(one.change != "remove" for one in changes)


def _rank(key: tuple[Source, str]) -> tuple[int, str]:
    """Put torch and its companions first among the wheels, and leave conda's packages in order."""
    source, name = key
    if source == "conda":
        return -1, ""
    return {"torch": 0, "torchvision": 1, "torchaudio": 2}.get(name, 3), name


def _compare_package(
    source: Source, name: str, old: Package | None, new: Package | None
) -> PackageChange | None:
    if old == new:
        return None
    if old is None or new is None:
        was, will = old.version if old else None, new.version if new else None
        return PackageChange("remove" if new is None else "add", name, was, will, source)
    before: str | None = old.version
    after: str | None = new.version
    note = ""
    if is_same_version(old.version, new.version):
        altered = _find_altered_dist(dict(old.dists), dict(new.dists))
        if old.build != new.build or (altered is None and old.sha256 != new.sha256):
            before, after = f"{old.version}={old.build}", f"{new.version}={new.build}"
            note = "the same build, but another archive" if old.build == new.build else ""
        elif altered is None:
            return None
        else:
            before, after = altered
            note = "altered by hand" if before else "removed by hand"
    return PackageChange("update", name, before, after, source, note=note)


def _find_altered_dist(
    old: Mapping[str, str], new: Mapping[str, str]
) -> tuple[str | None, str | None] | None:
    """Return the versions of the first distribution that is not as conda installed it."""
    for name in {**new, **old}:
        if not is_same_version(old.get(name, ""), new.get(name, "")):
            return old.get(name), new.get(name)
    return None


def list_locked(lock: Lock) -> Contents:
    """Return the packages that a lock puts into an environment."""
    found: dict[tuple[Source, str], Package] = {}
    for one in lock.conda:
        dists = tuple((canonicalize_name(name), version) for name, version in one.provides)
        found["conda", one.name] = Package(one.version, one.build, one.sha256, dists)
    for wheel in lock.wheels:
        found["wheel", wheel.name] = Package(wheel.version)
    return found


def list_installed(
    conda: Iterable[InstalledConda], dists: Iterable[InstalledDist], lock: Lock | None = None
) -> Contents:
    """Return the packages that are, or were, in an environment, by conda's records and dist-infos.

    A `lock` says which distributions its conda packages bring along. Any other conda package
    brings the one of its own name, if that is there.
    """
    versions: dict[str, list[str]] = {}
    for dist in sorted(dists, key=lambda one: (one.name, one.version)):
        versions.setdefault(canonicalize_name(dist.name), []).append(dist.version)
    texts = {name: ", ".join(some) for name, some in versions.items()}
    provided = {one.name: dict(one.provides) for one in lock.conda} if lock else {}
    found: dict[tuple[Source, str], Package] = {}
    for one in sorted(conda, key=lambda one: (one.name, one.version)):
        names = [canonicalize_name(name) for name in provided.get(one.name, ())]
        if one.name not in provided:
            # conda-forge calls torch pytorch. In what a lock replaces, another version is a wheel.
            own = canonicalize_name("torch" if one.name == "pytorch" else one.name)
            names = (
                [own] if lock is None or is_same_version(texts.get(own, ""), one.version) else []
            )
        own_dists = tuple((name, texts.pop(name)) for name in names if name in texts)
        found["conda", one.name] = Package(one.version, one.build, one.sha256, own_dists)
    for name, version in texts.items():
        found["wheel", name] = Package(version)
    return found


def list_names(contents: Contents) -> frozenset[str]:
    """Return the normalized names of all packages, and of the distributions that conda brings."""
    names = {name for _, name in contents}
    brought = {name for package in contents.values() for name, _ in package.dists}
    return frozenset(map(canonicalize_name, names | brought))


def compare(
    lock: Lock, before: InstalledEnvironment | None, depot: Mapping[str, int]
) -> tuple[tuple[PackageChange, ...], int]:
    """Return what changes in an environment to become its lock, and how many packages stay.

    `depot` has the bytes of each artefact that is on the Mac already, by sha256: fetching those
    costs nothing.
    """
    found = list_installed(before.conda, before.dists, lock) if before else {}
    changes, kept = diff(found, list_locked(lock))
    if not changes:
        return (), kept
    artefacts: dict[tuple[str, str], CondaPackage | Wheel] = {
        **{("conda", one.name): one for one in lock.conda},
        **{("wheel", one.name): one for one in lock.wheels},
    }
    notes = _notes(lock)
    unasked = _unasked(lock, before)

    def complete(change: PackageChange) -> PackageChange:
        if change.change == "remove":
            return msgspec.structs.replace(change, note=unasked)
        artefact = artefacts[change.source, change.name]
        return msgspec.structs.replace(
            change,
            source=getattr(artefact, "channel", change.source),
            bytes=0 if depot.get(artefact.sha256) == artefact.size else artefact.size,
            sha256=artefact.sha256,
            note=change.note or notes.get(change.name, ""),
        )

    return tuple(map(complete, changes)), kept


def compare_locks(before: Lock, after: Lock) -> tuple[PackageChange, ...]:
    """Return which packages moved from one lock of an environment to the next."""
    changes = diff(list_locked(before), list_locked(after))[0]
    changed = {(one.source, one.name) for one in changes}
    channels = {one.name: one.channel for lock in (before, after) for one in lock.conda}
    files = {one.name: one.sha256 for one in before.wheels}
    others = (
        PackageChange("update", one.name, one.version, one.version, "wheel", note=OTHER_FILE)
        for one in after.wheels
        if ("wheel", one.name) not in changed and files.get(one.name) != one.sha256
    )
    named = (
        msgspec.structs.replace(one, source=channels[one.name]) if one.source == "conda" else one
        for one in changes
    )
    return (*named, *others)


def _unasked(lock: Lock, before: InstalledEnvironment | None) -> str:
    """Say why a package is removed: if this very lock built the environment, a person added it."""
    built = before is not None and before.lock_digest == lock.digest
    return "not in the lock; installed by hand" if built else "not in the lock"


def _notes(lock: Lock) -> dict[str, str]:
    """Return what to say of single packages, by name."""
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


def without_sizes(packages: Iterable[PackageChange]) -> tuple[PackageChange, ...]:
    """Return package changes for which nothing must be fetched."""
    return tuple(msgspec.structs.replace(one, bytes=0) for one in packages)


def is_same_version(one: str, other: str) -> bool:
    """Tell whether two versions are equal by PEP 440, or as text if one does not follow it."""
    if one == other:
        return True
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False
