"""Read the catalogue from pytorch.yaml, installers.yaml and pairings.yaml, beside this module.

These files hold the facts and their sources, as `schemas/catalog.schema.json` describes them.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from torchard.catalog.pairings import read_needs, read_pairings
from torchard.catalog.rows import (
    Advisory,
    Builds,
    Catalogue,
    DefaultInstaller,
    Dismissed,
    Distribution,
    InstallerRow,
    KnownFailure,
    MpsFloor,
    Note,
    OnDemand,
    PackageSource,
    Platform,
    Python,
    Release,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDER = Path(__file__).parent  # tests read a fixed catalogue from another one
PACKAGES = ("torch", "torchvision", "torchaudio")
UNVERIFIED = "unverified"
UNKNOWN = "unknown"
NO_MPS = "none"


@functools.cache
def load_catalog() -> Catalogue:
    """Return the catalogue of this version of Torchard, read once in a process."""
    return parse_catalog(_read("pytorch.yaml"), _read("installers.yaml"), _read("pairings.yaml"))


def parse_catalog(
    pytorch: Mapping[str, Any],
    installers: Mapping[str, Any],
    pairings: Mapping[str, Any] | None = None,
) -> Catalogue:
    """Make a catalogue of the contents of its files, which must be valid under the schema."""
    platforms = [_platform(row) for row in pytorch["macs"]]
    archs = [one.arch for one in platforms]
    releases = [_release(row, archs) for row in _newest_first(pytorch["releases"])]
    wheels = PackageSource("wheels", "wheel", tuple(releases))
    upstream = {one.version: one for one in releases}
    conda = [_conda_source(row, upstream) for row in pytorch["conda"]]
    return Catalogue(
        platforms={one.arch: one for one in platforms},
        compatible_names={
            Version(row["called"]): Version(row["macos"]) for row in pytorch["compatible_names"]
        },
        mps=MpsFloor(
            pytorch["mps"]["arch"], Version(pytorch["mps"]["macos"]), pytorch["mps"]["reason"]
        ),
        sources={one.name: one for one in (wheels, *conda)},
        nightly=_nightly(pytorch["nightly"]),
        openmp=tuple(pytorch["openmp"]["conda"]),
        on_demand=tuple(
            OnDemand(row["package"], SpecifierSet(row["releases"]), tuple(row["files"]))
            for row in pytorch["on_demand"]
        ),
        advisories=tuple(_advisory(row) for row in pytorch["advisories"]),
        dismissed=tuple(Dismissed(row["id"], row["reason"]) for row in pytorch["dismissed"]),
        known_failures=tuple(_known_failure(row) for row in pytorch["known_failures"]),
        oldest_conda=Version(installers["conda"]["oldest"]),
        reading_conda=Version(installers["conda"]["reads_condarc"]),
        freezing_conda=Version(installers["conda"]["freezes"]),
        installers={row["distribution"]: _distribution(row) for row in installers["distributions"]},
        pairings=read_pairings(pairings) if pairings else (),
        needs=read_needs(pairings) if pairings else (),
    )


def _read(name: str) -> Any:
    text = (FOLDER / name).read_bytes()
    # The C loader is some ten times as fast, but not every PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, loader)  # noqa: S506 - both are safe loaders


def _newest_first(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: Version(row["torch"]), reverse=True)


def _platform(row: Mapping[str, Any]) -> Platform:
    return Platform(
        arch=row["arch"],
        subdir=row["subdir"],
        name=row["name"],
        macos=Version(row["macos"]),
        reason=row["reason"],
        last=row.get("last"),
    )


def _advisory(row: Mapping[str, Any]) -> Advisory:
    return Advisory(
        id=row["id"],
        published=row["published"],
        affected=SpecifierSet(row["affected"]),
        fixed=Version(row["fixed"]) if "fixed" in row else None,
        text=row["text"],
        url=row["url"],
    )


def _known_failure(row: Mapping[str, Any]) -> KnownFailure:
    return KnownFailure(
        affected=SpecifierSet(row["affected"]),
        macos=Version(row["macos"]),
        text=row["text"],
        url=row["url"],
    )


def _release(row: Mapping[str, Any], archs: list[str]) -> Release:
    return Release(
        version=Version(row["torch"]),
        packages={name: row[name] for name in PACKAGES},
        builds={
            arch: {package: tuple(map(_wheels, rows)) for package, rows in row[arch].items()}
            for arch in archs
            if arch in row
        },
        mps=None if row["mps"] in {UNVERIFIED, NO_MPS} else Version(row["mps"]),
        has_mps=row["mps"] != NO_MPS,
        is_exact_only=row.get("exact_only", False),
        constraints=tuple(row.get("constraints", ())),
        notes=tuple(Note(one["about"], one["text"]) for one in row.get("notes", ())),
    )


def _wheels(row: Mapping[str, Any]) -> Builds:
    first, last = row["python"]
    needs = None if row["needs"] == UNKNOWN else Version(row["needs"])
    return Builds(
        first=_python(first),
        last=None if last is None else _python(last),
        tag=Version(row["tag"]),
        needs=needs,
        minos={file: Version(text) for file, text in row.get("minos", {}).items()},
        sure=Version(row["sure"]) if "sure" in row else None,
    )


def _conda_source(
    row: Mapping[str, Any], upstream: Mapping[Version | None, Release]
) -> PackageSource:
    return PackageSource(
        name=row["name"],
        build="conda build",
        releases=tuple(
            _conda_release(one, upstream[Version(one["torch"])])
            for one in _newest_first(row["releases"])
        ),
        channel=row["channel"],
        names=row["names"],
        notes=tuple(
            Note(arch, one["text"], Version(one["since"]) if "since" in one else None)
            for one in row["notes"]
            for arch in one["about"]
        ),
        frozen=row.get("frozen", ""),
    )


def _conda_release(row: Mapping[str, Any], upstream: Release) -> Release:
    """Read a row of conda builds. Its MPS floor and constraints are those of the wheels."""
    packages = {name: row[name] for name in PACKAGES if name in row}
    first, last = map(_python, row["python"])
    return Release(
        version=upstream.version,
        packages=packages,
        builds={
            arch: dict.fromkeys(packages, (Builds(first, last, Version(macos)),))
            for arch, macos in row["macos"].items()
        },
        mps=upstream.mps,
        constraints=upstream.constraints,
        has_mps=upstream.has_mps,
    )


def _nightly(row: Mapping[str, Any]) -> PackageSource:
    first, last = map(_python, row["arm64"]["python"])
    builds = (Builds(first, last, Version(row["arm64"]["macos"])),)
    packages: dict[str, str | None] = dict.fromkeys(row["packages"])
    release = Release(
        version=None,
        packages=packages,
        builds={"arm64": dict.fromkeys(packages, builds)},
        mps=Version(row["mps"]),
    )
    return PackageSource(
        name="wheels",
        build="nightly wheel",
        releases=(release,),
        index=row["index"],
        without=row["without"],
        notes=tuple(Note("torch", text) for text in row["notes"]),
    )


def _python(text: str) -> Python:
    major, minor = text.split(".")
    return int(major), int(minor)


def _distribution(data: Mapping[str, Any]) -> Distribution:
    rows = tuple(_installer(row) for row in data["installers"])
    by_key = {(one.arch, one.version, one.python): one for one in rows}
    return Distribution(
        name=data["name"],
        address=data["address"],
        licence=data.get("licence", ""),
        disk=data.get("disk", 0),
        defaults=tuple(
            DefaultInstaller(
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
