"""What an index lists of a project: the wheels of each release, and the Macs that each is for.

Read from the project's page in HTML, which every index has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from torchard.curate.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag

_PATCHES = range(30)  # more than any minor version of python has had


@dataclass(frozen=True)
class File:
    """One wheel that can be had: `url` is where; yanked ones are none."""

    version: Version
    tags: frozenset[Tag]
    requires_python: SpecifierSet
    url: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return _file_name(self.url)

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
    reader = _Page()
    reader.feed(fetch(url).decode("utf-8", "replace"))
    return tuple(_files(reader.links, url))


def oldest_macos(files: Iterable[File], arch: str, python: str) -> Version | None:
    """Return the oldest macOS that takes one of some wheels, or None."""
    found = (one.macos(arch, python) for one in files)
    return min((one for one in found if one is not None), default=None)


class _Page(HTMLParser):
    """Collects the links of a simple page, each with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs))


def _files(links: Iterable[dict[str, str | None]], page: str) -> Iterable[File]:
    for link in links:
        url = urldefrag(urljoin(page, link.get("href") or "")).url
        if "data-yanked" in link:
            continue
        try:
            _, version, _, tags = parse_wheel_filename(_file_name(url))
            required = SpecifierSet(link.get("data-requires-python") or "")
        except (InvalidWheelFilename, InvalidSpecifier):
            continue
        yield File(version, tags, required, url)


def _file_name(url: str) -> str:
    return unquote(urlsplit(url).path).rpartition("/")[2]


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
