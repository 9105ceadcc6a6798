"""Propose rows of pytorch.yaml for releases of torch that the catalogue lacks.

The macOS that MPS needs is only in the release's binary. So a row says `unverified` until somebody
reads it there.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.catalog.catalog import PACKAGES
from torchard.catalog.mac_class import MacClass
from torchard.curate.proposal import PYTORCH, Proposal
from torchard.curate.wheel_index import find_oldest_macos
from torchard.curate.wheel_libraries import Measured, measure_wheel
from torchard.lock import index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torchard.catalog.rows import Catalogue
    from torchard.curate.wheel_index import WheelFile

_MINORS = range(7, 31)  # from the oldest python of any row to one that is far in the future
_NEWEST = "99.0"  # a macOS that accepts every wheel


def propose_releases(
    listed: Mapping[str, Sequence[WheelFile]], catalogue: Catalogue
) -> Iterator[Proposal | str]:
    """Yield a row for each new release, newest first, or a sentence on why it has none."""
    known = {one.version for one in catalogue.releases}
    oldest = catalogue.releases[-1].version
    offered = listed.get("torch", ())
    versions = {one.version for one in offered if not one.version.is_prerelease}
    for version in sorted(versions - known, reverse=True):
        if oldest is not None and version > oldest:
            own = [one for one in offered if one.version == version]
            pythons = [one for one in _pythons() if find_oldest_macos(own, "arm64", one)]
            if pythons:
                yield _release(version, pythons, listed, catalogue)


def _release(
    version: Version,
    pythons: Sequence[str],
    listed: Mapping[str, Sequence[WheelFile]],
    catalogue: Catalogue,
) -> Proposal | str:
    missing = [one for one in PACKAGES if one not in listed]
    if missing:
        return f"torch {version} is new, but the index does not list {' and '.join(missing)}."
    trio = _companions(version, pythons)
    if isinstance(trio, str):
        return f"torch {version} is new, but it has no companions yet: {trio}"
    files = {
        name: [one for one in listed[name] if one.version == Version(trio[name])]
        for name in PACKAGES
    }
    evidence = [
        f"  # The index lists, for python {python}:"
        f" {', '.join(one.name for one in files['torch'] if one.oldest_macos('arm64', python))}."
        for python in (pythons[0], pythons[-1])
    ]
    unknown: dict[str, None] = {}
    wheels = {
        arch: {name: list(_rows(name, files[name], arch, catalogue, unknown)) for name in PACKAGES}
        for arch in catalogue.platforms
        if all(
            any(find_oldest_macos(files[name], arch, one) for one in _pythons())
            for name in PACKAGES
        )
    }
    lines = [
        "  # uv chose these companions for it.",
        *evidence,
        *(f"  # Not known: {one}." for one in unknown),
        "  # The macOS that its MPS needs is in the binary, which was not read.",
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
    """Return the companions that uv chooses for some python, or the last error of uv."""
    said = ""
    for python in reversed(pythons):
        try:
            offers = index.resolve(
                index.WheelQuery(
                    [f"torch=={version}", *PACKAGES[1:]],
                    MacClass("osx-arm64", _NEWEST),
                    f"{python}.9",
                )
            )
        except index.WheelIndexError as error:
            said = " ".join(error.message.split())
        else:
            return {one.name: one.version for one in offers if one.name in PACKAGES}
    return said


def _pythons() -> list[str]:
    return [f"3.{minor}" for minor in _MINORS]


def _rows(
    package: str,
    files: Sequence[WheelFile],
    arch: str,
    catalogue: Catalogue,
    unknown: dict[str, None],
) -> Iterator[str]:
    """Yield the rows of one package. Adjacent pythons with the same macOS share a row.

    Every wheel is read, because wheels with the same tag can have different libraries. What is not
    known of one is added to `unknown`.
    """
    read: dict[str, str] = {}
    found = []
    for python in _pythons():
        tag = find_oldest_macos(files, arch, python)
        if tag is None:
            found.append((python, ""))
            continue
        wheel = next(one for one in files if one.oldest_macos(arch, python) == tag)
        if wheel.url not in read:
            measured = measure_wheel(package, wheel, arch, tag, catalogue)
            unknown |= {f"{wheel.name}: {one}": None for one in measured.unknown}
            read[wheel.url] = f'tag: "{tag}", {_write_fields(measured)}'
        found.append((python, read[wheel.url]))
    for alike, group in groupby(found, key=lambda one: one[1]):
        if alike:
            pythons = [python for python, _ in group]
            last = "null" if pythons[-1] == _pythons()[-1] else f'"{pythons[-1]}"'
            yield f'        - {{python: ["{pythons[0]}", {last}], {alike}}}'


def _write_fields(measured: Measured) -> str:
    """Return the fields of a row as YAML."""
    fields = ["needs: unknown" if measured.needs is None else f'needs: "{measured.needs}"']
    fields += [] if measured.sure is None else [f'sure: "{measured.sure}"']
    fields += [f'minos: {{{file}: "{macos}"}}' for file, macos in measured.minos.items()]
    return ", ".join(fields)
