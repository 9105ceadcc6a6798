"""One request to a server, with the proxies, certificates and logins of this computer.

urllib3 keeps connections open for the next request. Torchard follows redirects itself, because each
hop needs its own proxy, and a login is only for the host that it was given for.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
from base64 import b64encode
from functools import lru_cache
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass, url2pathname

from urllib3 import HTTPResponse, PoolManager, ProxyManager, Retry, Timeout
from urllib3.exceptions import HTTPError, InvalidHeader, ProxyError, SSLError

from torchard.depot.connection_causes import ConnectionCause, find_connection_cause
from torchard.errors import TorchardError
from torchard.plain_files import open_plain
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import BaseHTTPResponse

_TIMEOUT = 60  # seconds without a byte
_REDIRECTS = 10
_CONNECTIONS = 32  # kept open to one host; more are possible
_LONGEST_WAIT = 120  # seconds that a server may ask for
_TEMPORARY = {408, 425, 429, 500, 502, 503, 504}
_LASTING_PROXY = re.compile(r"\b407\b|unsupported scheme")
_LOGIN_WANTED = {401, 403}
CHECK_MIRRORS = "Check `mirrors` and the channel, or lock again: `torchard lock --upgrade`."

# Its warnings have whole addresses in them, and Torchard reports every failure itself.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class DownloadError(TorchardError):
    """A server does not have what was asked for. Asking again does not help."""


class BrokenOffError(Exception):
    """A request or download that may succeed next time, `wait` seconds later at the earliest."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


class RangeError(Exception):
    """The server has no bytes from the place that was asked for."""


