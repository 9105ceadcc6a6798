"""The matrix: every request on every kind of Mac, with the catalogue's answer. Pure.

A cell is a Mac's arch and macOS, and a request: python, release, backend and source, with the
default companions. Between two thresholds of macOS no answer changes. So the systems of the matrix
are the thresholds and the releases of macOS.
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

PYTHONS = tuple(f"3.{minor}" for minor in range(9, 16))
BACKENDS: tuple[Backend, ...] = get_args(Backend)
SOURCES: tuple[Source, ...] = tuple(one for one in get_args(Source) if one != "auto")
_SYSTEMS = ("11.0", "12.0", "13.0", "14.0", "15.0", "26.0", "27.0")  # after macOS 15 comes 26


class Cell(NamedTuple):
    """A kind of Mac and a request, in the words of a lab file. `macos` is MAJOR.MINOR."""

    arch: str
    macos: str
    python: str
    release: str
    backend: Backend
    source: Source


class WheelSet(NamedTuple):
    """Wheels that are installed together, with the oldest macOS of the cells that get them."""

    arch: str
    macos: str
    python: str
    packages: tuple[tuple[str, str], ...]
    constraints: tuple[str, ...]


def list_systems(arch: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the systems of an arch, ascending. Each represents all versions up to the next."""
    last = catalogue.platforms[arch].last
    known = sorted({*catalogue.thresholds(arch), *_SYSTEMS}, key=Version)
    return tuple(one for one in known if last is None or Version(one).major <= last)


def list_releases(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the releases that a request can name: stable, nightly and versions, newest first."""
    return ("stable", "nightly", *dict.fromkeys(str(one) for one in catalogue.releases))


def list_cells(catalogue: Catalogue, releases: Iterable[str]) -> Iterator[Cell]:
    """Yield every cell of the releases."""
    named = tuple(releases)
    for arch in catalogue.platforms:
        for macos in list_systems(arch, catalogue):
            for python in PYTHONS:
                for release in named:
                    for source in SOURCES:
                        for backend in BACKENDS:
                            yield Cell(arch, macos, python, release, backend, source)


def answer_cells(catalogue: Catalogue, releases: Iterable[str]) -> dict[Cell, Variant | Refusal]:
    """Return the answers to all cells of the releases."""
    groups = {
        (arch, macos): find_mac_class(arch, macos, catalogue)
        for arch in catalogue.platforms
        for macos in list_systems(arch, catalogue)
    }
    found = {}
    for one in list_cells(catalogue, releases):
        group = groups[one.arch, one.macos]
        request = Request(one.python, one.release, one.backend, one.source)
        found[one] = choose(request, group, catalogue) if isinstance(group, MacClass) else group
    return found


def collect_wheel_sets(found: Mapping[Cell, Variant | Refusal]) -> tuple[WheelSet, ...]:
    """Return each set of released wheels in the answers once, on its oldest macOS.

    A wheel's tag is a minimum: what installs on one macOS also installs on every newer one.
    """
    oldest: dict[tuple[object, ...], WheelSet] = {}
    for cell, got in found.items():
        if not isinstance(got, Variant) or not got.is_from_wheels or got.is_nightly:
            continue
        packages = tuple((name, str(version)) for name, version in got.packages.items())
        one = WheelSet(cell.arch, cell.macos, cell.python, packages, got.constraints)
        key = (one.arch, one.python, one.packages)
        if key not in oldest or Version(one.macos) < Version(oldest[key].macos):
            oldest[key] = one
    return tuple(oldest.values())
