"""Compare the catalogue's rows of conda builds with a listing of their channel. Pure.

A listing may be partial, so a build that is not in it says nothing: such rows are only counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.catalog.fit import format_python
from torchard.curate.new_builds import is_allowed, parse_version
from torchard.lab.model import COMPANIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torchard.catalog.rows import Catalogue, PackageSource, Python, Release
    from torchard.curate.listing import Record


@dataclass
class Comparison:
    """Sentences on contradictions, how many rows agree, and which were not compared, by arch."""

    wrong: list[str] = field(default_factory=list)
    confirmed: int = 0
    unseen: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Build:
    """A build for one arch. `python` is None if its name has none, `macos` if it needs none."""

    version: Version
    python: Python | None
    macos: Version | None
    torch: tuple[str, ...]


def compare_builds(
    source: PackageSource, records: Iterable[Record], catalogue: Catalogue
) -> Comparison:
    """Compare a source's rows with the records of its channel."""
    found = Comparison()
    everything = list(records)
    upstream = {one.version for one in catalogue.releases}
    for arch, platform in catalogue.platforms.items():
        own = [one for one in everything if one.subdir == platform.subdir]
        torch = list(_read_builds(own, source.names.get("torch", "torch")))
        versions = sorted({one.version for one in torch if one.version in upstream}, reverse=True)
        companions = {name: list(_read_builds(own, name)) for name in COMPANIONS}
        for version in versions:
            builds = [one for one in torch if one.version == version]
            rows = [one for one in source.by_version.get(version, ()) if arch in one.builds]
            said = list(_compare(version, arch, rows, builds))
            for name in COMPANIONS:
                said += _compare_companion(name, version, arch, rows, companions[name])
            found.wrong += said
            found.confirmed += 0 if said else len(rows)
        rows = [one for one in source.releases if arch in one.builds]
        unseen = dict.fromkeys(str(one) for one in rows if one.version not in versions)
        if unseen:
            found.unseen.append(f"{arch}: {', '.join(unseen) if versions else 'all'}")
    return found


def _read_builds(records: Iterable[Record], name: str) -> Iterator[_Build]:
    for one in records:
        version = parse_version(one.version)
        if one.name != name or version is None:
            continue
        # As in cpu_generic_py312_h… of conda-forge, and py3.12_0 of the pytorch channel.
        python = re.search(r"(?:^|_)py3\.?(\d+)(?:_|$)", one.build)
        macos = (re.fullmatch(r"__osx >=([\d.]+)", text) for text in one.depends)
        yield _Build(
            version,
            (3, int(python[1])) if python else None,
            max((Version(match[1]) for match in macos if match), default=None),
            tuple(text.partition(" ")[2] for text in one.depends if text.startswith("pytorch ")),
        )


def _compare(
    version: Version, arch: str, rows: Sequence[Release], builds: Sequence[_Build]
) -> Iterator[str]:
    """Yield how the rows of one torch contradict its builds."""
    title = f"torch {version}, {arch}"
    pythons = sorted({one.python for one in builds if one.python is not None})
    if not rows:
        names = ", ".join(map(format_python, pythons))
        yield f"{title}: the listing has builds for python {names}, the catalogue no row."
        return
    own = [row.builds[arch]["torch"] for row in rows]
    lacking = [
        one for one in pythons if not any(some.is_built_for(one) for row in own for some in row)
    ]
    if lacking:
        names = ", ".join(map(format_python, lacking))
        yield f"{title}: the listing has builds for python {names}, the rows have not."
    listed = min((one.macos for one in builds if one.macos is not None), default=None)
    known = min(some.tag for row in own for some in row)
    if listed is not None and listed < known:
        yield f"{title}: the listing has builds for macOS {listed}, the catalogue from {known} on."


def _compare_companion(
    name: str, version: Version, arch: str, rows: Sequence[Release], builds: Sequence[_Build]
) -> Iterator[str]:
    """Yield the companions of a torch that the rows lack, each with its pythons."""
    if not rows:
        return
    fitting = [one for one in builds if any(is_allowed(text, version) for text in one.torch)]
    newer: dict[Version, list[Python]] = {}
    for build in fitting:
        if build.python is not None and not _has(rows, name, arch, build):
            newer.setdefault(build.version, []).append(build.python)
    for companion, pythons in sorted(newer.items(), reverse=True):
        names = ", ".join(map(format_python, sorted(set(pythons))))
        yield (
            f"torch {version}, {arch}: the listing has {name} {companion} for it and python"
            f" {names}, the rows have not."
        )


def _has(rows: Iterable[Release], name: str, arch: str, build: _Build) -> bool:
    """Tell whether a row has a companion for the python of a build, in its version or a newer."""
    for row in rows:
        pythons = row.builds[arch].get(name, ())
        own = row.packages.get(name)
        if (
            build.python is not None
            and any(one.is_built_for(build.python) for one in pythons)
            and (own is None or Version(own) >= build.version)
        ):
            return True
    return False
