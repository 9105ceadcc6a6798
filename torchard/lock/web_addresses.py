"""The URLs that a Mac itself fetches from: which ones it may, and what is sent to it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from torchard.errors import TorchardError
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchard.catalog.installers import Installer
    from torchard.lock.lockfile import CondaPackage, Wheel

LARGEST = 2 << 30  # bytes, where nothing says the size: installers have some 150 MB
_SLOWEST = 20_000  # bytes a second; a slower fetch is ended, and the next one continues it
_LEAST_SECONDS = 120
# Neither a blank nor anything that curl's configuration file or its globs read as something else.
_PLAIN = re.compile(r"[A-Za-z0-9._~:/?@!$&'()*+,;=%-]{1,4000}\Z")
_OWN = {"127.0.0.1", "localhost", "::1"}  # the Mac itself


def require_web_address(url: str, file: str) -> str:
    """Return a URL without its fragment, if a Mac may fetch a file from it. Raise TorchardError.

    That is an https URL without a login. http is only for the Mac itself, such as a simulated one.
    """
    parts = urlsplit(url)
    plain = url.partition("#")[0]
    is_secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _OWN)
    if not is_secure or parts.username is not None or not _PLAIN.match(plain):
        what = "has a login in it" if parts.username is not None else "is not a plain https URL"
        raise TorchardError(
            f"{file} would come from {redact(plain)}, which {what}: a Mac does not fetch from"
            " there.",
            "Write `delivery: push`, or `delivery: {url: https://…}` for a server with the folder"
            " of `torchard bundle`.",
        )
    return plain


def format_requests(
    files: Iterable[tuple[CondaPackage | Wheel | Installer, str]],
) -> tuple[bytes, int]:
    """Return the list of what a Mac fetches, by artefact and URL, and the size of the largest.

    Each line has a sha256, a size in bytes (0 if it is not known), the longest time in seconds, a
    name and a URL.
    """
    lines, largest = [], 0
    for one, url in files:
        size = getattr(one, "size", 0)
        most = size or LARGEST
        largest = max(largest, most)
        seconds = _LEAST_SECONDS + most // _SLOWEST
        lines.append(f"{one.sha256} {size} {seconds} {one.file} {url}\n")
    return "".join(lines).encode("ascii"), largest
