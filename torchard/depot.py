"""The controller's store of verified artefacts: each is fetched once for every lab, and kept.

ROOT/files/SHA256/NAME     whole and verified; put there by one rename
ROOT/partial/SHA256        what a broken download left; the next one goes on from there
ROOT/channels/             the indexes of conda channels, kept by py-rattler
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit, urlunsplit

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from urllib.request import Request

ATTEMPTS = 5
_PAUSE = 0.25  # seconds before the second attempt; twice as long before each further one
_TIMEOUT = 60  # seconds without a byte
_CHUNK = 1 << 20
_AGAIN = {408, 425, 429, 500, 502, 503, 504}  # answers of a server that may think better of it
_UNSATISFIABLE = 416


class DepotError(TorchardError):
    """An artefact cannot be had, or is not what its sha256 says."""


class _BrokenOffError(Exception):
    """A download that may go better next time."""


class Depot:
    """A depot below `root`: $TORCHARD_DEPOT or ~/.cache/torchard/depot where left out."""

    def __init__(self, root: Path | None = None) -> None:
        said = os.environ.get("TORCHARD_DEPOT") or "~/.cache/torchard/depot"
        self.root = (root or Path(said)).expanduser().absolute()
        self._verified: set[str] = set()

    def fetch(self, file: str, sha256: str, size: int | None, address: Callable[[], str]) -> Path:
        """Return an artefact's verified file; `size` in bytes, None where it is not known.

        `address` is only asked where the artefact is not there yet, or spoilt. Raise DepotError.
        """
        path = self.root / "files" / sha256 / file
        if sha256 in self._verified or (path.is_file() and _sha256(path) == sha256):
            self._verified.add(sha256)
            return path
        url = address()
        partial = self.root / "partial" / sha256
        try:
            partial.parent.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(partial) as stream:
                # Another process may have brought it in the meantime.
                if not path.is_file() or _sha256(path) != sha256:
                    _download(stream, url, file, sha256, size)
                    partial.replace(path)
        except OSError as error:
            raise DepotError(
                f"{file} cannot be kept below {self.root}: {error.strerror or error}.",
                "Make room there, or let TORCHARD_DEPOT name another directory.",
            ) from error
        self._verified.add(sha256)
        return path


@contextmanager
def _alone(partial: Path) -> Iterator[BinaryIO]:
    """Open a partial download for this process alone; wait while another is at it."""
    while True:
        with partial.open("ab+") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.1)
                continue
            # The other process may have brought the file: the caller looks before it writes.
            if not partial.exists() or _same(stream, partial):
                yield stream
                return


def _same(stream: BinaryIO, path: Path) -> bool:
    return os.path.samestat(os.fstat(stream.fileno()), path.stat())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return _digest(stream)


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _download(stream: BinaryIO, url: str, file: str, sha256: str, size: int | None) -> None:
    """Bring the rest of an artefact into the stream and verify the whole."""
    shown = _shown(url)
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE * 2**attempt)
        begun = stream.seek(0, os.SEEK_END)
        try:
            _receive(stream, url, begun, size)
        except _BrokenOffError as error:
            reason = str(error)
            continue
        found = _digest(stream)
        if found == sha256:
            stream.flush()
            os.fsync(stream.fileno())
            return
        stream.truncate(0)
        if not begun:
            raise DepotError(
                f"{file} from {shown} has the wrong sha256: wanted {sha256}, found {found}."
                " It was thrown away.",
                "If the file is rightly another one, write its sha256; else mistrust that server.",
            )
        reason = "what was there of it did not fit the rest"
    raise DepotError(
        f"{file} could not be fetched from {shown} in {ATTEMPTS} attempts: {reason}.",
        "Check the network and `mirrors`; the next run goes on from what has arrived.",
    )


def _receive(stream: BinaryIO, url: str, begun: int, size: int | None) -> None:
    """Append what the server sends; begin anew where it sends the whole."""
    # Only those who fetch something load the HTTP client.
    from http.client import HTTPException  # noqa: PLC0415
    from urllib.error import HTTPError, URLError  # noqa: PLC0415
    from urllib.request import urlopen  # noqa: PLC0415

    try:
        with urlopen(_request(url, begun), timeout=_TIMEOUT) as answer:  # noqa: S310
            resumed = getattr(answer, "status", None) == 206
            if begun and not resumed:
                stream.truncate(0)
                begun = 0
            length = answer.headers.get("Content-Length")
            whole = size if size is not None else int(length) + begun if length else None
            while chunk := answer.read(_CHUNK):
                stream.write(chunk)
    except HTTPError as error:
        if error.code == _UNSATISFIABLE:
            return  # nothing is left to send: the sha256 decides
        if error.code in _AGAIN:
            raise _BrokenOffError(f"the server answered {error.code} {error.reason}") from error
        raise DepotError(
            f"{_shown(url)} cannot be had: the server answered {error.code} {error.reason}.",
            "Check `mirrors` and the channel, or lock again: `torchard lock --upgrade`.",
        ) from error
    except URLError as error:
        raise _BrokenOffError(str(error.reason)) from error
    except (TimeoutError, ConnectionError, HTTPException) as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from error
    has = stream.tell()
    if whole is not None and has < whole:
        raise _BrokenOffError(f"the connection broke off after {has} of {whole} bytes")


def _request(url: str, begun: int) -> Request:
    from urllib import request  # noqa: PLC0415

    parts = urlsplit(url)
    headers = {"User-Agent": "torchard"}
    if parts.scheme not in {"http", "https", "file"}:
        raise DepotError(f"{_shown(url)} is no https, http or file URL.")
    if parts.username is not None and parts.scheme != "file":
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    if begun and parts.scheme != "file":
        headers["Range"] = f"bytes={begun}-"
    return request.Request(url, headers=headers)  # noqa: S310  # the scheme was looked at


def _shown(url: str) -> str:
    """Return a URL as it may be printed: without login, query and token."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
