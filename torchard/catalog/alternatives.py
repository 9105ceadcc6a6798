"""Why does nothing fit, and what would? The sentences of a refused request. Pure.

The ways out are tried, not written down: one thing of the request is changed at a time, and only
changes that lead to an answer are named, each with the release it leads to.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.catalog.fit import best, dotted, mps_is_for, obstacles, place, short
from torchard.catalog.variant import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torchard.catalog.fit import Query
    from torchard.catalog.rows import Catalogue, Lane

Change = tuple[str, "Query"]
"""A change as the lab file or a sentence says it, and what is asked then."""


def refuse(ask: Query, catalogue: Catalogue) -> Refusal:
    """Return the refusal of something for which the catalogue has no answer."""
    return Refusal(_reason(ask, catalogue), _instead(ask, catalogue))


def no_nightly(ask: Query, lane: Lane, catalogue: Catalogue) -> Refusal:
    """Refuse a nightly build from a lane that has none; `ask` is the same of the nightly wheels."""
    stable = replace(ask, lane=lane)
    if best(ask, catalogue):
        instead = "`source: wheels` beside `release: nightly`, or leave `source` out"
    elif best(stable, catalogue):
        (instead,) = _first([("`release: stable`", stable)], catalogue)
    else:
        instead = f"`release: stable` and {_several_changes(stable, catalogue)}"
    return Refusal(
        f"There are no nightly builds of PyTorch in {lane.source}, only as wheels.",
        f"Write {instead}.",
    )


def safer(ask: Query, catalogue: Catalogue) -> str:
    """Say what to write, or to do, for a release that no advisory is about; empty where none is.

    As for a refusal, one thing of the request is changed at a time.
    """
    stable = [] if ask.release is None else [("`release: stable`", replace(ask, release=None))]
    axes = (stable, *(axis(ask, catalogue) for axis in (_pythons, _backends, _sources)))
    systems = ((f"bring the Mac to {text}", one) for text, one in _newer_systems(ask, catalogue))
    changes = [found for axis in axes for found in _first(axis, catalogue, sound=True)]
    write = [f"write {', or '.join(changes)}"] if changes else []
    return ", or ".join([*write, *_first(systems, catalogue, sound=True)])


def lacks_mps(ask: Query, catalogue: Catalogue) -> str:
    """Say, without a full stop, why this Mac is not offered MPS."""
    if not mps_is_for(ask, catalogue):
        return f"PyTorch's MPS is not for {ask.platform.name} Macs"
    return (
        f"PyTorch's MPS needs macOS {short(catalogue.mps.macos)} or newer, and this Mac has macOS"
        f" {short(ask.macos)}"
    )


def known_releases(lane: Lane) -> str:
    """Return the range of releases that the catalogue knows from one source."""
    return f"{lane.releases[-1]} to {lane.releases[0]}"


def _reason(ask: Query, catalogue: Catalogue) -> str:
    if ask.release is not None:
        return _why_not_this(ask, ask.release, catalogue)
    modest = replace(ask, backend="cpu")
    sentences = [] if ask.offered or not ask.mps else [f"{lacks_mps(ask, catalogue)}."]
    if not best(modest, catalogue):
        sentences.append(_why_none(modest, catalogue))
    elif ask.offered:
        sentences.append(
            f"No {_release(ask)} has both MPS for macOS {short(ask.macos)} and {ask.lane.build}s"
            f" for python {dotted(ask.python)}."
        )
    return " ".join(sentences)


def _release(ask: Query) -> str:
    """Name what was looked through."""
    where = "" if ask.lane.channel is None else f" in {ask.lane.source}"
    return f"{'build' if ask.lane.index else 'release'} of PyTorch{where}"


def _why_none(ask: Query, catalogue: Catalogue) -> str:
    pythons = ask.lane.pythons(ask.platform.arch)
    if not pythons:
        return f"No {_release(ask)} has a {ask.lane.build} for {ask.platform.name} Macs."
    if ask.python not in pythons:
        return (
            f"No {_release(ask)} has a {ask.lane.build} for python {dotted(ask.python)} on"
            f" {ask.platform.name} Macs, only for {dotted(pythons[0])} to {dotted(pythons[-1])}."
        )
    if best(ask.bare, catalogue):
        return (
            f"No release of {' or '.join(_missing(ask, catalogue))} has a {ask.lane.build} for"
            f" {place(ask)} beside a torch that has one."
        )
    return f"No {_release(ask)} has a {ask.lane.build} for {place(ask)}."


def _why_not_this(ask: Query, version: Version, catalogue: Catalogue) -> str:
    for release in ask.lane.releases:
        if release.version == version:
            clauses = ", and ".join(obstacles(release, ask, catalogue))
            return f"PyTorch {version} does not fit {place(ask)}: {clauses}."
    known = f"only {known_releases(ask.lane)}"
    where = "" if ask.lane.channel is None else f" in {ask.lane.source}"
    return f"The catalogue knows no PyTorch {version}{where}, {known}."


def _missing(ask: Query, catalogue: Catalogue) -> Iterable[str]:
    """Return the companions that have no wheel whatever else is left out, or all of them."""
    alone = {name: replace(ask.bare, named=(name,)) for name in ask.companions}
    return [name for name, one in alone.items() if not best(one, catalogue)] or ask.companions


def _instead(ask: Query, catalogue: Catalogue) -> str:
    axes = (_releases, _pythons, _fewer_companions, _backends, _sources)
    changes = [found for axis in axes for found in _first(axis(ask, catalogue), catalogue)]
    write = f"Write {', or '.join(changes) or _several_changes(ask, catalogue)}"
    for system in _first(_newer_systems(ask, catalogue), catalogue):
        return f"{write}; or bring the Mac to {system}."
    return f"{write}."


def _several_changes(ask: Query, catalogue: Catalogue) -> str:
    """Say what to write where no single change is enough.

    The most modest request is tried, then one more change to it. Every Mac that has a class has
    wheels for some python.
    """
    nightly = ask.lane.index is not None
    lane = catalogue.lanes["wheels"] if nightly else ask.lane
    modest = replace(ask, lane=lane, release=None, backend="cpu")
    changes = [
        *(["`release: stable`"] if nightly or ask.release is not None else []),
        *(["`backend: cpu`"] if ask.mps else []),
    ]
    text = " and ".join(changes)
    begun = f"{text} and " if text else ""
    both = (
        (f"{source} and {python}", there)
        for source, other in _sources(modest, catalogue)
        for python, there in _pythons(other, catalogue)
    )
    axes = (_pythons(modest, catalogue), _sources(modest, catalogue), both)
    more = ((f"{begun}{one}", there) for axis in axes for one, there in axis)
    start = [(text, modest)] if text else []
    return next(_first((*start, *more), catalogue))


def _first(
    changes: Iterable[Change], catalogue: Catalogue, *, sound: bool = False
) -> Iterator[str]:
    """Yield the first of several changes that leads to an answer, if one does.

    With `sound`, to one that no advisory is about.
    """
    for text, ask in changes:
        found = best(ask, catalogue)
        if found and not (sound and catalogue.advisories_on(found.version)):
            yield text if found.version == ask.release else f"{text} (torch {found})"
            return


def _releases(ask: Query, catalogue: Catalogue) -> Iterator[Change]:
    """Older releases, the newest first; then newer ones, the oldest first; for nightly: stable."""
    if ask.lane.index is not None:
        yield "`release: stable`", replace(ask, lane=catalogue.lanes["wheels"])
    if ask.release is None:
        return
    known = [one.version for one in ask.lane.releases if one.version is not None]
    older = [one for one in known if one < ask.release]
    newer = [one for one in reversed(known) if one > ask.release]
    for version in (*older, *newer):
        yield f'`release: "{version}"`', replace(ask, release=version)


def _pythons(ask: Query, _catalogue: Catalogue) -> Iterator[Change]:
    """Pythons, the nearest first."""
    for python in sorted(
        ask.lane.pythons(ask.platform.arch),
        key=lambda one: (abs(one[1] - ask.python[1]), one),
    ):
        yield f'`python: "{dotted(python)}"`', replace(ask, python=python)


def _fewer_companions(ask: Query, _catalogue: Catalogue) -> Iterator[Change]:
    """Companions, as many as can be."""
    for count in reversed(range(len(ask.companions))):
        for names in combinations(ask.companions, count):
            yield f"`with: [{', '.join(names)}]`", replace(ask, named=names)


def _backends(ask: Query, _catalogue: Catalogue) -> Iterator[Change]:
    if ask.mps:
        yield "`backend: cpu`", replace(ask, backend="cpu")


def _sources(ask: Query, catalogue: Catalogue) -> Iterator[Change]:
    """Other sources that still have new releases, the wheels first; none for a nightly build."""
    if ask.lane.index is None:
        for source in ("wheels", "conda-forge"):
            if source != ask.lane.source:
                yield f"`source: {source}`", replace(ask, lane=catalogue.lanes[source])


def _newer_systems(ask: Query, catalogue: Catalogue) -> Iterator[Change]:
    for text in catalogue.thresholds(ask.platform.arch):
        macos = Version(text)
        if macos > ask.macos:
            yield f"macOS {short(macos)}", replace(ask, macos=macos)