def open_url(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> BaseHTTPResponse:
    """Return a server's answer with status 200 or 206; the caller reads and closes it.

    `body` is what is sent. A file URL has an answer, too. Raise DownloadError, BrokenOffError or
    RangeError.
    """
    try:
        scheme = urlsplit(url).scheme
        if scheme not in {"http", "https", "file"}:
            raise DownloadError(f"{redact(url)} is not an https, http or file URL.")
        answer = _open_file(url) if scheme == "file" else _follow(url, method, headers or {}, body)
    except SSLError as error:
        if not any(isinstance(one, ssl.SSLCertVerificationError) for one in error.args):
            raise BrokenOffError(_reason(error)) from error
        raise _unreachable(url, _reason(error)) from error
    except ValueError as error:
        # Its own words may have a password in them that is written where a port belongs.
        raise DownloadError(f"{redact(url)} is not a URL that can be fetched.") from error
    except ProxyError as error:
        reason = f"cannot connect to proxy: {_reason(error)}"
        if _LASTING_PROXY.search(reason):
            raise _unreachable(url, reason) from error
        raise BrokenOffError(reason) from error
    except (HTTPError, OSError) as error:
        raise BrokenOffError(_reason(error)) from error
    if answer.status not in {200, 206}:
        answer.close()
        raise _failure(url, answer)
    return answer


def explain_connection(text: str) -> ConnectionCause | None:
    """Return why a client of this computer could not reach a server, or None."""
    path = os.environ.get("SSL_CERT_FILE", "")
    is_readable = not path or os.access(path, os.R_OK)
    return find_connection_cause(text, bad_certificates="" if is_readable else path)


def _unreachable(url: str, reason: str) -> DownloadError:
    """Return the error for a connection that fails again however often it is tried."""
    cause = explain_connection(reason)
    if cause is None:
        return DownloadError(f"{redact(url)} cannot be fetched: {reason}.", "Check `mirrors`.")
    text = f"{redact(url)} cannot be fetched: {cause.what} ({reason})."
    return DownloadError(text, cause.instead)


def _open_file(url: str) -> BaseHTTPResponse:
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        raise DownloadError(f"{redact(url)} names another computer.", "Write file:///PATH.")
    try:
        stream = open_plain(Path(url2pathname(parts.path)))  # the answer closes it
    except OSError as error:
        raise DownloadError(
            f"{redact(url)} cannot be read: {error.strerror or error}.", "Check `mirrors`."
        ) from error
    length = str(os.fstat(stream.fileno()).st_size)
    return HTTPResponse(stream, {"Content-Length": length}, 200, preload_content=False)


def _follow(
    url: str, method: str, headers: Mapping[str, str], body: bytes | None
) -> BaseHTTPResponse:
    """Return the answer at the end of a URL's redirects, or the last redirect."""
    login, first = _find_login(url), _without_login(url)
    for _ in range(_REDIRECTS):
        url = _without_login(url)
        own = urlsplit(url)[:2] == urlsplit(first)[:2]
        answer = _pool(_find_proxy(url)).request(
            method,
            url,
            body=body,
            headers={"User-Agent": "torchard", **headers, **(login if own else {})},
            redirect=False,
            retries=False,
            timeout=Timeout(connect=_TIMEOUT, read=_TIMEOUT),
            preload_content=False,
            enforce_content_length=False,  # the caller has a rule of its own for lengths
        )
        location = answer.get_redirect_location()
        if not location:
            break
        answer.close()
        url = urljoin(url, location)
    return answer


@lru_cache
def _pool(proxy: str | None) -> PoolManager:
    trusted = ssl.create_default_context()
    if proxy is None:
        return PoolManager(maxsize=_CONNECTIONS, ssl_context=trusted)
    parts = urlsplit(proxy)
    if parts.scheme not in {"http", "https"}:
        # It would need PySocks, which uv and py-rattler would not use.
        kind = f"unsupported scheme {redact(parts.scheme)}"
        raise ProxyError(kind, ValueError(kind))
    login = None if parts.username is None else _basic(parts.username, parts.password)
    return ProxyManager(
        _without_login(proxy),
        maxsize=_CONNECTIONS,
        ssl_context=trusted,
        proxy_headers={"Proxy-Authorization": login} if login else None,
    )


def _find_proxy(url: str) -> str | None:
    """Return the proxy for a URL, as the environment or macOS's settings name it."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _find_login(url: str) -> dict[str, str]:
    """Return the header with the login in a URL, or with the one that ~/.netrc has for its host."""
    parts = urlsplit(url)
    if parts.username is not None:
        return {"Authorization": _basic(parts.username, parts.password)}
    try:
        found = netrc(os.environ.get("NETRC")).authenticators(parts.hostname or "")
    except (OSError, NetrcParseError):
        return {}
    return {"Authorization": _basic(found[0], found[2], quoted=False)} if found else {}


def _basic(user: str, password: str | None, *, quoted: bool = True) -> str:
    login = f"{user}:{password or ''}"
    return f"Basic {b64encode((unquote(login) if quoted else login).encode()).decode()}"


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def _reason(error: Exception) -> str:
    """Return the innermost cause of an error of urllib3, without a secret."""
    causes = [error, error.__cause__, *error.args]
    cause = [one for one in causes if isinstance(one, BaseException)][-1]
    return redact(str(cause)) or type(cause).__name__


def _failure(url: str, answer: BaseHTTPResponse) -> Exception:
    """Return the error for an answer that is a failure."""
    if answer.status == 416:
        return RangeError()
    reason = str(answer.reason or "").partition("\n")[0].rstrip(" .")
    said = redact(f"the server answered {answer.status} {reason}").rstrip()
    if answer.status == 407:
        return _unreachable(url, said)
    if answer.status not in _TEMPORARY:
        return DownloadError(
            f"{redact(url)} cannot be fetched: {said}.",
            "Write the login into ~/.netrc, or check `mirrors`."
            if answer.status in _LOGIN_WANTED
            else CHECK_MIRRORS,
        )
    try:
        wait = Retry().get_retry_after(answer) or 0
    except (InvalidHeader, ValueError, OverflowError):
        wait = 0
    if wait > _LONGEST_WAIT:
        return DownloadError(
            f"{redact(url)} cannot be fetched: {said} and asks to wait {round(wait)} seconds.",
            "Run the command again then.",
        )
    return BrokenOffError(said, wait)
