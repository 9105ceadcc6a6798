"""A web page in memory, fetched like every download: with logins, proxies and certificates."""

from __future__ import annotations

from torchard.depot.download import BrokenOffError, Page, fetch_page
from torchard.errors import TorchardError
from torchard.redact import redact


def fetch(url: str) -> bytes:
    """Return what a server has at a URL. Raise TorchardError."""
    return fetch_typed(url).content


def post(url: str, body: bytes) -> bytes:
    """Return what a server answers to a body in JSON. Raise TorchardError."""
    return fetch_typed(url, "application/json", body).content


def fetch_typed(url: str, accept: str = "*/*", body: bytes | None = None) -> Page:
    """Return what a server has at a URL, with its media type. Raise TorchardError."""
    try:
        return fetch_page(url, accept, body)
    except BrokenOffError as error:
        raise TorchardError(f"{redact(url)} cannot be fetched: {error}.") from error
