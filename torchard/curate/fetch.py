"""A page of the net in memory, by the same way as every download: logins, proxies, certificates."""

from __future__ import annotations

import io

from torchard.depot.download import BrokenOffError, receive
from torchard.errors import TorchardError
from torchard.redact import redact


def fetch(url: str) -> bytes:
    """Return what a URL has. Raise TorchardError."""
    page = io.BytesIO()
    try:
        receive(page, url, None)
    except BrokenOffError as error:
        raise TorchardError(f"{redact(url)} cannot be had: {error}.") from error
    return page.getvalue()
