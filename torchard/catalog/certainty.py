"""How sure is it that a release loads on a Mac, and which older release is safer? Pure.

What a wheel's libraries import is a reading: it can be wrong where the macOS that the libraries
were built for is newer than the Mac's, or where the first macOS with a symbol was inferred.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torchard.catalog.fit import find_best_release, format_macos

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.catalog.fit import Query
    from torchard.catalog.rows import Builds, Catalogue, Release


def is_read_from_imports(release: Release, query: Query) -> bool:
    """Tell whether a release fits only by what its libraries import."""
    return any(query.macos < one.built_for for one in _find_builds(release, query).values())


def find_safer_release(release: Release, query: Query, catalogue: Catalogue) -> Release | None:
    """Return the newest older release whose libraries were built for the Mac's macOS or before.

    None if the release itself is one, or if there is no other.
    """
    if release.version is None or not is_read_from_imports(release, query):
        return None
    found = find_best_release(replace(query, release=None, is_by_minos=True), catalogue)
    older = found is not None and found.version is not None and found.version < release.version
    return found if older else None


def describe_certainty(release: Release, query: Query, catalogue: Catalogue) -> Iterator[str]:
    """Yield sentences on what a choice was read from, and what to write if it is wrong."""
    macos = format_macos(query.macos)
    builds = _find_builds(release, query)
    newer = [
        f"{file} of {name} {release.packages[name]} (for macOS {format_macos(minos)})"
        for name, one in builds.items()
        for file, minos in one.minos.items()
        if query.macos < minos
    ]
    if newer:
        files = " and ".join(newer)
        yield (
            f"Libraries that were built for a newer macOS import only what macOS {macos} has:"
            f" {files}."
        )
    sure = [one.sure for one in builds.values() if one.sure is not None and query.macos < one.sure]
    if sure:
        yield (
            f"That torch {release} loads on macOS {macos} is inferred from what its libraries"
            f" import; it is sure from macOS {format_macos(max(sure))} on."
        )
    safer = find_safer_release(release, query, catalogue)
    if safer is not None:
        yield (
            f'If an import fails on the Mac, write `release: "{safer}"`: its libraries were built'
            f" for macOS {macos} or older."
        )


def _find_builds(release: Release, query: Query) -> dict[str, Builds]:
    """Return the builds that a query gets of a release, by package."""
    found = {name: release.find(query.platform.arch, name, query.python) for name in query.packages}
    return {name: one for name, one in found.items() if one is not None}
