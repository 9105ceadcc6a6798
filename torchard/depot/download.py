"""Download one file or page. A download is judged by its length alone: the depot verifies bytes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from urllib3.exceptions import HTTPError

from torchard.depot.connection import (
    CHECK_MIRRORS,
    BrokenOffError,
    DownloadError,
    RangeError,
    open_url,
)
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from urllib3 import BaseHTTPResponse

_CHUNK = 1 << 20  # bytes
_WINDOW = 60  # seconds in which at least _LEAST bytes must arrive, from a server that only drips
_LEAST = 60_000
_LARGEST_FILE = 2 << 30  # bytes, where nothing says the size: installers have some 150 MB
_LARGEST_PAGE = 64 << 20  # the simple page of torch has some 3 MB

__all__ = ["BrokenOffError", "DownloadError", "Page", "append_rest", "fetch_length", "fetch_page"]


@dataclass(frozen=True)
class Page:
    """A page in memory, and its media type without parameters, such as `text/html`."""

    content: bytes
    media_type: str


def _ignore(_done: int, _total: int) -> None:
    """Drop a report of progress."""


def append_rest(
    stream: BinaryIO, url: str, size: int | None, report: Callable[[int, int], None] = _ignore
) -> str:
    """Append to a stream what a server has beyond its end. Return the answer's media type.

    If the server sends the whole file again, the stream is emptied first. `size` is that of the
    whole file in bytes, None if it is not known. `report` gets the bytes so far and in all, 0 if
    that is not known. Raise DownloadError, BrokenOffError, or OSError if the stream fails.
    """
    begun = stream.seek(0, os.SEEK_END)
    try:
        answer = open_url(url, headers={"Range": f"bytes={begun}-"} if begun else {})
    except RangeError as error:
        if not begun:
            raise DownloadError(
                f"{redact(url)}: the server answered 416.", CHECK_MIRRORS
            ) from error
        return ""  # nothing is left to send: the sha256 decides
    with answer:
        return _append(stream, answer, url, begun, size, report)


def fetch_length(url: str) -> int:
    """Return how many bytes a server has at a URL, without fetching them.

    Raise DownloadError if it does not say, BrokenOffError if it may say so next time.
    """
    try:
        answer = open_url(url, "HEAD")
    except RangeError as error:
        raise DownloadError(f"{redact(url)}: the server answered 416.", CHECK_MIRRORS) from error
    with answer:
        kind, length = _media_type(answer), _length(answer)
    if not length or kind == "text/html":
        raise DownloadError(
            f"The server does not say the length of {redact(url)}.{explain_type(kind)}",
            CHECK_MIRRORS,
        )
    return length


def fetch_page(url: str, accept: str = "*/*", body: bytes | None = None) -> Page:
    """Return a page of at most 64 MiB, or what a server answers to a posted `body`.

    Raise DownloadError or BrokenOffError.
    """
    method = "GET" if body is None else "POST"
    with open_url(url, method, {"Accept": accept}, body) as answer:
        content = b""
        for chunk in _chunks(answer):
            content += chunk
            if len(content) > _LARGEST_PAGE:
                raise DownloadError(f"{redact(url)} has more than {_LARGEST_PAGE >> 20} MiB.")
        return Page(content, _media_type(answer))


def explain_type(media_type: str) -> str:
    """Return a sentence that may explain wrong bytes of a media type, or nothing."""
    if media_type != "text/html":
        return ""
    return " It is a web page: a login page or proxy may have answered instead of the server."


def _append(  # noqa: PLR0917  # the one caller has them all
    stream: BinaryIO,
    answer: BaseHTTPResponse,
    url: str,
    begun: int,
    size: int | None,
    report: Callable[[int, int], None],
) -> str:
    kind = _media_type(answer)
    if answer.status == 206:
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {begun}-"):
            stream.truncate(0)
            raise BrokenOffError("the server sent another part than the one asked for")
    elif begun:
        stream.truncate(0)
        begun = 0
    length = _length(answer)
    promised = None if length is None else begun + length
    whole = promised if size is None else size
    most = _LARGEST_FILE if size is None else size
    has = begun
    fits = promised is None or (promised == whole and promised <= most)
    for chunk in _chunks(answer) if fits else ():
        stream.write(chunk)
        has += len(chunk)
        report(has, whole or 0)
        if has > (most if whole is None else whole):
            fits = False
            break  # a server that sends without end is not read to its end
    if not fits:
        stream.truncate(0)
        raise DownloadError(
            f"{redact(url)} has the wrong length: wanted"
            f" {f'at most {most}' if size is None else size} bytes, found"
            f" {promised or f'at least {has}'}. It was deleted.{explain_type(kind)}",
            CHECK_MIRRORS,
        )
    if whole is not None and has < whole:
        raise BrokenOffError(f"the connection broke off after {has} of {whole} bytes")
    return kind


def _chunks(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the bytes of an answer as they come, as long as enough of them come."""
    since, came = time.monotonic(), 0
    while True:
        try:
            # What is there: waiting for a whole chunk could take long.
            chunk = answer.read1(_CHUNK, decode_content=False)
        except (HTTPError, OSError) as error:
            raise BrokenOffError(redact(str(error)) or type(error).__name__) from error
        if not chunk:
            return
        yield chunk
        came += len(chunk)
        now = time.monotonic()
        if now - since >= _WINDOW:
            if came < _LEAST:
                raise BrokenOffError(f"only {came} bytes came within {_WINDOW} seconds")
            since, came = now, 0


def _media_type(answer: BaseHTTPResponse) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _length(answer: BaseHTTPResponse) -> int | None:
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
