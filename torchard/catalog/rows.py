"""The rows of the catalogue as data classes: releases of PyTorch, and conda installers.

Versions of macOS and of PyTorch are `packaging` versions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from torchard.catalog.pairings import Need, Pairing

Python = tuple[int, int]
"""A python by its major and minor version."""


@dataclass(frozen=True)
class Platform:
    """An arch of Macs: its conda subdir, its name, and the oldest macOS that Torchard supports.

    `reason` is a phrase on why older ones are not supported. `last` is the newest major version of
    macOS for the arch, None while each new one is for it.
    """

    arch: str
    subdir: str
    name: str
    macos: Version
    reason: str
    last: int | None = None


@dataclass(frozen=True)
class MpsFloor:
    """The arch that is offered MPS, and the macOS from which `backend: auto` wants it."""

    arch: str
    macos: Version
    reason: str


@dataclass(frozen=True)
class Builds:
    """The wheels or conda builds of one package that need the same macOS.

    They exist for python `first` to `last`, both included; `last` None means any newer python too.
    `tag` is the macOS of a wheel's platform tag or of a conda build's `__osx`. `needs` is the macOS
    that a wheel's libraries need by their fixups and imports, None if nobody has read them; what
    it was inferred from was looked up in macOS `sure`. `minos` is the newest macOS that a library
    of a wheel was built for, by file name, if that is newer than `tag` and `needs`.
    """

    first: Python
    last: Python | None
    tag: Version
    needs: Version | None = None
    minos: Mapping[str, Version] = field(default_factory=dict)
    sure: Version | None = None

    def is_built_for(self, python: Python) -> bool:
        """Tell whether one of the builds is for this python."""
        return self.first <= python and (self.last is None or python <= self.last)

    @cached_property
    def macos(self) -> Version:
        """The oldest macOS that the tag allows and that has what the libraries import.

        dyld does not compare the macOS that a library was built for, so that counts only where
        nobody has read what the libraries import.
        """
        return self.built_for if self.needs is None else max(self.tag, self.needs)

    @cached_property
    def built_for(self) -> Version:
        """The oldest macOS that the tag, and the build of every library, allow."""
        return max((self.tag, *self.minos.values()))


@dataclass(frozen=True)
class Note:
    """A sentence for people who install a package or have an arch; `about` is its name.

    `since` is the first torch for which it is true, None for all.
    """

    about: str
    text: str
    since: Version | None = None


@dataclass(frozen=True)
class Advisory:
    """A known vulnerability of torch. `text` is a phrase on what it means.

    `published` is an ISO date, `url` the advisory, and `fixed` the first release without it, or
    None.
    """

    id: str
    published: str
    affected: SpecifierSet
    fixed: Version | None
    text: str
    url: str


@dataclass(frozen=True)
class Dismissed:
    """An advisory of which no plan warns. `reason` is a clause on why."""

    id: str
    reason: str


@dataclass(frozen=True)
class KnownFailure:
    """What fails with MPS in some releases of torch from a macOS on. `url` is the report."""

    affected: SpecifierSet
    macos: Version
    text: str
    url: str


@dataclass(frozen=True)
class OnDemand:
    """Files of a package's wheels, as patterns, that no import of the package loads."""

    package: str
    releases: SpecifierSet
    files: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """A release of PyTorch with its companions, as one source offers it.

    `version` is None for the nightly builds. Releases of the same torch differ in their companions,
    and the first of them that fits is taken. `packages` maps torch and the companions that the
    source offers to exact versions, or to None where the solver chooses one for that torch.
    `builds` is keyed by arch, then by package. `mps` is the oldest macOS on which its MPS works,
    None while that is not verified, or if it has no MPS. A release that is `is_exact_only` is only
    for requests that name it.
    """

    version: Version | None
    packages: Mapping[str, str | None]
    builds: Mapping[str, Mapping[str, tuple[Builds, ...]]]
    mps: Version | None
    constraints: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    has_mps: bool = True
    is_exact_only: bool = False

    def __str__(self) -> str:
        return "nightly" if self.version is None else str(self.version)

    def find(self, arch: str, package: str, python: Python) -> Builds | None:
        """Return the builds of a package for an arch and a python, or None."""
        rows = self.builds.get(arch, {}).get(package, ())
        return next((one for one in rows if one.is_built_for(python)), None)


