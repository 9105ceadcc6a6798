"""Why does no release fit, and which request would get one? The sentences of a refusal. Pure.

Each alternative was tried: one part of the request is changed at a time, and only changes that get
a release are named, with that release.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.catalog.fit import (
    describe_place,
    find_best_release,
    find_fewest_obstacles,
    find_obstacles,
    format_macos,
    format_python,
    is_offered_mps,
)
from torchard.catalog.variant import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torchard.catalog.fit import Query
    from torchard.catalog.rows import Catalogue, PackageSource

Change = tuple[str, "Query"]
"""A change as it is written in the lab file or a sentence, and the changed query."""


def refuse_request(query: Query, catalogue: Catalogue) -> Refusal:
    """Return the refusal of a query for which no release fits."""
    return Refusal(_explain_reason(query, catalogue), _suggest_changes(query, catalogue))


def refuse_nightly(query: Query, source: PackageSource, catalogue: Catalogue) -> Refusal:
    """Refuse a nightly build from a source that has none. `query` asks for the nightly wheels."""
    stable = replace(query, source=source)
    if find_best_release(query, catalogue):
        instead = "`source: wheels`, or leave `source` out"
    elif find_best_release(stable, catalogue):
        (instead,) = _first_that_fits([("`release: stable`", stable)], catalogue)
    else:
        instead = f"`release: stable` and {_suggest_several_changes(stable, catalogue)}"
    return Refusal(
        f"There are no nightly builds of PyTorch in {source.name}, only as wheels.",
        f"Write {instead}.",
    )


def suggest_safe_change(query: Query, catalogue: Catalogue) -> str:
    """Return what to write, or to do, for a release without known vulnerabilities.

    As for a refusal, one part of the request is changed at a time. If that is not enough, another
    source without some companions is tried. Empty if no change is enough.
    """
    stable = [] if query.release is None else [("`release: stable`", replace(query, release=None))]
    changed = (axis(query, catalogue) for axis in (_change_python, _change_backend, _change_source))
    systems = ((f"update the Mac to {text}", one) for text, one in _update_macos(query, catalogue))
    changes = [
        found
        for axis in (stable, *changed)
        for found in _first_that_fits(axis, catalogue, safe=True)
    ] or list(
        _first_that_fits(_change_source_and_companions(query, catalogue), catalogue, safe=True)
    )
    write = [f"write {', or '.join(changes)}"] if changes else []
    return ", or ".join([*write, *_first_that_fits(systems, catalogue, safe=True)])


def explain_missing_mps(query: Query, catalogue: Catalogue) -> str:
    """Return a sentence, without its full stop, on why this Mac is not offered MPS."""
    if not is_offered_mps(query, catalogue):
        return f"PyTorch's MPS is not for {query.platform.name} Macs"
    if query.is_mps_offered:
        return f"PyTorch {query.release} has no MPS"
    return (
        f"PyTorch's MPS needs macOS {format_macos(catalogue.mps.macos)} or newer, and this Mac has"
        f" macOS {format_macos(query.macos)}"
    )


def format_known_releases(source: PackageSource) -> str:
    """Return the range of releases that the catalogue knows from one source."""
    return f"{source.releases[-1]} to {source.releases[0]}"


def _explain_reason(query: Query, catalogue: Catalogue) -> str:
    if query.release is not None:
        return _explain_named(query, query.release, catalogue)
    minimal = replace(query, backend="cpu")
    sentences = (
        []
        if query.is_mps_offered or not query.is_mps_required
        else [f"{explain_missing_mps(query, catalogue)}."]
    )
    if not find_best_release(minimal, catalogue):
        sentences.append(_explain_none(minimal, catalogue))
    elif query.is_mps_offered:
        sentences.append(
            f"No {_name_searched(query)} has both MPS for macOS {format_macos(query.macos)} and"
            f" {query.source.build}s for python {format_python(query.python)}."
        )
    return " ".join(sentences)


def _name_searched(query: Query) -> str:
    """Return what was searched, as a noun in the singular."""
    where = "" if query.source.channel is None else f" in {query.source.name}"
    return f"{'build' if query.source.index else 'release'} of PyTorch{where}"


def _explain_none(query: Query, catalogue: Catalogue) -> str:
    pythons = query.source.pythons(query.platform.arch)
    nothing = f"No {_name_searched(query)} has a {query.source.build} for"
    if not pythons:
        return f"{nothing} {query.platform.name} Macs."
    if query.python not in pythons:
        return (
            f"{nothing} python {format_python(query.python)} on {query.platform.name} Macs, only"
            f" for {format_python(pythons[0])} to {format_python(pythons[-1])}."
        )
    if find_best_release(query.bare, catalogue):
        missing = " or ".join(_find_missing_companions(query, catalogue))
        return (
            f"No release of {missing} has a {query.source.build} for {describe_place(query)} beside"
            " a torch that has one."
        )
    return f"{nothing} {describe_place(query)}."


def _explain_named(query: Query, version: Version, catalogue: Catalogue) -> str:
    """Say why a release does not fit, or the newest of a series, with the companions nearest."""
    if query.candidates:
        newest = query.candidates[0]
        clauses = find_fewest_obstacles(newest, query, catalogue)
        which = f"{newest}, the newest {version} release," if query.is_series else newest
        return f"PyTorch {which} does not fit {describe_place(query)}: {', and '.join(clauses)}."
    known = f"only {format_known_releases(query.source)}"
    where = "" if query.source.channel is None else f" in {query.source.name}"
    return f"The catalogue has no PyTorch {version}{where}, {known}."


def _find_missing_companions(query: Query, catalogue: Catalogue) -> Iterable[str]:
    """Return the companions that have no wheel even alone with torch, or all of them."""
    alone = {name: replace(query.bare, named=(name,)) for name in query.companions}
    missing = [name for name, one in alone.items() if not find_best_release(one, catalogue)]
    return missing or query.companions


def _suggest_changes(query: Query, catalogue: Catalogue) -> str:
    axes = (_change_release, _change_python, _drop_companions, _change_backend, _change_source)
    changes = [
        found for axis in axes for found in _first_that_fits(axis(query, catalogue), catalogue)
    ]
    write = f"Write {', or '.join(changes) or _suggest_several_changes(query, catalogue)}"
    for system in _first_that_fits(_update_macos(query, catalogue), catalogue):
        return f"{write}; or update the Mac to {system}."
    return f"{write}."


def _suggest_several_changes(query: Query, catalogue: Catalogue) -> str:
    """Return what to write where no single change is enough.

    The minimal request is tried, then one more change to it. Every Mac that has a class has
    wheels for some python.
    """
    nightly = query.source.index is not None
    source = catalogue.sources["wheels"] if nightly else query.source
    minimal = replace(query, source=source, release=None, backend="cpu")
    changes = [
        *(["`release: stable`"] if nightly or query.release is not None else []),
        *(["`backend: cpu`"] if replace(query, release=None).is_mps_required else []),
    ]
    text = " and ".join(changes)
    begun = f"{text} and " if text else ""
    both = (
        (f"{name} and {python}", there)
        for name, other in _change_source(minimal, catalogue)
        for python, there in _change_python(other, catalogue)
    )
    axes = (_change_python(minimal, catalogue), _change_source(minimal, catalogue), both)
    more = ((f"{begun}{one}", there) for axis in axes for one, there in axis)
    start = [(text, minimal)] if text else []
    return next(_first_that_fits((*start, *more), catalogue))


def _first_that_fits(
    changes: Iterable[Change], catalogue: Catalogue, *, safe: bool = False
) -> Iterator[str]:
    """Yield the first of several changes that gets a release, if one does.

    With `safe`, the release must have no known vulnerability.
    """
    for text, query in changes:
        found = find_best_release(query, catalogue)
        if found and not (safe and catalogue.advisories_on(found.version)):
            yield text if found.version == query.release else f"{text} (torch {found})"
            return


def _change_release(query: Query, catalogue: Catalogue) -> Iterator[Change]:
    """Yield older releases that fit, newest first, then newer ones, oldest first.

    For a nightly build, yield the stable release.
    """
    if query.source.index is not None:
        yield "`release: stable`", replace(query, source=catalogue.sources["wheels"])
    asked = query.release
    if asked is None:
        return
    known = query.source.releases
    older = [one for one in known if one.version is not None and one.version < asked]
    newer = [one for one in reversed(known) if one.version is not None and one.version > asked]
    for release in (*older, *newer):
        if not any(find_obstacles(release, query, catalogue)):
            yield f'`release: "{release}"`', replace(query, release=release.version)


def _change_python(query: Query, _catalogue: Catalogue) -> Iterator[Change]:
    """Yield other pythons, the nearest first."""
    for python in sorted(
        query.source.pythons(query.platform.arch),
        key=lambda one: (abs(one[1] - query.python[1]), one),
    ):
        yield f'`python: "{format_python(python)}"`', replace(query, python=python)


def _drop_companions(query: Query, _catalogue: Catalogue) -> Iterator[Change]:
    """Yield smaller sets of companions, the largest first."""
    for count in reversed(range(len(query.companions))):
        for names in combinations(query.companions, count):
            yield f"`with: [{', '.join(names)}]`", replace(query, named=names)


def _change_backend(query: Query, _catalogue: Catalogue) -> Iterator[Change]:
    if query.is_mps_required:
        yield "`backend: cpu`", replace(query, backend="cpu")


def _change_source(query: Query, catalogue: Catalogue) -> Iterator[Change]:
    """Yield other sources that still get new releases, wheels first; none for a nightly build."""
    if query.source.index is None:
        for source in catalogue.sources.values():
            if source != query.source and not source.frozen:
                yield f"`source: {source.name}`", replace(query, source=source)


def _change_source_and_companions(query: Query, catalogue: Catalogue) -> Iterator[Change]:
    begun = "" if query.release is None else "`release: stable` and "
    for source, other in _change_source(replace(query, release=None), catalogue):
        for companions, there in _drop_companions(other, catalogue):
            yield f"{begun}{source} and {companions}", there


def _update_macos(query: Query, catalogue: Catalogue) -> Iterator[Change]:
    for text in catalogue.thresholds(query.platform.arch):
        macos = Version(text)
        if macos > query.macos:
            yield f"macOS {format_macos(macos)}", replace(query, macos=macos)
