"""One download over HTTP: appended to what is there already, judged by length alone.

Whether the bytes are the right ones is the depot's to say. A length can be asked for alone, too.
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from http.client import HTTPException, InvalidURL
from netrc import NetrcParseError, netrc
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import BaseHandler, Request, build_opener

from torchard.errors import TorchardError
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.client import HTTPResponse

_CHUNK = 1 << 20  # bytes
_TIMEOUT = 60  # seconds without a byte
_WINDOW = 60  # seconds within which so many bytes must come: a server may drip for ever
_LEAST = 60_000
_AGAIN = {408, 425, 429, 500, 502, 503, 504}  # answers of a server that may think better of it
_LOGIN_WANTED = {401, 403, 407}
_PART = 206
_UNSATISFIABLE = 416
_OTHER = "Check `mirrors` and the channel, or lock again: `torchard lock --upgrade`."


class DownloadError(TorchardError):
    """A server does not have what was asked for; asking again would not help."""


class BrokenOffError(Exception):
    """A download that may go better next time."""


def _silent(_done: int, _total: int) -> None:
    """Say nothing."""


def receive(
    stream: BinaryIO, url: str, size: int | None, tell: Callable[[int, int], None] = _silent
) -> str:
    """Append what a server has beyond the stream's end; begin anew where it sends the whole.

    `size` is that of the whole in bytes, where it is known; `tell` is called with what has come of
    how much, 0 where that is not known. Return the answer's media type. Raise
    DownloadError, BrokenOffError, or OSError where the stream cannot be written.
    """
    begun = stream.seek(0, os.SEEK_END)
    try:
        answer = _ask("GET", url, begun)
    except HTTPError:
        return ""  # nothing is left to send: the sha256 decides
    with answer:
        return _append(stream, answer, url, begun, size, tell)


def fetch_length(url: str) -> int:
    """Return how many bytes a server has at a URL, by its word: nothing of them is fetched.

    Raise DownloadError where it gives none, BrokenOffError where it may do so next time.
    """
    with _ask("HEAD", url) as answer:
        kind: str = answer.headers.get_content_type()
        told = answer.headers.get("Content-Length", "")
    if not told.isdecimal() or int(told) == 0 or kind == "text/html":
        raise DownloadError(f"No length is told of {redact(url)}.{remark(kind)}", _OTHER)
    return int(told)


def _ask(method: str, url: str, begun: int = 0) -> HTTPResponse:
    """Return a server's answer. HTTPError alone says that nothing is left from `begun` on."""
    if urlsplit(url).scheme not in {"http", "https", "file"}:
        raise DownloadError(f"{redact(url)} is no https, http or file URL.")
    try:
        return _open(method, url, begun)
    except HTTPError as error:
        error.close()
        if begun and error.code == _UNSATISFIABLE:
            raise
        reason = str(error.reason).partition("\n")[0].rstrip(" .")
        said = redact(f"the server answered {error.code} {reason}").rstrip()
        if error.code in _AGAIN:
            raise BrokenOffError(said) from error
        login = "Write its login into ~/.netrc, or check `mirrors`."
        raise DownloadError(
            f"{redact(url)} cannot be had: {said}.",
            login if error.code in _LOGIN_WANTED else _OTHER,
        ) from error
    except URLError as error:
        if url.startswith("file:") or isinstance(error.reason, SSLCertVerificationError):
            raise DownloadError(
                f"{redact(url)} cannot be had: {redact(str(error.reason))}.",
                "Check `mirrors`; SSL_CERT_FILE names the certificates to trust.",
            ) from error
        raise BrokenOffError(redact(str(error.reason))) from error
    except (InvalidURL, UnicodeError) as error:
        # Its own words may hold a password that stands where a port should.
        raise DownloadError(f"{redact(url)} leads to no URL that can be asked for.") from error
    except (OSError, HTTPException) as error:
        raise BrokenOffError(redact(str(error)) or type(error).__name__) from error


def _append(  # noqa: PLR0917  # the one caller has them all
    stream: BinaryIO,
    answer: HTTPResponse,
    url: str,
    begun: int,
    size: int | None,
    tell: Callable[[int, int], None],
) -> str:
    kind: str = answer.headers.get_content_type()
    if answer.status == _PART:
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {begun}-"):
            stream.truncate(0)
            raise BrokenOffError("the server sent another part than was asked for")
    elif begun:
        stream.truncate(0)
        begun = 0
    length = answer.headers.get("Content-Length", "")
    told = begun + int(length) if length.isdecimal() else None
    whole = told if size is None else size
    has = begun
    if told in {None, whole}:
        for chunk in _chunks(answer):
            stream.write(chunk)
            has += len(chunk)
            tell(has, whole or 0)
            if whole is not None and has > whole:
                break  # a server without an end is not read to its end
    if told not in {None, whole} or (whole is not None and has > whole):
        stream.truncate(0)
        raise DownloadError(
            f"{redact(url)} has the wrong length: wanted {whole} bytes, found"
            f" {told or f'at least {has}'}. It was thrown away.{remark(kind)}",
            _OTHER,
        )
    if whole is not None and has < whole:
        raise BrokenOffError(f"the connection broke off after {has} of {whole} bytes")
    return kind


def _chunks(answer: HTTPResponse) -> Iterator[bytes]:
    since, came = time.monotonic(), 0
    while True:
        try:
            chunk = answer.read1(_CHUNK)  # what is there: a whole chunk may take its time
        except (OSError, HTTPException) as error:
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


def remark(kind: str) -> str:
    """Return what may explain wrong bytes of a media type."""
    if kind != "text/html":
        return ""
    return " It is a web page: a portal or proxy may have answered in that server's place."


class _Login(BaseHandler):
    """Gives a login to its own host, and to no other that it redirects to."""

    def __init__(self, host: str, user: str, password: str) -> None:
        self._host = host
        self._header = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"

    def http_request(self, request: Request) -> Request:
        if urlsplit(request.full_url)[:2] == urlsplit(self._host)[:2]:
            request.add_unredirected_header("Authorization", self._header)
        return request

    https_request = http_request


def _open(method: str, url: str, begun: int) -> HTTPResponse:
    parts = urlsplit(url)
    headers = {"User-Agent": "torchard"}
    handlers = []
    if parts.scheme != "file":
        login = _login(url)
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        handlers = [_Login(url, *login)] if login else []
        headers |= {"Range": f"bytes={begun}-"} if begun else {}
    request = Request(url, headers=headers, method=method)  # noqa: S310  # the scheme was looked at
    answer: HTTPResponse = build_opener(*handlers).open(request, timeout=_TIMEOUT)
    return answer


def _login(url: str) -> tuple[str, str] | None:
    """Return the user and password of a URL, or those that ~/.netrc has for its host."""
    parts = urlsplit(url)
    if parts.username is not None:
        return unquote(parts.username), unquote(parts.password or "")
    try:
        found = netrc(os.environ.get("NETRC")).authenticators(parts.hostname or "")
    except (OSError, NetrcParseError):
        return None
    return (found[0], found[2] or "") if found else None
