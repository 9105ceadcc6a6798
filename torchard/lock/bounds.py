"""Resolve wheels within bounds that no metadata states, or only that of an extra.

uv sees neither: a package that is built against one torch does not always say so, and `torch>=2.6`
in an extra that nobody asked for does not count. Both end in an environment that fails at import.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from torchard.catalog.catalog import PACKAGES
from torchard.catalog.pairings import Bound, find_bounds, find_broken_bounds
from torchard.lock import index
from torchard.lock.question import has_name
from torchard.lock.tags import list_markers
from torchard.lock.ties import resolve_tied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torchard.lock.index import Offer, WheelQuery
    from torchard.lock.question import Question

_ROUNDS = 12  # of uv, in each of which at least one more package is bounded
_STEPS = 60  # releases of one package that are looked at, from the newest down
_READERS = 8  # metadata files that are read at a time
# An extra of another name, such as `audio` or `benchmarks`, says nothing of the rest of a package.
_OWN_EXTRA = re.compile(r"(py)?torch(-?(vision|audio|speech))?")


@dataclass(frozen=True)
class Resolution:
    """The wheels that uv chose, and a note on some packages: why one is not the newest."""

    offers: tuple[Offer, ...]
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Torch:
    """PyTorch's packages in one answer by version, and the values of markers on its Macs."""

    versions: Mapping[str, str]
    markers: Mapping[str, str]


def resolve_within_bounds(query: WheelQuery, question: Question, python: str) -> Resolution:
    """Return uv's answer to a query that keeps all bounds on packages beside this torch.

    A bound of an extra gives way where no answer keeps it. Raise WheelIndexError, whose `bounds`
    are those that uv complains of.
    """
    known = {**query.installed, **{k: v for k, v in question.torch_wheels.items() if v}}
    firm = [one for one in find_bounds(question.pairings, known) if one.package not in known]
    soft: dict[str, Bound] = {}
    free: set[str] = set()
    markers = list_markers(question.mac_class, python)
    for _ in range(_ROUNDS):
        try:
            offers = _resolve(query, [*firm, *soft.values()])
        except index.WheelIndexError as error:
            if soft:  # nobody asked for that extra, so its bound is not worth an error
                free |= {one for one in soft if has_name(error.message, one)} or set(soft)
                soft = {name: one for name, one in soft.items() if name not in free}
                continue
            named = (one for one in firm if has_name(error.message, one.package))
            raise index.WheelIndexError(error.message, bounds=tuple(named)) from error
        chosen = _list_versions(offers)
        versions = {**query.installed, **chosen}
        broken = [
            one
            for one in find_broken_bounds(question.pairings, versions)
            if one not in firm and one.package in chosen
        ]
        firm += broken
        if broken:
            continue
        beside = Torch({one: versions[one] for one in PACKAGES if one in versions}, markers)
        unmet = _find_all_unmet(offers, beside)
        older = {
            name: _find_older(name, chosen[name], unmet[name], beside, query)
            for name in unmet.keys() - free
        }
        more = {name: one for name, one in older.items() if one is not None}
        free |= older.keys() - more.keys()
        if not more:
            held = (one for name, one in soft.items() if name in chosen)
            notes = {one.package: f"is not the newest: {one.reason}" for one in held}
            return Resolution(offers, {**notes, **unmet})
        soft.update(more)
    raise index.WheelIndexError("every answer breaks another bound of a package beside torch")


def _resolve(query: WheelQuery, bounds: Sequence[Bound]) -> tuple[Offer, ...]:
    more = (one.requirement for one in bounds)
    return resolve_tied(replace(query, constraints=(*query.constraints, *more)))


def _list_versions(offers: Sequence[Offer]) -> dict[str, str]:
    return {str(canonicalize_name(one.name)): one.version for one in offers}


def _find_all_unmet(offers: Sequence[Offer], beside: Torch) -> dict[str, str]:
    """Return the packages that ask for another torch in an extra, each with a phrase on it."""
    if not beside.versions:
        return {}
    names = {str(canonicalize_name(one.name)): one for one in reversed(offers)}
    others = {name: one for name, one in names.items() if name not in beside.versions}
    with ThreadPoolExecutor(_READERS) as readers:
        asked = readers.map(lambda one: _find_unmet(one.url, beside), others.values())
    return {name: one for name, one in zip(others, asked, strict=True) if one}


def _find_unmet(url: str, beside: Torch) -> str:
    """Return a phrase on what a wheel asks for of another torch in an extra; empty if nothing.

    Only lower bounds count: an upper one says no more than what was there at the time, and an exact
    one is for tests.
    """
    # It loads an HTTP client, which most commands do not need.
    from torchard.lock.wheel_metadata import read_metadata  # noqa: PLC0415

    metadata = read_metadata(url)
    for extra in filter(_OWN_EXTRA.fullmatch, metadata.extras):
        for one in metadata.find_in_extra(extra, beside.markers):
            version = beside.versions.get(str(canonicalize_name(one.name)))
            lower = [Version(s.version) for s in one.specifier if s.operator in {">=", ">", "~="}]
            if version is not None and any(_parse(version) < least for least in lower):
                asked = f"{one.name}{one.specifier}"
                return f"asks for {asked} in its extra `{extra}`, and {one.name} is {version}"
    return ""


def _parse(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("9999")  # of a conda package: nothing can be said


def _find_older(
    name: str, version: str, unmet: str, beside: Torch, query: WheelQuery
) -> Bound | None:
    """Return the bound that leads to the newest release of a package without an unmet request."""
    below = replace(query, constraints=(), only_these=True, installed={})
    for _ in range(_STEPS):
        try:
            offers = index.resolve(replace(below, requirements=[f"{name}<{version}"]))
        except index.WheelIndexError:
            return None
        older = next((one for one in offers if canonicalize_name(one.name) == name), None)
        if older is None:
            return None
        asked = _find_unmet(older.url, beside)
        if not asked:
            return Bound(name, f"{name}<{version}", f"{version} {unmet}")
        version, unmet = older.version, asked
    return None
