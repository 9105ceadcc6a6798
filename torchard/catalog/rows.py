"""The catalogue as data classes: where PyTorch comes from, and which conda installers there are.

Versions of macOS and of PyTorch are `packaging` versions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

Python = tuple[int, int]
"""A python by its major and minor version."""


@dataclass(frozen=True)
class Platform:
    """An arch that Macs have: its conda subdir, its name, and the oldest macOS we work on."""

    arch: str
    subdir: str
    name: str
    macos: Version
    reason: str


@dataclass(frozen=True)
class MpsFloor:
    """The arch that is offered MPS, and the macOS from which `backend: auto` wants it."""

    arch: str
    macos: Version
    reason: str


@dataclass(frozen=True)
class Builds:
    """The wheels or conda builds of one package that share a macOS: for python `first` to `last`.

    Both ends are included; `last` None means any newer python too. `tag` is the macOS of a wheel's
    platform tag or of a conda build's `__osx`, `minos` the one that each dylib inside a wheel was
    built for, by file name.
    """

    first: Python
    last: Python | None
    tag: Version
    minos: Mapping[str, Version] = field(default_factory=dict)

    def built_for(self, python: Python) -> bool:
        """Tell whether one of them is for this python."""
        return self.first <= python and (self.last is None or python <= self.last)

    @cached_property
    def macos(self) -> Version:
        """The oldest macOS that the tag and every dylib admit."""
        return max((self.tag, *self.minos.values()))


@dataclass(frozen=True)
class Note:
    """What is worth knowing for those who install the package, or have the arch, `about`."""

    about: str
    text: str


@dataclass(frozen=True)
class Advisory:
    """A known vulnerability of torch: who is affected, what it means (a phrase), where it ends.

    `published` is an ISO date; `fixed` the first release without it; `url` the advisory itself.
    """

    id: str
    published: str
    affected: SpecifierSet
    fixed: Version
    text: str
    url: str


@dataclass(frozen=True)
class Release:
    """A release of PyTorch with its companions, as one lane offers it.

    `version` is None for the nightly builds. `packages` maps torch and its companions to exact
    versions, or to None where whatever is offered for that torch is taken; what is missing is not
    offered. `builds` is keyed by arch, then by package; `mps` is the oldest macOS on which its MPS
    works, None while that is not verified.
    """

    version: Version | None
    packages: Mapping[str, str | None]
    builds: Mapping[str, Mapping[str, tuple[Builds, ...]]]
    mps: Version | None
    constraints: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def __str__(self) -> str:
        return "nightly" if self.version is None else str(self.version)

    def find(self, arch: str, package: str, python: Python) -> Builds | None:
        """Return the builds of a package for an arch and a python, or None."""
        rows = self.builds.get(arch, {}).get(package, ())
        return next((one for one in rows if one.built_for(python)), None)


@dataclass(frozen=True)
class Lane:
    """One place that PyTorch comes from, with its releases, newest first.

    `source` is the lab file's word for it, `build` what one of its files is called (`wheel`).
    `channel` is the conda channel, or None for wheels; `index` a wheel index of its own. `names`
    are the channel's names of packages where they differ. `without` says, as a phrase, why a
    companion is left out unless it is asked for by name; `frozen`, of a channel that nothing new
    comes to, what it ended with.
    """

    source: str
    build: str
    releases: tuple[Release, ...]
    channel: str | None = None
    index: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    frozen: str = ""

    def pythons(self, arch: str) -> tuple[Python, ...]:
        """Return every python that some release of torch itself is built for, ascending."""
        return tuple(
            sorted(
                {
                    (rows.first[0], minor)
                    for release in self.releases
                    for rows in release.builds.get(arch, {}).get("torch", ())
                    for minor in range(rows.first[1], (rows.last or rows.first)[1] + 1)
                }
            )
        )


@dataclass(frozen=True)
class InstallerRow:
    """One conda installer. `macos` is its documented minimum, None where none is known."""

    version: str
    python: str
    arch: str
    macos: Version | None
    file: str
    sha256: str

    @property
    def name(self) -> str:
        """How a lab file names exactly this one, such as `py313_26.5.3-1`."""
        return f"py{self.python.replace('.', '')}_{self.version}"


@dataclass(frozen=True)
class Automatic:
    """The installer of Macs whose lab file names none, from `macos` on; `reason` is a phrase."""

    installer: InstallerRow
    macos: Version
    reason: str


@dataclass(frozen=True)
class Distribution:
    """The installers of one distribution, newest first.

    `name` is for people; `address` is an installer's URL with `{file}` and `{version}` in it;
    `licence` names the terms that an unattended install accepts, and is empty where there are none;
    `disk` is what its vendor says one needs, in bytes, and 0 where nothing is said.
    """

    name: str
    address: str
    licence: str
    disk: int
    automatic: tuple[Automatic, ...]
    rows: tuple[InstallerRow, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything known: `platforms` by arch, where PyTorch comes from, and who makes installers.

    `lanes` is keyed by the lab file's word for a source, `installers` by its word for a
    distribution; `nightly` is a lane apart, for a release that has no version. `openmp` names the
    conda packages that bring an OpenMP runtime, as a wheel of torch does; `advisories` are newest
    first; `oldest_conda` is the first that unpacks what channels hold today, `reading_conda` the
    first that reads an environment's own .condarc under `-n`, `freezing_conda` the first that
    follows CEP 22.
    """

    platforms: Mapping[str, Platform]
    mps: MpsFloor
    lanes: Mapping[str, Lane]
    nightly: Lane
    openmp: tuple[str, ...]
    advisories: tuple[Advisory, ...]
    oldest_conda: Version
    reading_conda: Version
    freezing_conda: Version
    installers: Mapping[str, Distribution]

    @property
    def releases(self) -> tuple[Release, ...]:
        """The releases that PyTorch itself made, as wheels."""
        return self.lanes["wheels"].releases

    def advisories_on(self, version: Version | None) -> tuple[Advisory, ...]:
        """Return what is known to be unsafe in a release of torch; nothing of a nightly build."""
        if version is None:
            return ()
        return tuple(
            one for one in self.advisories if one.affected.contains(version, prereleases=True)
        )

    def thresholds(self, arch: str) -> tuple[str, ...]:
        """Return the macOS versions (MAJOR.MINOR) at which some choice changes, ascending.

        The first is the oldest macOS that we work on. Raise KeyError for an unknown arch.
        """
        return self._thresholds[arch]

    @cached_property
    def _thresholds(self) -> Mapping[str, tuple[str, ...]]:
        """The thresholds of each arch, gone through the rows for once: every choice asks."""
        found = {}
        for arch, platform in self.platforms.items():
            minima = sorted({platform.macos, *self._minima(arch)})
            found[arch] = tuple(
                f"{one.major}.{one.minor}" for one in minima if one >= platform.macos
            )
        return found

    def _minima(self, arch: str) -> Iterator[Version]:
        offered_mps = arch == self.mps.arch
        if offered_mps:
            yield self.mps.macos
        for lane in (*self.lanes.values(), self.nightly):
            for release in lane.releases:
                if offered_mps and release.mps is not None:
                    yield release.mps
                for rows in release.builds.get(arch, {}).values():
                    yield from (one.macos for one in rows)
