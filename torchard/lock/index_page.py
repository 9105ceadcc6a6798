"""The page of a project in a wheel index: its files, read from JSON (PEP 691) or HTML. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import msgspec

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = {"text/html", "application/vnd.pypi.simple.v1+html", ""}
ACCEPT = f"{_JSON}, text/html;q=0.5"  # an index that has both sends JSON, which is smaller


@dataclass(frozen=True)
class IndexFile:
    """A file that an index lists. `requires_python` is a specifier set as the index writes it."""

    url: str
    requires_python: str

    @property
    def name(self) -> str:
        """The file's name, which is the last part of its URL."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]


class _File(msgspec.Struct, rename="kebab"):
    url: str
    requires_python: str | None = None
    yanked: bool | str = False


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str


class _Page(msgspec.Struct):
    meta: _Meta
    files: list[_File]


class _Links(HTMLParser):
    """Collects the attributes of each link of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes of a link."""
        if tag == "a":
            self.found.append(dict(attrs))


def read_index_page(content: bytes, media_type: str, url: str) -> tuple[IndexFile, ...]:
    """Return the files on the page at `url` that are not yanked.

    Raise ValueError with a phrase if the page is not one of an index.
    """
    if media_type == _JSON:
        files = _read_json(content)
    elif media_type in _HTML:
        files = _read_html(content)
    else:
        raise ValueError(f"its media type is {media_type[:80]!r}")
    found = []
    for file in files:
        if not file.yanked:
            try:
                address = urldefrag(urljoin(url, file.url)).url
            except ValueError:
                continue  # such as a host in half a pair of brackets: no file can be there
            found.append(IndexFile(address, file.requires_python or ""))
    return tuple(found)


def _read_json(content: bytes) -> list[_File]:
    try:
        page = msgspec.json.decode(content, type=_Page)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not page.meta.api_version.startswith("1."):
        raise ValueError(f"it has version {page.meta.api_version[:20]!r}, not 1 (PEP 691)")
    return page.files


def _read_html(content: bytes) -> list[_File]:
    links = _Links()
    links.feed(content.decode("utf-8", "replace"))
    return [
        _File(one["href"] or "", one.get("data-requires-python"), "data-yanked" in one)
        for one in links.found
        if "href" in one
    ]
