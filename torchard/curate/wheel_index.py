"""List the wheels of a project in a package index, and the Macs that each wheel is for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from torchard.curate.fetch import fetch_typed
from torchard.errors import TorchardError
from torchard.lock.index_page import ACCEPT, read_index_page
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.tags import Tag

    from torchard.lock.index_page import IndexFile

_PATCHES = range(30)  # more than any minor version of python has


@dataclass(frozen=True)
class WheelFile:
    """One wheel that the index offers at `url` and did not yank."""

    version: Version
    tags: frozenset[Tag]
    requires_python: SpecifierSet
    url: str
    name: str

    def oldest_macos(self, arch: str, python: str) -> Version | None:
        """Return the oldest macOS that accepts this wheel, or None if no Mac of this kind does."""
        if not any(f"{python}.{patch}" in self.requires_python for patch in _PATCHES):
            return None
        pairs = _pairs(python)
        found = [
            _platform(tag.platform, arch)
            for tag in self.tags
            if (tag.interpreter, tag.abi) in pairs
        ]
        return min((one for one in found if one is not None), default=None)


def list_wheels(index: str, project: str) -> tuple[WheelFile, ...]:
    """Return the wheels of a project in an index, except yanked ones. Raise TorchardError."""
    url = f"{index.rstrip('/')}/{project}/"
    page = fetch_typed(url, ACCEPT)
    try:
        files = read_index_page(page.content, page.media_type, url)
    except ValueError as error:
        raise TorchardError(
            f"{redact(url)} is not a page of a wheel index: {redact(str(error))}.",
            "Check the index that uv or pip is configured with.",
        ) from error
    return tuple(_wheels(files))


def find_oldest_macos(files: Iterable[WheelFile], arch: str, python: str) -> Version | None:
    """Return the oldest macOS that accepts any of the wheels, or None."""
    found = (one.oldest_macos(arch, python) for one in files)
    return min((one for one in found if one is not None), default=None)


def _wheels(files: Iterable[IndexFile]) -> Iterator[WheelFile]:
    for file in files:
        try:
            _, version, _, tags = parse_wheel_filename(file.name)
            required = SpecifierSet(file.requires_python)
        except (InvalidWheelFilename, InvalidSpecifier):
            continue
        yield WheelFile(version, tags, required, file.url, file.name)


@lru_cache(maxsize=64)
def _pairs(python: str) -> frozenset[tuple[str, str]]:
    """Return the interpreters and ABIs that a python accepts, without free-threaded ones."""
    version = tuple(map(int, python.split(".")))
    tags = (
        *cpython_tags(version, abis=[f"cp{version[0]}{version[1]}"], platforms=["macos"]),
        *compatible_tags(version, f"cp{version[0]}{version[1]}", platforms=["macos"]),
    )
    return frozenset((tag.interpreter, tag.abi) for tag in tags)


def _platform(tag: str, arch: str) -> Version | None:
    """Return the macOS of a platform tag, None if no installer accepts the tag on this arch.

    From macOS 11 on, installers know only tags of major versions (packaging.tags.mac_platforms).
    """
    parts = tag.split("_", 3)
    if len(parts) != 4 or parts[0] != "macosx" or parts[3] not in {arch, "universal2"}:
        return None
    macos = Version(f"{parts[1]}.{parts[2]}")
    return None if macos.major > 10 and macos.minor else macos
