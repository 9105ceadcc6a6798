"""What a wheel in an index asks for: its metadata, read without fetching the wheel.

An index keeps the metadata beside the wheel (PEP 658). Where it does not, Torchard reads only the
end of the wheel, which has the list of its files, and the metadata in it.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from torchard.depot.connection import BrokenOffError, DownloadError, RangeError, open_url
from torchard.depot.ranged_file import RangedFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LARGEST = 4 << 20  # bytes of metadata: a README of a MiB is in it
_MOST_READ = 16 << 20  # bytes of one wheel: the list of 50,000 files has 5 MB


@dataclass(frozen=True)
class Metadata:
    """The requirements of one wheel, and the names of its extras."""

    requirements: tuple[Requirement, ...] = ()
    extras: tuple[str, ...] = ()

    def find_in_extra(self, extra: str, environment: Mapping[str, str]) -> Iterator[Requirement]:
        """Yield the requirements that count only with an extra, on Macs with some markers."""
        for one in self.requirements:
            if one.marker is not None and "extra" in str(one.marker):
                plain = {**environment, "extra": ""}
                if one.marker.evaluate({**plain, "extra": extra}) and not one.marker.evaluate(
                    plain
                ):
                    yield one


@lru_cache(maxsize=4096)
def read_metadata(url: str) -> Metadata:
    """Return the metadata of a wheel at a URL; an empty one if it cannot be read.

    It serves only to choose a version, so a server without it raises nothing.
    """
    try:
        text = _fetch(url) or _read_wheel(url)
    except (DownloadError, BrokenOffError, RangeError, OSError, ValueError, zipfile.BadZipFile):
        return Metadata()
    return parse_metadata(text)


def parse_metadata(content: bytes) -> Metadata:
    """Return the requirements and extras in a METADATA file. What is not valid is left out."""
    headers = HeaderParser().parsestr(content.decode("utf-8", "replace"))
    found = []
    for text in headers.get_all("Requires-Dist", ()):
        try:
            found.append(Requirement(str(text).strip()))
        except InvalidRequirement:
            continue
    extras = (str(canonicalize_name(one)) for one in headers.get_all("Provides-Extra", ()))
    return Metadata(tuple(found), tuple(extras))


def _fetch(url: str) -> bytes:
    """Return the metadata beside a wheel; nothing if the index has none."""
    parts = urlsplit(url)
    try:
        with open_url(
            parts._replace(path=f"{parts.path}.metadata", fragment="").geturl()
        ) as answer:
            content = answer.read(_LARGEST + 1)
    except (DownloadError, RangeError):
        return b""
    return content if len(content) <= _LARGEST and content.startswith(b"Metadata-Version") else b""


def _read_wheel(url: str) -> bytes:
    parts = urlsplit(url)
    is_here = parts.scheme == "file"
    place = Path(url2pathname(parts.path)) if is_here else RangedFile(url, _MOST_READ)
    with zipfile.ZipFile(place) as wheel:
        for one in wheel.namelist():
            if one.endswith(".dist-info/METADATA") and one.count("/") == 1:
                with wheel.open(one) as member:
                    return member.read(_LARGEST)
    return b""
