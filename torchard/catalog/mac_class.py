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
    """A conda subdir and the highest macOS threshold of the catalogue that a Mac reaches.

    `macos` is `MAJOR.MINOR`. The text form is `osx-arm64-macos12.3`.
    """

    subdir: str
    macos: str

    @property
    def arch(self) -> str:
        """`arm64` or `x86_64`, as `uname -m` prints it."""
        return "arm64" if self.subdir == "osx-arm64" else "x86_64"

    def __str__(self) -> str:
        return f"{self.subdir}-macos{self.macos}"


def find_mac_class(arch: str, macos: str, catalogue: Catalogue) -> MacClass | Refusal:
    """Return the class of a Mac, or why Torchard supports no such Mac.

    `arch` is the hardware's, as `uname -m` prints it; `macos` as `sw_vers -productVersion` does.
    """
    version = read_macos(arch, macos, catalogue)
    if isinstance(version, Refusal):
        return version
    reached = [one for one in catalogue.thresholds(arch) if Version(one) <= version]
    return MacClass(catalogue.platforms[arch].subdir, reached[-1])


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
    if version < platform.macos:
        oldest = format_macos(platform.macos)
        return Refusal(
            f"{platform.name} Macs need macOS {oldest} or newer, and this one has {macos}:"
            f" {platform.reason}.",
            f"Update the Mac to macOS {oldest} or newer.",
        )
    return version
