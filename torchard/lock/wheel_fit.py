"""Which files on a project's index page fit a class of Macs, and what the others are for. Pure."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.tags import Tag

    from torchard.catalog.mac_class import MacClass
    from torchard.lock.index_page import IndexFile

_PYTHONS = tuple(f"3.{minor}" for minor in range(6, 21))
_MOST_FILES = 20_000  # of one page
_ARCHS = ("arm64", "x86_64")
_NAMES = {"arm64": "Apple silicon", "x86_64": "Intel"}


class _MacWheel:
    """A wheel that some Mac can use: its pythons, and the oldest macOS for each arch."""

    def __init__(self, tags: frozenset[Tag], required: SpecifierSet) -> None:
        self.macos = {arch: _oldest_macos(tags, arch) for arch in _ARCHS}
        self._pairs = {(one.interpreter, one.abi) for one in tags}
        self._required = required

    def accepts(self, python: str) -> bool:
        """Say whether the wheel is for a python; `MAJOR.MINOR` stands for a late release of it."""
        full = python if python.count(".") > 1 else f"{python}.99"
        if full not in self._required:
            return False
        minor = ".".join(python.split(".")[:2])
        return not self._pairs.isdisjoint(_accepted_pairs(minor))


class WheelPage:
    """The files of one project, as a class of Macs with one python sees them."""

    def __init__(self, files: Sequence[IndexFile], mac_class: MacClass, python: str) -> None:
        self._mac, self._python = mac_class, python
        self.versions: set[Version] = set()
        self._wheels: dict[Version, list[_MacWheel]] = defaultdict(list)
        self._with_wheels: set[Version] = set()
        for file in files[:_MOST_FILES]:
            try:
                required = SpecifierSet(file.requires_python)
                if not file.name.endswith(".whl"):
                    self.versions.add(parse_sdist_filename(file.name)[1])
                    continue
                _, version, _, tags = parse_wheel_filename(file.name)
            except (InvalidWheelFilename, InvalidSdistFilename, InvalidSpecifier):
                continue
            self.versions.add(version)
            self._with_wheels.add(version)
            wheel = _MacWheel(tags, required)
            if any(one is not None for one in wheel.macos.values()):
                self._wheels[version].append(wheel)

    @property
    def has_any_wheel(self) -> bool:
        """Whether any release has a wheel."""
        return bool(self._with_wheels)

    @property
    def has_mac_wheel(self) -> bool:
        """Whether any release has a wheel for some Mac."""
        return bool(self._wheels)

    @property
    def has_any_for_arch(self) -> bool:
        """Whether any release has a wheel for the class's arch."""
        return any(map(self.has_arch, self._wheels))

    def select(self, bounds: SpecifierSet) -> list[Version]:
        """Return the versions within bounds; a pre-release only where there is no other."""
        return sorted(bounds.filter(self.versions))

    def has_wheels(self, version: Version) -> bool:
        """Say whether a release has a wheel for anything."""
        return version in self._with_wheels

    def list_mac_archs(self, version: Version) -> tuple[str, ...]:
        """Return the archs for which a release has wheels for Macs."""
        wheels = self._wheels.get(version, ())
        return tuple(arch for arch in _ARCHS if any(one.macos[arch] for one in wheels))

    def has_arch(self, version: Version) -> bool:
        """Say whether a release has a wheel for the class's arch."""
        return self._mac.arch in self.list_mac_archs(version)

    def list_pythons(self, version: Version) -> tuple[str, ...]:
        """Return the pythons for which a release has wheels for the class's arch."""
        wheels = self._for_arch(version)
        return tuple(one for one in _PYTHONS if any(wheel.accepts(one) for wheel in wheels))

    def find_oldest_macos(self, version: Version) -> Version:
        """Return the macOS that a release needs with this python, for which it has wheels."""
        found = [one.macos[self._mac.arch] for one in self._for_python(version)]
        return min(one for one in found if one is not None)

    def select_for_python(self, versions: Sequence[Version]) -> list[Version]:
        """Return the releases that have a wheel for the class's arch and python."""
        return [one for one in versions if self._for_python(one)]

    def fits(self, version: Version, python: str = "") -> bool:
        """Say whether a release has a wheel for the class and a python, by default its own."""
        limit = Version(self._mac.macos)
        found = (one.macos[self._mac.arch] for one in self._for_python(version, python))
        return any(one <= limit for one in found if one is not None)

    def find_nearest_python(self, versions: Sequence[Version]) -> str:
        """Return the python nearest to the class's for which a release fits; empty if none."""
        own = int(self._python.split(".")[1])
        fitting = [one for one in _PYTHONS if any(self.fits(version, one) for version in versions)]
        return min(fitting, key=lambda one: abs(int(one.split(".")[1]) - own), default="")

    def find_newest_fitting(self, bounds: SpecifierSet) -> Version | None:
        """Return the newest final release within bounds that fits."""
        admitted = bounds.filter(self._wheels)
        fitting = (one for one in admitted if not one.is_prerelease and self.fits(one))
        return max(fitting, default=None)

    def _for_arch(self, version: Version) -> list[_MacWheel]:
        wheels = self._wheels.get(version, ())
        return [one for one in wheels if one.macos[self._mac.arch] is not None]

    def _for_python(self, version: Version, python: str = "") -> list[_MacWheel]:
        return [one for one in self._for_arch(version) if one.accepts(python or self._python)]


def describe_macos(macos: Version) -> str:
    """Return a macOS as `14` or `10.15`."""
    return f"{macos.major}" if macos.minor == 0 else f"{macos.major}.{macos.minor}"


def describe_macs(archs: Iterable[str]) -> str:
    """Return what people call Macs of some archs: `Intel Macs`."""
    return f"{' and '.join(_NAMES[one] for one in archs)} Macs"


def describe_pythons(pythons: Sequence[str]) -> str:
    """Return a list of pythons as `3.9 to 3.12`, or each of them if there are gaps."""
    minors = [int(one.partition(".")[2]) for one in pythons]
    if len(minors) > 2 and minors == list(range(minors[0], minors[-1] + 1)):
        return f"{pythons[0]} to {pythons[-1]}"
    return " and ".join(pythons) or "versions of another kind"


@lru_cache(maxsize=64)
def _accepted_pairs(python: str) -> frozenset[tuple[str, str]]:
    """Return the interpreters and ABIs that a python accepts, without free-threaded ones."""
    major, minor = (int(part) for part in python.split("."))
    own = f"cp{major}{minor}"
    tags = (
        *cpython_tags((major, minor), abis=[own], platforms=["any"]),
        *compatible_tags((major, minor), own, platforms=["any"]),
    )
    return frozenset((one.interpreter, one.abi) for one in tags)


def _oldest_macos(tags: Iterable[Tag], arch: str) -> Version | None:
    """Return the oldest macOS of an arch that tags name, 0 for any, None if they name none."""
    found = []
    for one in tags:
        if one.platform == "any":
            return Version("0.0")
        parts = one.platform.split("_", 3)
        names = {arch, "universal2", *({"intel", "universal"} if arch == "x86_64" else ())}
        if len(parts) == 4 and parts[0] == "macosx" and parts[3] in names:
            found.append(Version(f"{parts[1]}.{parts[2]}"))
    return min(found, default=None)
