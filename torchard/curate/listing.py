"""What an index lists of a project: the wheels of each release, and the Macs that each is for."""

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

_PATCHES = range(30)  # more than any minor version of python has had


@dataclass(frozen=True)
class File:
    """One wheel that the index offers at `url` and did not yank."""

    version: Version
    tags: frozenset[Tag]
    requires_python: SpecifierSet
    url: str
    name: str

    def macos(self, arch: str, python: str) -> Version | None:
        """Return the oldest macOS that takes this wheel, or None where no such Mac does."""
        if not any(f"{python}.{patch}" in self.requires_python for patch in _PATCHES):
            return None
        pairs = _pairs(python)
        found = [
            _platform(tag.platform, arch)
            for tag in self.tags
            if (tag.interpreter, tag.abi) in pairs
        ]
        return min((one for one in found if one is not None), default=None)


def listing(index: str, project: str) -> tuple[File, ...]:
    """Return the wheels of a project in a simple index. Raise TorchardError."""
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


def oldest_macos(files: Iterable[File], arch: str, python: str) -> Version | None:
    """Return the oldest macOS that takes one of some wheels, or None."""
    found = (one.macos(arch, python) for one in files)
    return min((one for one in found if one is not None), default=None)


def _wheels(files: Iterable[IndexFile]) -> Iterator[File]:
    for file in files:
        try:
            _, version, _, tags = parse_wheel_filename(file.name)
            required = SpecifierSet(file.requires_python)
        except (InvalidWheelFilename, InvalidSpecifier):
            continue
        yield File(version, tags, required, file.url, file.name)


@lru_cache(maxsize=64)
def _pairs(python: str) -> frozenset[tuple[str, str]]:
    """Return the interpreters and ABIs that a python takes; a free-threaded one is another."""
    version = tuple(map(int, python.split(".")))
    tags = (
        *cpython_tags(version, abis=[f"cp{version[0]}{version[1]}"], platforms=["macos"]),
        *compatible_tags(version, f"cp{version[0]}{version[1]}", platforms=["macos"]),
    )
    return frozenset((tag.interpreter, tag.abi) for tag in tags)


def _platform(tag: str, arch: str) -> Version | None:
    parts = tag.split("_", 3)
    if len(parts) == 4 and parts[0] == "macosx" and parts[3] in {arch, "universal2"}:
        return Version(f"{parts[1]}.{parts[2]}")
    return None
