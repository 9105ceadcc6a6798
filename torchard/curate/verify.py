"""Is the catalogue true? Each row against the wheel index that this machine is configured with.

Twice: what a row says of its wheels' pythons and macOS must be what the index lists; and every set
of wheels in the matrix must resolve, dependencies and all, on the oldest macOS that it is for.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.catalog.catalog import PACKAGES
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.curate.listing import listing, oldest_macos
from torchard.curate.matrix import PYTHONS
from torchard.errors import TorchardError
from torchard.lab.model import Environment, Request
from torchard.lock.question import Question
from torchard.lock.wheels import resolve_wheels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torchard.catalog.rows import Catalogue, Release
    from torchard.curate.listing import File
    from torchard.curate.matrix import Trio

    Listings = Mapping[str, Sequence[File]]

# A full version of each python, as conda has it: some requirements tell patch releases apart.
_FULL = {
    "3.9": "3.9.25", "3.10": "3.10.20", "3.11": "3.11.15",
    "3.12": "3.12.13", "3.13": "3.13.12", "3.14": "3.14.3",
}  # fmt: skip


def listings(index: str) -> Listings:
    """Return what an index lists of torch and its companions. Raise TorchardError."""
    return {name: listing(index, name) for name in PACKAGES}


def contradicted_rows(
    releases: Iterable[Release], listed: Listings, catalogue: Catalogue
) -> Iterator[str]:
    """Yield a sentence for each thing that the index says otherwise than a row of wheels."""
    for release in releases:
        for arch in catalogue.platforms:
            # A companion may serve Macs for which this torch has no wheel: nothing is wrong then.
            for package in PACKAGES if arch in release.builds else ("torch",):
                yield from _contradicted(release, arch, package, listed[package])


def _contradicted(
    release: Release, arch: str, package: str, files: Iterable[File]
) -> Iterator[str]:
    version = release.packages[package]
    own = [one for one in files if one.version == Version(str(version))]
    found: dict[str, list[str]] = {}
    for python in PYTHONS:
        major, minor = map(int, python.split("."))
        row = release.find(arch, package, (major, minor))
        said = None if row is None else row.tag
        listed = oldest_macos(own, arch, python)
        if said != listed:
            text = f"the catalogue has {_wheel(said)}, the index {_wheel(listed)}"
            found.setdefault(text, []).append(python)
    for text, pythons in found.items():
        beside = "" if package == "torch" else f" (beside torch {release})"
        yield f"{package} {version}{beside}, {arch}, python {', '.join(pythons)}: {text}."


def _wheel(macos: Version | None) -> str:
    return "no wheel" if macos is None else f"a wheel for macOS {macos}"


def unresolved(trios: Sequence[Trio], catalogue: Catalogue) -> Iterator[str | None]:
    """Yield, as each of some sets of wheels is resolved, None or a sentence on why it cannot be."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield from pool.map(lambda one: _unresolved(one, catalogue), trios)


def _unresolved(trio: Trio, catalogue: Catalogue) -> str | None:
    group = MacClass(catalogue.platforms[trio.arch].subdir, trio.macos)
    variant = Variant("wheels", dict(trio.packages), trio.python, False, "", trio.constraints)  # noqa: FBT003
    try:
        wheels = resolve_wheels(
            Question(Environment("torch", trio.python, Request(trio.python)), group, variant),
            _FULL[trio.python],
            {},
        )
    except TorchardError as error:
        said = " ".join(error.message.split())
        return f"{_named(trio)} does not resolve: {said}"
    got = {one.name: one.version for one in wheels}
    if all(got.get(name) == version for name, version in trio.packages):
        return None
    return f"{_named(trio)} resolves to other versions: {got}."


def _named(trio: Trio) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in trio.packages)
    return f"{packages}, {trio.arch}, macOS {trio.macos}, python {trio.python}"
