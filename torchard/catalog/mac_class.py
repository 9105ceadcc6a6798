"""The class of a Mac: what a lock depends on, its processor and the range of its macOS. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.catalog.fit import format_macos
from torchard.catalog.variant import Refusal

if TYPE_CHECKING:
    from torchard.catalog.rows import Catalogue


@dataclass(frozen=True, order=True)
class MacClass:
    """A conda subdir, and the oldest macOS of the class as `MAJOR.MINOR`, which solvers are given.

    The text form is `osx-arm64-macos12.3`, or `osx-64-macos13` for 13.0.
    """

    subdir: str
    macos: str

    @property
    def arch(self) -> str:
        """`arm64` or `x86_64`, as `uname -m` prints it."""
        return "arm64" if self.subdir == "osx-arm64" else "x86_64"

    def __str__(self) -> str:
        return f"{self.subdir}-macos{self.macos.removesuffix('.0')}"


def parse_mac_class(text: str) -> MacClass:
    """Return the class that a text names, such as `osx-64-macos13`."""
    subdir, _, macos = text.rpartition("-macos")
    return MacClass(subdir, macos if "." in macos else f"{macos}.0")


def find_mac_class(arch: str, macos: str, catalogue: Catalogue) -> MacClass | Refusal:
    """Return the class of a Mac, or why Torchard supports no such Mac.

    `arch` is the hardware's, as `uname -m` prints it; `macos` as `sw_vers -productVersion` does.
    """
    exact = find_exact_class(arch, macos, catalogue)
    return exact if isinstance(exact, Refusal) else widen_class(exact, catalogue)


def find_exact_class(arch: str, macos: str, catalogue: Catalogue) -> MacClass | Refusal:
    """Return a class that begins at a Mac's own macOS, so that messages name that version.

    `choose` gives it what it gives the Mac's class.
    """
    version = read_macos(arch, macos, catalogue)
    if isinstance(version, Refusal):
        return version
    return _class_from(catalogue.platforms[arch].subdir, version)


def widen_class(exact: MacClass, catalogue: Catalogue) -> MacClass:
    """Return the class that a Mac's own macOS belongs to.

    A class begins at each major version of macOS, and at each threshold of the catalogue between.
    """
    version = Version(exact.macos)
    # Up to 10.15, Apple counted by the second number what are major versions now.
    major = version if version.major == 10 else Version(f"{version.major}.0")
    thresholds = map(Version, catalogue.thresholds(exact.arch))
    return _class_from(exact.subdir, max(major, *(one for one in thresholds if one <= version)))


def _class_from(subdir: str, oldest: Version) -> MacClass:
    return MacClass(subdir, f"{oldest.major}.{oldest.minor}")


def read_macos(arch: str, macos: str, catalogue: Catalogue) -> Version | Refusal:
    """Return a Mac's macOS as a version, or why Torchard supports no such Mac."""
    platform = catalogue.platforms.get(arch)
    if platform is None:
        return Refusal(
            f"A Mac's arch is arm64 or x86_64, and this one's is {arch or 'unknown'}.",
            "Write `arch: arm64` for Apple silicon, or `arch: x86_64` for Intel.",
        )
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}", macos, re.ASCII):
        return Refusal(
            f"{macos!r} is not a version of macOS.",
            "Write it as `sw_vers -productVersion` prints it, such as 15.1.",
        )
    version = Version(macos)
    for compatible, real in catalogue.compatible_names.items():
        if version.release[: len(compatible.release)] == compatible.release:
            rest = version.release[len(compatible.release) :]
            version = Version(".".join(map(str, (*real.release, *rest))))
    if platform.last is not None and version.major > platform.last:
        return Refusal(
            f"macOS {version.major} is not for {platform.name} Macs: macOS {platform.last} is the"
            " last for them.",
            "Check the Mac's `arch` and `macos`.",
        )
    if version < platform.macos:
        oldest = format_macos(platform.macos)
        return Refusal(
            f"{platform.name} Macs need macOS {oldest} or newer, and this one has {macos}:"
            f" {platform.reason}.",
            f"Update the Mac to macOS {oldest} or newer.",
        )
    return version
