"""Find companions on the index that are newer than those of the catalogue's rows, and fit.

A companion fits a torch if its metadata admits that torch, and if it has a wheel for one of the
torch's pythons.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from torchard.curate.matrix import PYTHONS
from torchard.curate.wheel_index import find_oldest_macos
from torchard.lab.model import COMPANIONS
from torchard.lock.wheel_metadata import read_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet

    from torchard.catalog.rows import Catalogue, Python, Release
    from torchard.curate.wheel_index import WheelFile

    # The wheels of an arch by version, newest first.
    Offers = Mapping[Version, Sequence[WheelFile]]

_READERS = 8  # metadata files that are fetched at once


def find_newer_companions(
    releases: Iterable[Release], listed: Mapping[str, Sequence[WheelFile]], catalogue: Catalogue
) -> Iterator[str]:
    """Yield a sentence for each newer companion that fits a torch, and for each unclear one.

    A companion that is not listed is skipped. One whose metadata admits every torch is unclear, if
    no row of the catalogue has it.
    """
    rows = [list(group) for _, group in groupby(releases, key=lambda one: one.version)]
    for package in COMPANIONS:
        if package not in listed:
            continue
        known = {Version(str(one.packages[package])) for one in catalogue.releases}
        oldest = min(Version(str(one.packages[package])) for own in rows for one in own)
        for arch in catalogue.platforms:
            offers = _list_offers(listed[package], arch, oldest)
            needs = _read_needs(offers, arch)
            for version, need in needs.items():
                if need is None and version not in known:
                    said = "its metadata does not say which torch it needs"
                    yield f"{package} {version}, {arch}: {said}."
            for own in rows:
                yield from _compare(own, package, arch, offers, needs)


def _list_offers(files: Iterable[WheelFile], arch: str, oldest: Version) -> Offers:
    """Return the releases of a companion that some Mac of the arch accepts, from `oldest` on."""
    found: dict[Version, list[WheelFile]] = {}
    for file in sorted(files, key=lambda one: one.version, reverse=True):
        is_offered = file.version >= oldest and not file.version.is_prerelease
        if is_offered and _is_for(file, arch):
            found.setdefault(file.version, []).append(file)
    return found


def _is_for(file: WheelFile, arch: str) -> bool:
    return any(file.oldest_macos(arch, python) for python in PYTHONS)


def _read_needs(offers: Offers, arch: str) -> dict[Version, SpecifierSet | None]:
    """Return what each release of a companion asks of torch, None where it names no version.

    The metadata of one wheel counts for all of a release and an arch.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        read = pool.map(read_metadata, (own[-1].url for own in offers.values()))
        found: dict[Version, SpecifierSet | None] = {}
        for version, metadata in zip(offers, read, strict=True):
            place = {"platform_machine": arch, "sys_platform": "darwin", "extra": ""}
            found[version] = next(
                (
                    one.specifier
                    for one in metadata.requirements
                    if canonicalize_name(one.name) == "torch"
                    and (one.marker is None or one.marker.evaluate(place))
                    and str(one.specifier)
                ),
                None,
            )
        return found


def _compare(
    rows: Sequence[Release],
    package: str,
    arch: str,
    offers: Offers,
    needs: Mapping[Version, SpecifierSet | None],
) -> Iterator[str]:
    """Yield a sentence for each companion that fits better than the rows of one torch."""
    torch = rows[0].version
    fitting = [
        version
        for version in offers
        if torch is not None
        and (need := needs[version]) is not None
        and need.contains(torch, prereleases=True)
    ]
    found: dict[tuple[Version, Version | None, Version], list[str]] = {}
    for python in PYTHONS:
        for key in _find_newer(rows, package, arch, python, {one: offers[one] for one in fitting}):
            found.setdefault(key, []).append(python)
    for (newer, known, macos), pythons in found.items():
        named = f"the catalogue has {known or 'none'}"
        place = f"{arch}, python {', '.join(pythons)}, from macOS {macos}"
        yield f"{package} {newer} fits torch {torch}, {place}: {named}."


def _find_newer(
    rows: Sequence[Release], package: str, arch: str, python: str, fitting: Offers
) -> Iterator[tuple[Version, Version | None, Version]]:
    """Yield the newest that fits, what the rows have, and the macOS from which that differs."""
    major, minor = map(int, python.split("."))
    parsed: Python = (major, minor)
    torch = rows[0].find(arch, "torch", parsed)
    if torch is None:
        return
    tags = {one: find_oldest_macos(files, arch, python) for one, files in fitting.items()}
    offered = {one: max(tag, torch.tag) for one, tag in tags.items() if tag is not None}
    own = [(Version(str(one.packages[package])), one.find(arch, package, parsed)) for one in rows]
    before = None
    for macos in sorted(set(offered.values())):
        newest = max(one for one, tag in offered.items() if tag <= macos)
        known = max(
            (one for one, builds in own if builds is not None and builds.tag <= macos), default=None
        )
        if (known is None or newest > known) and before != (newest, known):
            before = (newest, known)
            yield newest, known, macos
