"""Propose rows of pytorch.yaml for conda builds of PyTorch that the catalogue lacks.

They are read from the channel's current_repodata.json, one file for each subdir.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from torchard.curate.fetch import fetch
from torchard.curate.proposal import PYTORCH, Proposal
from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from torchard.catalog.rows import Catalogue, PackageSource

    Records = Mapping[str, list[dict[str, Any]]]


def fetch_records(channel: str, catalogue: Catalogue) -> Records:
    """Return the current packages of a channel, by arch. Raise TorchardError."""
    found = {}
    for arch, platform in catalogue.platforms.items():
        url = f"{channel}/{platform.subdir}/current_repodata.json"
        try:
            data = json.loads(fetch(url))
            found[arch] = [*data["packages"].values(), *data["packages.conda"].values()]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TorchardError(f"{url} is not an index of a conda channel.") from error
    return found


def propose_builds(
    source: PackageSource, found: Records, upstream: Collection[Version]
) -> Iterator[Proposal]:
    """Yield a row for each release that a channel has and its source lacks, newest first.

    Only releases in `upstream` get one, because their MPS floor comes from the row of wheels.
    """
    known = {one.version for one in source.releases}
    built: dict[Version, dict[str, list[dict[str, Any]]]] = {}
    for arch, packages in found.items():
        for record in packages:
            if record["name"] == source.names.get("torch", "torch"):
                version = parse_version(record["version"])
                if version is not None and version in upstream and version not in known:
                    built.setdefault(version, {}).setdefault(arch, []).append(record)
    for version in sorted(built, reverse=True):
        row = _row(version, built[version], found, source.name)
        if row is not None:
            heads = ("conda:", f"  - name: {source.name}", "    releases:")
            yield Proposal(PYTORCH, heads, row)


def parse_version(text: str) -> Version | None:
    """Return the version of a conda package, None if only conda can parse it."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _row(
    version: Version, built: Mapping[str, list[dict[str, Any]]], found: Records, source: str
) -> tuple[str, ...] | None:
    records = [record for group in built.values() for record in group]
    # A build's name contains its python, as in cpu_generic_py312_h….
    minors = sorted(
        {int(text) for one in records for text in re.findall(r"py3\.?(\d+)", one["build"])}
    )
    macos = {arch: _oldest(group) for arch, group in built.items()}
    if not minors or None in macos.values():
        return None
    companions = [
        f"{name}: null, "
        for name in ("torchvision", "torchaudio")
        if all(_has_build_for(name, version, found[arch]) for arch in built)
    ]
    archs = ", ".join(f'{arch}: "{system}"' for arch, system in macos.items())
    example = max(records, key=lambda one: (one["build_number"], one["build"]))
    named = f"torch: {version}, {''.join(companions)}"
    pythons = f'python: ["3.{minors[0]}", "3.{minors[-1]}"]'
    return (
        f"      # {len(records)} builds, such as {example['name']}-{version}-{example['build']}.",
        f"      - {{{named}{pythons}, macos: {{{archs}}}, source: [{source}]}}",
    )


def _oldest(group: Iterable[Mapping[str, Any]]) -> Version | None:
    """Return the oldest `__osx` that some builds need, or None where none names one."""
    asked = (re.fullmatch(r"__osx >=([\d.]+)", text) for one in group for text in one["depends"])
    return min((Version(one[1]) for one in asked if one), default=None)


def _has_build_for(name: str, version: Version, packages: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether any build of a companion was made for this torch."""
    return any(
        is_allowed(text.removeprefix("pytorch "), version)
        for one in packages
        if one["name"] == name
        for text in one["depends"]
        if text.startswith("pytorch ")
    )


def is_allowed(spec: str, version: Version) -> bool:
    """Tell whether `>=2.14.0,<2.15.0a0` or `2.14.* cpu_*` admits a version."""
    text = spec.split(" ", maxsplit=1)[0]
    try:
        return version in SpecifierSet(text if text[:1] in "<>=!" else f"=={text}")
    except InvalidSpecifier:
        return False
