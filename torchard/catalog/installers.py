"""Which installer of Miniconda or Miniforge does a Mac get? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from torchard.catalog.fit import format_macos
from torchard.catalog.mac_class import read_macos
from torchard.catalog.variant import Refusal

if TYPE_CHECKING:
    from packaging.version import Version

    from torchard.catalog.rows import Catalogue, Distribution, InstallerRow
    from torchard.lab.model import InstallerSource, Miniconda


@dataclass(frozen=True)
class Installer:
    """One conda installer: `url` is its vendor's address, `sha256` 64 lower-case hex digits.

    `own` marks one that the lab file names itself, so that no mirror replaces it. `licence` is a
    phrase that names the terms which an unattended install accepts, and is empty where none are
    known. `disk` is the least space for download and installation in bytes, 0 where unknown.
    """

    distribution: str
    version: str
    file: str
    url: str
    sha256: str
    notes: tuple[str, ...] = ()
    own: bool = False
    licence: str = ""
    disk: int = 0


def choose_installer(
    arch: str, macos: str, miniconda: Miniconda, catalogue: Catalogue
) -> Installer | Refusal:
    """Return the installer for a Mac: the lab's own, the version it pins, or the newest that fits.

    `arch` and `macos` are the Mac's own, as for `find_mac_class`. An installer's minimum macOS is
    not a threshold of classes, because no lock depends on it.
    """
    distribution = catalogue.installers[miniconda.distribution]
    if miniconda.installer is not None:
        return _use_own(miniconda.installer, miniconda.distribution, distribution)
    version = read_macos(arch, macos, catalogue)
    if isinstance(version, Refusal):
        return version
    if miniconda.version is not None:
        return _find_pinned(miniconda, arch, version, catalogue)
    reached = [
        one for one in distribution.defaults if one.installer.arch == arch and one.macos <= version
    ]
    chosen = max(reached, key=lambda one: one.macos)
    newest = distribution.rows[0].version == chosen.installer.version
    why = f"{distribution.name} {chosen.installer.version} is {chosen.reason}."
    return _make_installer(
        chosen.installer, miniconda.distribution, distribution, () if newest else (why,)
    )


def _use_own(source: InstallerSource, name: str, distribution: Distribution) -> Installer | Refusal:
    file = urlsplit(source.url).path.rpartition("/")[2]
    if not file.endswith(".sh"):
        return Refusal(
            f"The installer {source.url} is not a shell script: its name does not end in .sh.",
            "Name an installer whose file ends in .sh; Torchard does not install .pkg files.",
        )
    sha256 = source.sha256.lower()
    return Installer(name, "", file, source.url, sha256, own=True, disk=distribution.disk)


def _find_pinned(
    miniconda: Miniconda, arch: str, macos: Version, catalogue: Catalogue
) -> Installer | Refusal:
    """Return the installer of a pinned version, written with its python (`py312_…`) or without."""
    distribution, pin = catalogue.installers[miniconda.distribution], miniconda.version
    rows = [one for one in distribution.rows if one.arch == arch]
    for row in rows:
        if pin not in {row.version, row.name}:
            continue
        if row.macos is not None and macos < row.macos:
            return Refusal(
                f"{distribution.name} {pin} needs macOS {format_macos(row.macos)}, and this Mac has"
                f" {macos}.",
                "Leave `version` out of `miniconda:` for the newest that fits this Mac.",
            )
        return _make_installer(row, miniconda.distribution, distribution)
    versions = ", ".join(dict.fromkeys(one.version for one in rows))
    return Refusal(
        f"The catalogue has no {distribution.name} {pin} for {catalogue.platforms[arch].name}"
        " Macs.",
        f"Leave `version` out for the newest that fits, write one of {versions}, or name your own"
        " with `installer: {url: …, sha256: …}`.",
    )


def _make_installer(
    row: InstallerRow, name: str, distribution: Distribution, why: tuple[str, ...] = ()
) -> Installer:
    unknown = (
        f"{distribution.name} {row.version} has no documented minimum macOS. It may not run on this"
        " Mac."
    )
    return Installer(
        distribution=name,
        version=row.version,
        file=row.file,
        url=distribution.address.format(file=row.file, version=row.version),
        sha256=row.sha256,
        notes=why if row.macos is not None else (*why, unknown),
        licence=distribution.licence,
        disk=distribution.disk,
    )
