"""Does a release fit? The rule of the choice, applied to one release and to all of them. Pure.

A release fits when each package asked for has a wheel, or a conda build, for the arch and the
python that admits the macOS (a wheel by its tag and its dylibs) and, where MPS is wanted, its MPS
runs there too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torchard.lab.model import COMPANIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

    from torchard.catalog.rows import Builds, Catalogue, Lane, MpsFloor, Platform, Python, Release
    from torchard.lab.model import Backend


@dataclass(frozen=True)
class Query:
    """A request on a Mac class, its words read. `release` None: the newest that fits.

    `lane` is where PyTorch is looked for; `named` are the companions, None where nothing is said;
    `offer` says which Macs are offered MPS.
    """

    lane: Lane
    platform: Platform
    macos: Version
    python: Python
    release: Version | None
    backend: Backend
    offer: MpsFloor
    named: tuple[str, ...] | None

    @property
    def mps(self) -> bool:
        """Whether MPS must work: where it is asked for, or `auto` and the Mac is offered it."""
        return self.backend == "mps" or (self.backend == "auto" and self.offered)

    @property
    def offered(self) -> bool:
        """Whether a Mac of this arch and macOS is offered MPS."""
        return self.platform.arch == self.offer.arch and self.macos >= self.offer.macos

    @property
    def companions(self) -> tuple[str, ...]:
        """The companions named; where nothing is said of them, all that come unasked there."""
        if self.named is not None:
            return self.named
        return tuple(name for name in COMPANIONS if name not in self.lane.without)

    @property
    def packages(self) -> tuple[str, ...]:
        """Torch and the companions asked for."""
        return ("torch", *self.companions)

    @property
    def bare(self) -> Query:
        """The same for torch alone, without MPS."""
        return replace(self, backend="cpu", named=())


def best(ask: Query, catalogue: Catalogue) -> Release | None:
    """Return the newest release that fits; where one was asked for, that one if it fits."""
    for release in ask.lane.releases:
        wanted = ask.release in {None, release.version}
        if wanted and not any(obstacles(release, ask, catalogue)):
            return release
    return None


def obstacles(release: Release, ask: Query, catalogue: Catalogue) -> Iterator[str]:
    """Yield everything that keeps a release from fitting, as clauses about `it`."""
    if ask.platform.arch not in release.builds:
        yield f"it has no {ask.lane.build} for {ask.platform.name} Macs"
        return
    for package in ask.packages:
        if package not in release.packages:
            yield f"it has no {package} there"
            continue
        name = f"its {package} {release.packages[package] or ''}".rstrip()
        name = "it" if package == "torch" else name
        builds = release.find(ask.platform.arch, package, ask.python)
        if builds is None:
            only = _pythons(release.builds[ask.platform.arch][package])
            python = dotted(ask.python)
            yield f"{name} has no {ask.lane.build} for python {python}, only for {only}"
            if package == "torch":
                break  # its companions follow it
        elif ask.macos < builds.macos:
            yield f"{name} needs macOS {short(builds.macos)}{_culprit(builds)}"
    if ask.mps and not mps_is_for(ask, catalogue):
        yield f"its MPS is not for {ask.platform.name} Macs"
    elif ask.mps and release.mps is None:
        yield "which macOS its MPS needs is not verified yet"
    elif ask.mps and release.mps is not None and ask.macos < release.mps:
        yield f"its MPS needs macOS {short(release.mps)}"


def why_not(release: Release, ask: Query, catalogue: Catalogue) -> tuple[str, ...]:
    """Return, as phrases, why a release is not the answer; nothing where it may be.

    Its companions' obstacles are told only where torch itself has none: they follow it.
    """
    if ask.release not in {None, release.version}:
        return (f"{ask.release} is asked for",)
    alone = tuple(obstacles(release, replace(ask, named=()), catalogue))
    clauses = alone or tuple(obstacles(release, ask, catalogue))
    return tuple(one.removeprefix("it has ").removeprefix("it ") for one in clauses)


def mps_is_for(ask: Query, catalogue: Catalogue) -> bool:
    """Tell whether the arch is offered MPS at all."""
    return ask.platform.arch == catalogue.mps.arch


def place(ask: Query) -> str:
    """Return where the packages have to fit, in words."""
    return f"macOS {short(ask.macos)} and python {dotted(ask.python)}"


def dotted(python: Python) -> str:
    """Return a python as people write it."""
    return f"{python[0]}.{python[1]}"


def short(version: Version) -> str:
    """Return a macOS version as people say it: 14 for 14.0, and 12.3 for 12.3."""
    return f"{version.major}.{version.minor}" if version.minor else str(version.major)


def _pythons(rows: tuple[Builds, ...]) -> str:
    first, last = rows[0].first, rows[-1].last
    return f"{dotted(first)} and newer" if last is None else f"{dotted(first)} to {dotted(last)}"


def _culprit(builds: Builds) -> str:
    """Name the dylib that asks for more than the wheel's tag, if one does."""
    file = max(builds.minos, key=lambda one: builds.minos[one], default="")
    return f" (for its {file})" if file and builds.minos[file] > builds.tag else ""
