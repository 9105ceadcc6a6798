"""Does a release fit? The rule of the choice, applied to one release and to all of them. Pure.

A release fits when each package asked for has a wheel for the arch and the python whose tag and
dylibs admit the macOS and, where MPS is wanted, its MPS runs there too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

    from torchard.catalog.catalog import Catalogue, Platform, Python, Release, Wheels


@dataclass(frozen=True)
class Ask:
    """A wish on a Mac class, its words read. `release` None: the newest that fits."""

    platform: Platform
    macos: Version
    python: Python
    release: Version | None
    mps: bool
    companions: tuple[str, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """Torch and the companions asked for."""
        return ("torch", *self.companions)

    @property
    def bare(self) -> Ask:
        """The same for torch alone, without MPS."""
        return replace(self, mps=False, companions=())


def best(ask: Ask, catalogue: Catalogue) -> Release | None:
    """Return the newest release that fits; where one was asked for, that one if it fits."""
    for release in catalogue.releases:
        wanted = ask.release in {None, release.version}
        if wanted and not any(obstacles(release, ask, catalogue)):
            return release
    return None


def obstacles(release: Release, ask: Ask, catalogue: Catalogue) -> Iterator[str]:
    """Yield everything that keeps a release from fitting, as clauses about `it`."""
    if ask.platform.arch not in release.wheels:
        yield f"it has no wheel for {ask.platform.name} Macs"
        return
    for package in ask.packages:
        name = "it" if package == "torch" else f"its {package} {release.packages[package]}"
        wheels = release.find(ask.platform.arch, package, ask.python)
        if wheels is None:
            only = _pythons(release.wheels[ask.platform.arch][package])
            yield f"{name} has no wheel for python {dotted(ask.python)}, only for {only}"
            if package == "torch":
                break  # its companions follow it
        elif ask.macos < wheels.macos:
            yield f"{name} needs macOS {short(wheels.macos)}{_culprit(wheels)}"
    if ask.mps and not mps_is_for(ask, catalogue):
        yield f"its MPS is not for {ask.platform.name} Macs"
    elif ask.mps and ask.macos < release.mps:
        yield f"its MPS needs macOS {short(release.mps)}"


def mps_is_for(ask: Ask, catalogue: Catalogue) -> bool:
    """Tell whether the arch is offered MPS at all."""
    return ask.platform.arch == catalogue.mps.arch


def place(ask: Ask) -> str:
    """Return where the packages have to fit, in words."""
    return f"macOS {short(ask.macos)} and python {dotted(ask.python)}"


def dotted(python: Python) -> str:
    """Return a python as people write it."""
    return f"{python[0]}.{python[1]}"


def short(version: Version) -> str:
    """Return a macOS version as people say it: 14 for 14.0, and 12.3 for 12.3."""
    return f"{version.major}.{version.minor}" if version.minor else str(version.major)


def _pythons(rows: tuple[Wheels, ...]) -> str:
    first, last = rows[0].first, rows[-1].last
    return f"{dotted(first)} and newer" if last is None else f"{dotted(first)} to {dotted(last)}"


def _culprit(wheels: Wheels) -> str:
    """Name the dylib that asks for more than the wheel's tag, if one does."""
    file = max(wheels.minos, key=lambda one: wheels.minos[one])
    return f" (for its {file})" if wheels.minos[file] > wheels.tag else ""
