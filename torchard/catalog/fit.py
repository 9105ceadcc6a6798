"""Does a release of PyTorch fit a Mac? The rule, for one release and for all of a source. Pure.

A release fits when each package asked for has a wheel, or a conda build, for the arch and the
python. Its macOS must be the Mac's or older: the macOS of a wheel's tag, and the one that has what
the wheel's libraries import. If MPS is wanted, it must run on the Mac's macOS, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from torchard.lab.model import COMPANIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

    from torchard.catalog.rows import (
        Builds,
        Catalogue,
        MpsFloor,
        PackageSource,
        Platform,
        Python,
        Release,
    )
    from torchard.lab.model import Backend


@dataclass(frozen=True)
class Query:
    """A request on a class of Macs, with its words parsed.

    `release` is None for the newest that fits; one of fewer than three numbers is a series, such as
    2.2, of which the newest that fits is taken. `named` are the companions that the request names,
    None where it says nothing about them. `mps_floor` says which Macs are offered MPS. With
    `is_by_minos`, only libraries that were built for the Mac's macOS or before fit.
    """

    source: PackageSource
    platform: Platform
    macos: Version
    python: Python
    release: Version | None
    backend: Backend
    mps_floor: MpsFloor
    named: tuple[str, ...] | None
    is_by_minos: bool = False

    @property
    def is_series(self) -> bool:
        """Whether the release asked for is a series, such as 2.2, and not one release."""
        asked = self.release
        return asked is not None and len(asked.release) < 3 and str(asked) == asked.base_version

    @cached_property
    def candidates(self) -> tuple[Release, ...]:
        """The releases of the source that the request admits, newest first."""
        asked = self.release
        if asked is None:
            return tuple(one for one in self.source.releases if not one.is_exact_only)
        if self.is_series:
            numbers = asked.release
            return tuple(
                one
                for one in self.source.releases
                if one.version is not None and one.version.release[: len(numbers)] == numbers
            )
        return self.source.by_version.get(asked, ())

    @cached_property
    def is_mps_required(self) -> bool:
        """Whether MPS must work: with `mps`, and with `auto` where Mac and release have it."""
        is_possible = self.is_mps_offered and not self.is_from_before_mps
        return self.backend == "mps" or (self.backend == "auto" and is_possible)

    @property
    def is_from_before_mps(self) -> bool:
        """Whether the release asked for has no MPS, on any Mac."""
        asked = self.release is not None and self.candidates
        return bool(asked) and not any(one.has_mps for one in self.candidates)

    @property
    def is_mps_offered(self) -> bool:
        """Whether a Mac of this arch and macOS is offered MPS."""
        return self.platform.arch == self.mps_floor.arch and self.macos >= self.mps_floor.macos

    @cached_property
    def companions(self) -> tuple[str, ...]:
        """The companions that the request names, or the ones that the source adds by default."""
        if self.named is not None:
            return self.named
        return tuple(name for name in COMPANIONS if name not in self.source.without)

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """Torch and its companions."""
        return ("torch", *self.companions)

    @property
    def bare(self) -> Query:
        """The same query for torch alone, without MPS."""
        return replace(self, backend="cpu", named=())


def find_best_release(query: Query, catalogue: Catalogue) -> Release | None:
    """Return the newest release that fits, of those that the query admits, or None."""
    for release in query.candidates:
        if not any(find_obstacles(release, query, catalogue)):
            return release
    return None


def find_obstacles(release: Release, query: Query, catalogue: Catalogue) -> Iterator[str]:
    """Yield each reason why a release does not fit, as a clause about `it`."""
    if query.platform.arch not in release.builds:
        yield f"it has no {query.source.build} for {query.platform.name} Macs"
        return
    for package in query.packages:
        if package not in release.packages:
            yield f"it has no {package} there"
            continue
        builds = release.find(query.platform.arch, package, query.python)
        if builds is None:
            yield _explain_missing_builds(release, package, query)
            if package == "torch":
                break  # its companions have the same pythons
        elif query.macos < (needed := builds.built_for if query.is_by_minos else builds.macos):
            name = _name(release, package)
            yield f"{name} needs macOS {format_macos(needed)}{_explain_macos(builds)}"
    yield from _find_mps_obstacle(release, query, catalogue)


def _explain_missing_builds(release: Release, package: str, query: Query) -> str:
    nothing = f"{_name(release, package)} has no {query.source.build} for"
    rows = release.builds[query.platform.arch].get(package)
    if rows is None:
        return f"{nothing} {query.platform.name} Macs"
    return f"{nothing} python {format_python(query.python)}, only for {_format_pythons(rows)}"


def _name(release: Release, package: str) -> str:
    if package == "torch":
        return "it"
    return f"its {package} {release.packages[package] or ''}".rstrip()


def _find_mps_obstacle(release: Release, query: Query, catalogue: Catalogue) -> Iterator[str]:
    if not query.is_mps_required:
        return
    if not is_offered_mps(query, catalogue):
        yield f"its MPS is not for {query.platform.name} Macs"
    elif not release.has_mps:
        yield "it has no MPS"
    elif release.mps is None:
        yield "which macOS its MPS needs is not verified yet"
    elif query.macos < release.mps:
        yield f"its MPS needs macOS {format_macos(release.mps)}"
    elif query.release is None and catalogue.failures_on(release.version, query.macos):
        yield f"its MPS is known to fail on macOS {format_macos(query.macos)}"


def find_fewest_obstacles(release: Release, query: Query, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the obstacles of a torch beside those of its companions that have the fewest.

    Of several, the oldest companions count: they need the least.
    """
    alike = reversed(query.source.by_version[release.version])
    return min((tuple(find_obstacles(one, query, catalogue)) for one in alike), key=len)


def list_obstacles(release: Release, query: Query, catalogue: Catalogue) -> tuple[str, ...]:
    """Return, as phrases, why a release is not the answer; nothing if it fits.

    Obstacles of its companions are listed only where torch itself has none.
    """
    if release.is_exact_only and query.release is None:
        return ("is installed only if it is asked for",)
    if release not in query.candidates:
        return (f"{query.release} is asked for",)
    alone = tuple(find_obstacles(release, replace(query, named=()), catalogue))
    clauses = alone or find_fewest_obstacles(release, query, catalogue)
    return tuple(one.removeprefix("it has ").removeprefix("it ") for one in clauses)


def is_offered_mps(query: Query, catalogue: Catalogue) -> bool:
    """Tell whether Macs of this arch are offered MPS at all."""
    return query.platform.arch == catalogue.mps.arch


def describe_place(query: Query) -> str:
    """Return the macOS and python that the packages must fit, in words."""
    return f"macOS {format_macos(query.macos)} and python {format_python(query.python)}"


def format_python(python: Python) -> str:
    """Return a python as people write it, such as 3.12."""
    return f"{python[0]}.{python[1]}"


def format_macos(version: Version) -> str:
    """Return a macOS version as people write it: 14 for 14.0, and 12.3 for 12.3."""
    return f"{version.major}.{version.minor}" if version.minor else str(version.major)


def _format_pythons(rows: tuple[Builds, ...]) -> str:
    first, last = format_python(rows[0].first), rows[-1].last
    return f"{first} and newer" if last is None else f"{first} to {format_python(last)}"


def _explain_macos(builds: Builds) -> str:
    """Say why builds need a newer macOS than the wheel's tag says, if they do."""
    if builds.macos == builds.tag:
        return ""
    if builds.needs is not None:
        return " (for what its libraries import)"
    return f" (for its {max(builds.minos, key=lambda one: builds.minos[one])})"
