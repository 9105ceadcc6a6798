"""Releases of torch that the index has and the catalogue has not, as rows for pytorch.yaml.

Where a release's MPS begins is in its binary alone: a row says `unverified` until somebody read it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.catalog.catalog import PACKAGES
from torchard.catalog.mac_class import MacClass
from torchard.curate.libraries import UnreadError, minos
from torchard.curate.listing import oldest_macos
from torchard.curate.proposal import PYTORCH, Proposal
from torchard.lock import index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torchard.catalog.rows import Catalogue
    from torchard.curate.listing import File

_MINORS = range(7, 31)  # from the oldest python that a row names to one that nobody has planned
_NEWEST = "26.0"  # a macOS that takes every wheel there is


def new_releases(
    listed: Mapping[str, Sequence[File]], catalogue: Catalogue
) -> Iterator[Proposal | str]:
    """Yield a row for each new release, newest first, or a sentence on why there is none."""
    known = {one.version for one in catalogue.releases}
    oldest = catalogue.releases[-1].version
    versions = {one.version for one in listed["torch"] if not one.version.is_prerelease}
    for version in sorted(versions - known, reverse=True):
        if oldest is not None and version > oldest:
            own = [one for one in listed["torch"] if one.version == version]
            pythons = [one for one in _pythons() if oldest_macos(own, "arm64", one)]
            if pythons:
                yield _release(version, pythons, listed, catalogue)


def _release(
    version: Version,
    pythons: Sequence[str],
    listed: Mapping[str, Sequence[File]],
    catalogue: Catalogue,
) -> Proposal | str:
    trio = _companions(version, pythons)
    if isinstance(trio, str):
        return f"torch {version} is new, but it has no companions yet: {trio}"
    files = {
        name: [one for one in listed[name] if one.version == Version(trio[name])]
        for name in PACKAGES
    }
    evidence = [
        f"  # The index lists, for python {python}:"
        f" {', '.join(one.name for one in files['torch'] if one.macos('arm64', python))}."
        for python in (pythons[0], pythons[-1])
    ]
    unread: dict[str, None] = {}
    wheels = {
        arch: {name: list(_rows(files[name], arch, unread)) for name in PACKAGES}
        for arch in catalogue.platforms
        if all(any(oldest_macos(files[name], arch, one) for one in _pythons()) for name in PACKAGES)
    }
    lines = [
        "  # The companions are what uv picks beside it.",
        *evidence,
        *(
            f"  # Not read, so what its libraries were built for is not known: {one}"
            for one in unread
        ),
        "  # Where its MPS begins is in the binary alone, and was not read.",
        f"  - torch: {version}",
        f"    torchvision: {trio['torchvision']}",
        f"    torchaudio: {trio['torchaudio']}",
        "    mps: unverified",
    ]
    for arch, rows in wheels.items():
        lines.append(f"    {arch}:")
        for name, own in rows.items():
            lines += [f"      {name}:", *own]
    return Proposal(PYTORCH, ("releases:",), (*lines, "    source: [wheels]", ""))


def _companions(version: Version, pythons: Sequence[str]) -> dict[str, str] | str:
    """Return the companions that uv picks for some python, or what it said of the last one."""
    said = ""
    for python in reversed(pythons):
        try:
            offers = index.resolve(
                [f"torch=={version}", *PACKAGES[1:]],
                (),
                MacClass("osx-arm64", _NEWEST),
                f"{python}.9",
                None,
            )
        except index.IndexError as error:
            said = " ".join(error.message.split())
        else:
            return {one.name: one.version for one in offers if one.name in PACKAGES}
    return said


def _pythons() -> list[str]:
    return [f"3.{minor}" for minor in _MINORS]


def _rows(files: Sequence[File], arch: str, unread: dict[str, None]) -> Iterator[str]:
    """Yield the rows of one package: neighbouring pythons whose wheels are alike share one.

    Every wheel is read, since those of one tag may bring other libraries; or named in `unread`.
    """
    read: dict[str, str] = {}
    found = []
    for python in _pythons():
        tag = oldest_macos(files, arch, python)
        if tag is None:
            found.append((python, ""))
            continue
        wheel = next(one for one in files if one.macos(arch, python) == tag)
        if wheel.url not in read:
            read[wheel.url] = _libraries(wheel, arch, unread)
        found.append((python, f'tag: "{tag}", minos: {{{read[wheel.url]}}}'))
    for alike, group in groupby(found, key=lambda one: one[1]):
        if alike:
            pythons = [python for python, _ in group]
            last = "null" if pythons[-1] == _pythons()[-1] else f'"{pythons[-1]}"'
            yield f'        - {{python: ["{pythons[0]}", {last}], {alike}}}'


def _libraries(wheel: File, arch: str, unread: dict[str, None]) -> str:
    try:
        return ", ".join(f'{file}: "{macos}"' for file, macos in minos(wheel, arch).items())
    except UnreadError as error:
        unread[str(error)] = None
        return ""
