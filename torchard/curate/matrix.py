"""Every request that a Mac can have, and the catalogue's one answer to each. Pure.

A cell is a Mac's arch and macOS, and a request: python, release, backend and source, with the
companions that come unasked. Between two thresholds of macOS nothing changes, so the systems are
the thresholds and the releases of macOS themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

from packaging.version import Version

from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.catalog.variant import Variant
from torchard.lab.model import Backend, Request, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.catalog.rows import Catalogue
    from torchard.catalog.variant import Refusal

PYTHONS = tuple(f"3.{minor}" for minor in range(9, 15))
BACKENDS: tuple[Backend, ...] = get_args(Backend)
SOURCES: tuple[Source, ...] = tuple(one for one in get_args(Source) if one != "auto")
_SYSTEMS = ("11.0", "12.0", "13.0", "14.0", "15.0", "26.0")  # after macOS 15 comes 26


class Cell(NamedTuple):
    """One question: a Mac and a request, as the lab file writes them; `macos` is MAJOR.MINOR."""

    arch: str
    macos: str
    python: str
    release: str
    backend: Backend
    source: Source


class Trio(NamedTuple):
    """Wheels that belong together, with the oldest macOS on which some cell has them."""

    arch: str
    macos: str
    python: str
    packages: tuple[tuple[str, str], ...]
    constraints: tuple[str, ...]


def systems(arch: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the systems of an arch, ascending: each stands for itself and up to the next."""
    known = {*catalogue.thresholds(arch), *_SYSTEMS}
    return tuple(sorted(known, key=Version))


def releases(catalogue: Catalogue) -> tuple[str, ...]:
    """Return what a request may name as its release, newest first; also stable and nightly."""
    return ("stable", "nightly", *(str(one) for one in catalogue.releases))


def cells(catalogue: Catalogue, releases: Iterable[str]) -> Iterator[Cell]:
    """Yield every cell of some releases."""
    named = tuple(releases)
    for arch in catalogue.platforms:
        for macos in systems(arch, catalogue):
            for python in PYTHONS:
                for release in named:
                    for source in SOURCES:
                        for backend in BACKENDS:
                            yield Cell(arch, macos, python, release, backend, source)


def answer(cell: Cell, catalogue: Catalogue) -> Variant | Refusal:
    """Return the one answer to a cell."""
    group = find_mac_class(cell.arch, cell.macos, catalogue)
    if not isinstance(group, MacClass):
        return group
    return choose(Request(cell.python, cell.release, cell.backend, cell.source), group, catalogue)


def answers(catalogue: Catalogue, releases: Iterable[str]) -> dict[Cell, Variant | Refusal]:
    """Return the answers to every cell of some releases."""
    return {one: answer(one, catalogue) for one in cells(catalogue, releases)}


def trios(found: Mapping[Cell, Variant | Refusal]) -> tuple[Trio, ...]:
    """Return every set of released wheels in some answers, each once, on its oldest macOS.

    What can be installed on a macOS can be on every newer one: a wheel's tag is a minimum.
    """
    oldest: dict[tuple[object, ...], Trio] = {}
    for cell, got in found.items():
        if not isinstance(got, Variant) or not got.as_wheels or got.nightly:
            continue
        packages = tuple((name, str(version)) for name, version in got.packages.items())
        one = Trio(cell.arch, cell.macos, cell.python, packages, got.constraints)
        key = (one.arch, one.python, one.packages)
        if key not in oldest or Version(one.macos) < Version(oldest[key].macos):
            oldest[key] = one
    return tuple(oldest.values())