@dataclass(frozen=True)
class PackageSource:
    """One source of PyTorch, with its releases, newest first.

    `name` is its name in a lab file; `build` is what one of its files is called (`wheel`).
    `channel` is its conda channel, None for wheels; `index` is the wheel index of nightly builds.
    `names` holds the channel's names of packages that differ from PyPI's. `without` holds the
    companions that are added only if a request names them, each with the reason as a phrase.
    `frozen` says, for a channel that gets no new releases, what its last one was.
    """

    name: str
    build: str
    releases: tuple[Release, ...]
    channel: str | None = None
    index: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    frozen: str = ""

    @cached_property
    def by_version(self) -> Mapping[Version | None, tuple[Release, ...]]:
        """The releases by the version of torch; those of one version differ in companions."""
        grouped = groupby(self.releases, key=lambda one: one.version)
        return {version: tuple(alike) for version, alike in grouped}

    def pythons(self, arch: str) -> tuple[Python, ...]:
        """Return every python for which `stable` may find a torch, in ascending order."""
        return self._pythons.get(arch, ())

    @cached_property
    def _pythons(self) -> Mapping[str, tuple[Python, ...]]:
        """The pythons of each arch, computed once because every refusal needs them."""
        found: dict[str, set[Python]] = {}
        for release in self.releases:
            for arch, builds in () if release.is_exact_only else release.builds.items():
                for rows in builds.get("torch", ()):
                    found.setdefault(arch, set()).update(
                        (rows.first[0], minor)
                        for minor in range(rows.first[1], (rows.last or rows.first)[1] + 1)
                    )
        return {arch: tuple(sorted(some)) for arch, some in found.items()}


@dataclass(frozen=True)
class InstallerRow:
    """One conda installer. `macos` is its documented minimum, None where none is documented."""

    version: str
    python: str
    arch: str
    macos: Version | None
    file: str
    sha256: str

    @property
    def name(self) -> str:
        """The name that pins this installer in a lab file, such as `py313_26.5.3-1`."""
        return f"py{self.python.replace('.', '')}_{self.version}"


@dataclass(frozen=True)
class DefaultInstaller:
    """The installer for Macs from `macos` on whose lab file names none. `reason` is a phrase."""

    installer: InstallerRow
    macos: Version
    reason: str


@dataclass(frozen=True)
class Distribution:
    """The installers of one distribution, newest first.

    `name` is for people. `address` is an installer's URL with `{file}` and `{version}` in it.
    `licence` names the terms that an unattended install accepts, empty where there are none.
    `disk` is the space in bytes that the vendor asks for, 0 where it documents none.
    """

    name: str
    address: str
    licence: str
    disk: int
    defaults: tuple[DefaultInstaller, ...]
    rows: tuple[InstallerRow, ...]


@dataclass(frozen=True)
class Catalogue:
    """All rows of the catalogue.

    `platforms` is keyed by arch, `sources` by the name of the source, `installers` by the name of
    the distribution in a lab file. `compatible_names` maps what macOS calls itself in programs that
    were built before its numbering changed to what it is. `nightly` is the source of nightly
    builds, whose one release has no version. `openmp` names the conda packages that contain an
    OpenMP runtime, as torch's wheels do. `advisories` are newest first. `oldest_conda` is the first
    conda that unpacks today's packages, `reading_conda` the first that reads an environment's own
    .condarc under `-n`, and `freezing_conda` the first that follows CEP 22. `pairings` and `needs`
    are what packages need of each other without saying so.
    """

    platforms: Mapping[str, Platform]
    compatible_names: Mapping[Version, Version]
    mps: MpsFloor
    sources: Mapping[str, PackageSource]
    nightly: PackageSource
    openmp: tuple[str, ...]
    on_demand: tuple[OnDemand, ...]
    advisories: tuple[Advisory, ...]
    dismissed: tuple[Dismissed, ...]
    known_failures: tuple[KnownFailure, ...]
    oldest_conda: Version
    reading_conda: Version
    freezing_conda: Version
    installers: Mapping[str, Distribution]
    pairings: tuple[Pairing, ...] = ()
    needs: tuple[Need, ...] = ()

    @property
    def releases(self) -> tuple[Release, ...]:
        """The releases that PyTorch publishes as wheels."""
        return self.sources["wheels"].releases

    def advisories_on(self, version: Version | None) -> tuple[Advisory, ...]:
        """Return the vulnerabilities of a release of torch, none for a nightly build (None)."""
        if version is None:
            return ()
        return tuple(
            one for one in self.advisories if one.affected.contains(version, prereleases=True)
        )

    def files_on_demand(self, package: str, version: Version) -> tuple[str, ...]:
        """Return patterns of the files in a package's wheels that no import of it loads."""
        return tuple(
            file
            for one in self.on_demand
            if one.package == package and one.releases.contains(version, prereleases=True)
            for file in one.files
        )

    def failures_on(self, version: Version | None, macos: Version) -> tuple[KnownFailure, ...]:
        """Return the known failures of a release's MPS on a macOS, none for a nightly build."""
        if version is None:
            return ()
        return tuple(
            one
            for one in self.known_failures
            if macos >= one.macos and one.affected.contains(version, prereleases=True)
        )

    def thresholds(self, arch: str) -> tuple[str, ...]:
        """Return the macOS versions (MAJOR.MINOR) at which some choice changes, ascending.

        The first is the oldest macOS that Torchard supports. Raise KeyError for an unknown arch.
        """
        return self._thresholds[arch]

    @cached_property
    def _thresholds(self) -> Mapping[str, tuple[str, ...]]:
        """The thresholds of each arch, computed once because every choice needs them."""
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
            yield from (one.macos for one in self.known_failures)
        for source in (*self.sources.values(), self.nightly):
            for release in source.releases:
                if offered_mps and release.mps is not None:
                    yield release.mps
                for rows in release.builds.get(arch, {}).values():
                    yield from (one.macos for one in rows)
