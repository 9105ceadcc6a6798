"""The catalogue as data classes: which PyTorch wheels and Miniconda installers there are.

The facts and their sources are in `pytorch.yaml` and `installers.yaml` beside this module, whose
form is `schemas/catalog.schema.json`. Versions of macOS and of PyTorch are `packaging` versions.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Python = tuple[int, int]
"""A python by its major and minor version."""


@dataclass(frozen=True)
class Platform:
    """An arch that Macs have: its conda subdir, its name, and the oldest macOS we work on.

    `elsewhere` is a sentence on who has newer releases where PyTorch's own wheels have ended.
    """

    arch: str
    subdir: str
    name: str
    macos: Version
    reason: str
    elsewhere: str


@dataclass(frozen=True)
class MpsFloor:
    """The arch that is offered MPS, and the macOS from which `backend: auto` wants it."""

    arch: str
    macos: Version
    reason: str


@dataclass(frozen=True)
class Wheels:
    """The wheels of one package that share a macOS: for python `first` to `last`, both included.

    `last` None means any newer python too. `tag` is the macOS of the platform tag, `minos` the one
    that each dylib inside was built for, by file name.
    """

    first: Python
    last: Python | None
    tag: Version
    minos: Mapping[str, Version]

    def built_for(self, python: Python) -> bool:
        """Tell whether one of them is for this python."""
        return self.first <= python and (self.last is None or python <= self.last)

    @property
    def macos(self) -> Version:
        """The oldest macOS that both the tag and every dylib admit."""
        return max(self.tag, *self.minos.values())


@dataclass(frozen=True)
class Note:
    """What is worth knowing about a release for those who install the package `about`."""

    about: str
    text: str


@dataclass(frozen=True)
class Release:
    """A release of PyTorch with its companions.

    `packages` maps torch and its companions to exact versions; `wheels` is keyed by arch, then by
    package; `mps` is the oldest macOS on which this release's MPS works.
    """

    version: Version
    packages: Mapping[str, str]
    wheels: Mapping[str, Mapping[str, tuple[Wheels, ...]]]
    mps: Version
    constraints: tuple[str, ...]
    notes: tuple[Note, ...]

    def find(self, arch: str, package: str, python: Python) -> Wheels | None:
        """Return the wheels of a package for an arch and a python, or None."""
        rows = self.wheels.get(arch, {}).get(package, ())
        return next((one for one in rows if one.built_for(python)), None)


@dataclass(frozen=True)
class InstallerRow:
    """One Miniconda installer. `macos` is its documented minimum, None where none is known."""

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
class Installers:
    """The installers of one distribution, newest first; `base` + file name is an address."""

    distribution: str
    base: str
    automatic: tuple[Automatic, ...]
    rows: tuple[InstallerRow, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything known: `platforms` by arch, `releases` newest first, `installers`."""

    platforms: Mapping[str, Platform]
    mps: MpsFloor
    releases: tuple[Release, ...]
    installers: Installers

    def thresholds(self, arch: str) -> tuple[str, ...]:
        """Return the macOS versions (MAJOR.MINOR) at which some choice changes, ascending.

        The first is the oldest macOS that we work on. Raise KeyError for an unknown arch.
        """
        oldest = self.platforms[arch].macos
        known = {oldest, *self._minima(arch)}
        return tuple(f"{one.major}.{one.minor}" for one in sorted(known) if one >= oldest)

    def pythons(self, arch: str) -> tuple[Python, ...]:
        """Return every python that some release of torch itself has a wheel for, ascending."""
        return tuple(
            sorted(
                {
                    (rows.first[0], minor)
                    for release in self.releases
                    for rows in release.wheels.get(arch, {}).get("torch", ())
                    for minor in range(rows.first[1], (rows.last or rows.first)[1] + 1)
                }
            )
        )

    def _minima(self, arch: str) -> Iterator[Version]:
        offered_mps = arch == self.mps.arch
        if offered_mps:
            yield self.mps.macos
        for release in self.releases:
            if offered_mps:
                yield release.mps
            for rows in release.wheels.get(arch, {}).values():
                yield from (one.macos for one in rows)


@functools.cache
def load_catalog() -> Catalogue:
    """Read the catalogue that this version of Torchard carries. Read once in a process."""
    return parse_catalog(_read("pytorch.yaml"), _read("installers.yaml"))


def parse_catalog(pytorch: Mapping[str, Any], installers: Mapping[str, Any]) -> Catalogue:
    """Make a catalogue of the values of its two files, which must hold to the schema."""
    taken_as = {Version(row["minos"]): Version(row["as"]) for row in pytorch["taken_as"]}
    platforms = [_platform(row) for row in pytorch["macs"]]
    releases = [
        _release(row, [one.arch for one in platforms], taken_as) for row in pytorch["releases"]
    ]
    return Catalogue(
        platforms={one.arch: one for one in platforms},
        mps=MpsFloor(
            pytorch["mps"]["arch"], Version(pytorch["mps"]["macos"]), pytorch["mps"]["reason"]
        ),
        releases=tuple(sorted(releases, key=lambda one: one.version, reverse=True)),
        installers=_installers(installers),
    )


def _read(name: str) -> Any:
    text = resources.files(__package__).joinpath(name).read_bytes()
    # The C loader is some ten times as fast; a PyYAML built without it lacks nothing else.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, loader)  # noqa: S506 - both are safe loaders


def _platform(row: Mapping[str, Any]) -> Platform:
    return Platform(
        arch=row["arch"],
        subdir=row["subdir"],
        name=row["name"],
        macos=Version(row["macos"]),
        reason=row["reason"],
        elsewhere=row.get("elsewhere", ""),
    )


def _release(
    row: Mapping[str, Any], archs: list[str], taken_as: Mapping[Version, Version]
) -> Release:
    return Release(
        version=Version(row["torch"]),
        packages={name: row[name] for name in ("torch", "torchvision", "torchaudio")},
        wheels={
            arch: {
                package: tuple(_wheels(one, taken_as) for one in rows)
                for package, rows in row[arch].items()
            }
            for arch in archs
            if arch in row
        },
        mps=Version(row["mps"]),
        constraints=tuple(row.get("constraints", ())),
        notes=tuple(Note(one["about"], one["text"]) for one in row.get("notes", ())),
    )


def _wheels(row: Mapping[str, Any], taken_as: Mapping[Version, Version]) -> Wheels:
    first, last = row["python"]
    built_for = {file: Version(text) for file, text in row["minos"].items()}
    return Wheels(
        first=_python(first),
        last=None if last is None else _python(last),
        tag=Version(row["tag"]),
        minos={file: taken_as.get(one, one) for file, one in built_for.items()},
    )


def _python(text: str) -> Python:
    major, minor = text.split(".")
    return int(major), int(minor)


def _installers(data: Mapping[str, Any]) -> Installers:
    rows = tuple(_installer(row) for row in data["installers"])
    by_key = {(one.arch, one.version, one.python): one for one in rows}
    return Installers(
        distribution=data["distribution"],
        base=data["base"],
        automatic=tuple(
            Automatic(
                by_key[row["arch"], row["version"], row["python"]],
                Version(row["macos"]),
                row["reason"],
            )
            for row in data["automatic"]
        ),
        rows=rows,
    )


def _installer(row: Mapping[str, Any]) -> InstallerRow:
    return InstallerRow(
        version=row["version"],
        python=row["python"],
        arch=row["arch"],
        macos=None if row["macos"] is None else Version(row["macos"]),
        file=row["file"],
        sha256=row["sha256"],
    )
