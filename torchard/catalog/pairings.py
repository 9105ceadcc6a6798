"""Which versions of a package fit the version of another, where no metadata says so? Pure.

`pairings.yaml` has the rows. A row becomes a requirement for uv, with the reason for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Fit:
    """The versions of a package that fit some versions of another; None: there are none."""

    beside: SpecifierSet
    fits: SpecifierSet | None


@dataclass(frozen=True)
class Pairing:
    """A package that needs certain versions of another.

    `reason` is a clause on why, and `found` is how it is known, as `pairings.yaml` has it.
    """

    package: str
    beside: str
    reason: str
    rows: tuple[Fit, ...]
    found: str = ""


@dataclass(frozen=True)
class Bound:
    """A requirement that Torchard adds to what a lab asks for, and why, as a clause.

    `is_general`: it is the same beside every version of the other package.
    """

    package: str
    requirement: str
    reason: str
    is_general: bool = False

    def is_met_by(self, version: str) -> bool:
        """Tell whether a version of the package fits. One that cannot be parsed does."""
        bounds = SpecifierSet(self.requirement.removeprefix(self.package))
        parsed = _parse(version)
        return parsed is None or bounds.contains(parsed, prereleases=True)


@dataclass(frozen=True)
class Need:
    """A sentence on what some versions of a package need beside it."""

    package: str
    versions: SpecifierSet
    text: str


def read_pairings(data: Mapping[str, Any]) -> tuple[Pairing, ...]:
    """Return the pairings in the content of pairings.yaml."""
    return tuple(
        Pairing(
            package=row["package"],
            beside=row["beside"],
            reason=row["reason"],
            rows=tuple(
                Fit(
                    SpecifierSet(one["beside"]),
                    None if one["fits"] is None else SpecifierSet(one["fits"]),
                )
                for one in row["rows"]
            ),
            found=row["found"],
        )
        for row in data["pairings"]
    )


def read_needs(data: Mapping[str, Any]) -> tuple[Need, ...]:
    """Return what packages need beside them, from the content of pairings.yaml."""
    return tuple(
        Need(row["package"], SpecifierSet(row["versions"]), row["text"]) for row in data["needs"]
    )


def find_bounds(pairings: Iterable[Pairing], versions: Mapping[str, str]) -> Iterator[Bound]:
    """Yield what the versions of some packages ask of others, whether or not these are there."""
    for pairing in pairings:
        version = _parse(versions.get(pairing.beside))
        if version is None:
            continue
        rows = (one for one in pairing.rows if one.beside.contains(version, prereleases=True))
        row = next(rows, None)
        if row is None or row.fits == SpecifierSet():
            continue
        # No version is below 0, which uv and conda's solver both understand.
        fits = "<0" if row.fits is None else ",".join(sorted(map(str, row.fits), reverse=True))
        is_general = not row.beside
        beside = "" if is_general else f", and {pairing.beside} is {version}"
        reason = f"{pairing.reason}{beside}"
        yield Bound(pairing.package, f"{pairing.package}{fits}", reason, is_general)


def find_broken_bounds(pairings: Iterable[Pairing], versions: Mapping[str, str]) -> Iterator[Bound]:
    """Yield the bounds that the versions of a set of packages break among themselves."""
    for bound in find_bounds(pairings, versions):
        if bound.package in versions and not bound.is_met_by(versions[bound.package]):
            yield bound


def find_holds(pairings: Iterable[Pairing], versions: Mapping[str, str]) -> Iterator[Bound]:
    """Yield the bounds because of which a package that is there may not be the newest."""
    for bound in find_bounds(pairings, versions):
        if bound.package in versions and ("<" in bound.requirement or "==" in bound.requirement):
            yield bound


def _parse(text: str | None) -> Version | None:
    try:
        return None if text is None else Version(Version(text).public)
    except InvalidVersion:
        return None
