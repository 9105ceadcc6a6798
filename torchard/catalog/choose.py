"""Which PyTorch fits a Mac? A request and a Mac class in, a variant or a refusal out. Pure.

No version is written here: every fact is a row of the catalogue.
"""

from __future__ import annotations

import re
from itertools import groupby, takewhile
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from torchard.catalog.alternatives import (
    explain_missing_mps,
    format_known_releases,
    refuse_nightly,
    refuse_request,
)
from torchard.catalog.certainty import (
    describe_certainty,
    find_safer_release,
    is_read_from_imports,
)
from torchard.catalog.fit import (
    Query,
    describe_place,
    find_best_release,
    find_fewest_obstacles,
    format_macos,
    list_obstacles,
)
from torchard.catalog.mac_class import read_macos
from torchard.catalog.variant import Choice, PassedOver, Refusal, Variant
from torchard.lab.model import COMPANIONS, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.catalog.mac_class import MacClass
    from torchard.catalog.rows import Catalogue, Note, PackageSource, Release


def choose(request: Request, mac_class: MacClass, catalogue: Catalogue) -> Variant | Refusal:
    """Return the variant that a request gets on a Mac class, or a refusal with alternatives."""
    query = read_request(request, mac_class, catalogue)
    if isinstance(query, Refusal):
        return query
    if request.release == "nightly" and request.source not in {"auto", query.source.name}:
        return refuse_nightly(query, catalogue.sources[request.source], catalogue)
    release = find_best_release(query, catalogue)
    if release is None:
        return refuse_request(query, catalogue)
    source = query.source
    return Variant(
        source=source.name,
        packages={source.names.get(name, name): release.packages[name] for name in query.packages},
        python=request.python,
        mps_expected=query.is_mps_required,
        reason=_explain_reason(query, release),
        constraints=release.constraints,
        notes=tuple(_collect_notes(request, query, release, catalogue)),
    )


def explain_choice(request: Request, mac_class: MacClass, catalogue: Catalogue) -> Choice:
    """Return the answer of `choose`, with every newer release and why it was passed over."""
    answer = choose(request, mac_class, catalogue)
    query = read_request(request, mac_class, catalogue)
    if isinstance(query, Refusal):
        return Choice(answer)
    chosen = find_best_release(query, catalogue)
    if chosen is not None and isinstance(answer, Refusal):
        return Choice(answer)  # the request names a source that has no nightly builds
    newest = (alike[0] for alike in query.source.by_version.values())
    newer = takewhile(lambda one: chosen is None or one.version != chosen.version, newest)
    groups = groupby(newer, key=lambda one: list_obstacles(one, query, catalogue))
    return Choice(
        answer,
        None if chosen is None else str(chosen),
        tuple(PassedOver(tuple(map(str, rows)), why) for why, rows in groups),
    )


def find_safer_variant(
    variant: Variant, mac_class: MacClass, catalogue: Catalogue
) -> Release | None:
    """Return the release to write instead if the libraries of a variant cannot be loaded.

    It is an older one whose libraries were built for the macOS of the class or before. None if the
    variant's own were, or if there is none.
    """
    version = variant.packages.get("torch")
    if not variant.is_from_wheels or version is None:
        return None
    request = Request(
        variant.python,
        release=version,
        backend="mps" if variant.mps_expected else "cpu",
        companions=tuple(name for name in COMPANIONS if name in variant.packages),
    )
    query = read_request(request, mac_class, catalogue)
    if isinstance(query, Refusal):
        return None
    release = find_best_release(query, catalogue)
    return None if release is None else find_safer_release(release, query, catalogue)


def read_request(request: Request, mac_class: MacClass, catalogue: Catalogue) -> Query | Refusal:
    """Parse the words of a request. Refuse a request that has no meaning."""
    macos = read_macos(mac_class.arch, mac_class.macos, catalogue)
    if isinstance(macos, Refusal):
        return macos
    invalid = _find_invalid_word(request)
    if invalid is not None:
        return invalid
    source = _find_source(request, catalogue)
    try:
        release = None if request.release in {"stable", "nightly"} else Version(request.release)
    except InvalidVersion:
        return Refusal(
            f"{request.release!r} is not a release of PyTorch.",
            "Write `release: stable`, `release: nightly`, or a version from"
            f" {format_known_releases(source)}.",
        )
    major, minor = request.python.split(".")
    return Query(
        source=source,
        platform=catalogue.platforms[mac_class.arch],
        macos=macos,
        python=(int(major), int(minor)),
        release=release,
        backend=request.backend,
        mps_floor=catalogue.mps,
        named=None
        if request.companions is None
        else tuple(name for name in COMPANIONS if name in request.companions),
    )


def _find_source(request: Request, catalogue: Catalogue) -> PackageSource:
    """Return where PyTorch comes from: wheels, unless the request names another source."""
    if request.release == "nightly":
        return catalogue.nightly
    return catalogue.sources["wheels" if request.source == "auto" else request.source]


def _find_invalid_word(request: Request) -> Refusal | None:
    if not re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", request.python, re.ASCII):
        return Refusal(
            f"{request.python!r} is not a python version of the form MAJOR.MINOR.",
            'Write it like `python: "3.12"`.',
        )
    for name in request.companions or ():
        if name not in COMPANIONS:
            return Refusal(
                f"{name!r} is not a companion of torch.",
                f"Write `with: [{', '.join(COMPANIONS)}]`, or only one of them.",
            )
    return None


def _explain_reason(query: Query, release: Release) -> str:
    which = "the release asked for; its" if query.release else "the newest release whose"
    if query.is_series:
        which = f"the newest {query.release} release whose"
    if query.source.index is not None:
        which = "today's"
    source = "" if query.source.channel is None else f" of {query.source.name}"
    mps = " and MPS" if query.is_mps_required else ""
    by = ", by what their libraries import" if is_read_from_imports(release, query) else ""
    return f"{which} {query.source.build}s{source}{mps} fit {describe_place(query)}{by}"


def _collect_notes(
    request: Request, query: Query, release: Release, catalogue: Catalogue
) -> Iterator[str]:
    """Yield what was given up, and what is worth knowing about the release."""
    if request.backend == "auto" and not query.is_mps_required:
        yield f"{explain_missing_mps(query, catalogue)}, so torch computes on the processor alone."
    # With an exact release there is no newer candidate to give up.
    newest = find_best_release(query.bare, catalogue) or release
    if newest.version != release.version:
        clauses = ", and ".join(find_fewest_obstacles(newest, query, catalogue))
        yield f"torch {newest} would install on macOS {format_macos(query.macos)}, but {clauses}."
    yield from describe_certainty(release, query, catalogue)
    yield from _describe_failures(release, query, catalogue)
    if request.companions is None:
        for name, reason in query.source.without.items():
            yield f"{name} is left out: {reason}."
    for note in (*release.notes, *query.source.notes):
        if note.about in {*query.packages, query.platform.arch} and _is_true_of(note, release):
            yield note.text
    # Only for a person who named the companion: most have no use for it.
    for need in catalogue.needs if request.companions is not None else ():
        version = release.packages.get(need.package)
        if need.package in query.packages and version is not None and version in need.versions:
            yield need.text


def _describe_failures(release: Release, query: Query, catalogue: Catalogue) -> Iterator[str]:
    for known in (
        catalogue.failures_on(release.version, query.macos) if query.is_mps_required else ()
    ):
        yield f"On macOS {format_macos(known.macos)} and newer, {known.text}: {known.url}."


def _is_true_of(note: Note, release: Release) -> bool:
    return note.since is None or release.version is None or release.version >= note.since
