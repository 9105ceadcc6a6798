"""Verify the catalogue's rows of wheels against the wheel index of this machine.

A row's pythons and macOS must be what the index lists, and what the libraries in the wheels need.
Every set of wheels in the matrix must also
resolve, with its dependencies, on the oldest macOS that gets it.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from torchard.catalog.catalog import PACKAGES
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.curate.matrix import PYTHONS
from torchard.curate.wheel_index import find_oldest_macos, list_wheels
from torchard.curate.wheel_libraries import measure_wheel
from torchard.errors import TorchardError
from torchard.lab.model import Environment, Request
from torchard.lock.question import Question
from torchard.lock.wheels import resolve_wheels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torchard.catalog.rows import Builds, Catalogue, Python, Release
    from torchard.curate.matrix import WheelSet
    from torchard.curate.wheel_index import WheelFile

    Listings = Mapping[str, Sequence[WheelFile]]

# A full version of each python, as conda has it: some requirements depend on the patch release.
_FULL = {
    "3.9": "3.9.25", "3.10": "3.10.20", "3.11": "3.11.15",
    "3.12": "3.12.13", "3.13": "3.13.12", "3.14": "3.14.3", "3.15": "3.15.0",
}  # fmt: skip


class Listed(NamedTuple):
    """The wheels of each project that an index lists, and why it lists the others not."""

    wheels: Listings
    unanswered: tuple[str, ...]


def fetch_listings(index: str) -> Listed:
    """Return the wheels of torch and its companions in an index."""
    found = {}
    unanswered = []
    for name in PACKAGES:
        try:
            found[name] = list_wheels(index, name)
        except TorchardError as error:
            unanswered.append(error.message)
    return Listed(found, tuple(unanswered))


def find_contradictions(
    releases: Iterable[Release], listed: Listings, catalogue: Catalogue
) -> Iterator[str]:
    """Yield a sentence for each difference between a row of wheels and the index.

    A project that is not listed is skipped.
    """
    for release in releases:
        for arch in catalogue.platforms:
            # A companion may have wheels for an arch for which this torch has none.
            for package in PACKAGES if arch in release.builds else ("torch",):
                if package in listed:
                    yield from _compare_row(release, arch, package, listed[package])


def _compare_row(
    release: Release, arch: str, package: str, files: Iterable[WheelFile]
) -> Iterator[str]:
    version = release.packages[package]
    own = [one for one in files if one.version == Version(str(version))]
    found: dict[str, list[str]] = {}
    for python in PYTHONS:
        row = release.find(arch, package, _parse(python))
        said = None if row is None else row.tag
        listed = find_oldest_macos(own, arch, python)
        if said != listed:
            text = f"the catalogue has {_wheel(said)}, the index {_wheel(listed)}"
            found.setdefault(text, []).append(python)
    for text, pythons in found.items():
        beside = "" if package == "torch" else f" (beside torch {release})"
        yield f"{package} {version}{beside}, {arch}, python {', '.join(pythons)}: {text}."


def _parse(python: str) -> Python:
    major, minor = python.split(".")
    return int(major), int(minor)


def _wheel(macos: Version | None) -> str:
    return "no wheel" if macos is None else f"a wheel for macOS {macos}"


def compare_libraries(
    releases: Iterable[Release], listed: Listings, catalogue: Catalogue
) -> Iterator[str | None]:
    """Read one wheel of each row. Yield None, or a sentence on how the row disagrees with it.

    A wheel of torch has some 60 MB.
    """
    rows = {
        (package, str(release.packages[package]), arch, builds.first): builds
        for release in releases
        for arch, packages in release.builds.items()
        for package, several in packages.items()
        for builds in several
    }
    for (package, version, arch, _), builds in rows.items():
        pythons = [one for one in PYTHONS if builds.is_built_for(_parse(one))]
        wheels = [
            one
            for one in listed.get(package, ())
            if one.version == Version(version)
            and any(one.oldest_macos(arch, python) == builds.tag for python in pythons[-1:])
        ]
        if wheels:  # without one, the row contradicts the listing
            yield _compare_libraries(package, wheels[0], arch, builds, catalogue)


def _compare_libraries(
    package: str, wheel: WheelFile, arch: str, builds: Builds, catalogue: Catalogue
) -> str | None:
    found = measure_wheel(package, wheel, arch, builds.tag, catalogue)
    if found.unknown:
        return f"{wheel.name}, {arch}: not known: {'; '.join(found.unknown)}."
    said = _describe_needs(builds.needs, builds.sure, builds.minos)
    read = _describe_needs(found.needs, found.sure, found.minos)
    if said == read:
        return None
    return f"{wheel.name}, {arch}: the catalogue has {said}; its libraries say {read}."


def _describe_needs(
    needs: Version | None, sure: Version | None, minos: Mapping[str, Version]
) -> str:
    built = (f"minos {macos} of {file}" for file, macos in minos.items())
    return ", ".join((f"needs {needs or 'unknown'}", *([f"sure {sure}"] if sure else []), *built))


def resolve_wheel_sets(
    wheel_sets: Sequence[WheelSet], catalogue: Catalogue
) -> Iterator[str | None]:
    """Resolve sets of wheels. Yield None for each, or a sentence on why it does not resolve."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield from pool.map(lambda one: _resolve(one, catalogue), wheel_sets)


def _resolve(wheel_set: WheelSet, catalogue: Catalogue) -> str | None:
    group = MacClass(catalogue.platforms[wheel_set.arch].subdir, wheel_set.macos)
    variant = Variant(
        source="wheels",
        packages=dict(wheel_set.packages),
        python=wheel_set.python,
        mps_expected=False,
        reason="",
        constraints=wheel_set.constraints,
    )
    environment = Environment("torch", wheel_set.python, Request(wheel_set.python))
    try:
        wheels = resolve_wheels(Question(environment, group, variant), _FULL[wheel_set.python], {})
    except TorchardError as error:
        said = " ".join(error.message.split())
        return f"{_describe(wheel_set)} does not resolve: {said}"
    got = {one.name: one.version for one in wheels}
    if all(got.get(name) == version for name, version in wheel_set.packages):
        return None
    return f"{_describe(wheel_set)} resolves to other versions: {got}."


def _describe(wheel_set: WheelSet) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in wheel_set.packages)
    return f"{packages}, {wheel_set.arch}, macOS {wheel_set.macos}, python {wheel_set.python}"
