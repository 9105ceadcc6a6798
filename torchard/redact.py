"""Logins of servers: whoever asks for one may get it, and nobody is shown it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = re.compile(r"(?<=://)[^\s'\"`<>]+")
_TOKEN = re.compile(r"(?<=/t/)[^/\s'\"`<>()]+")  # conda's way of a token: https://host/t/TOKEN/…
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_QUERY = re.compile(r"[?#][^()]*")


def redact(text: str) -> str:
    """Return a text as it may be printed: its URLs without login, token, query and fragment.

    It may come from a server: what would move a terminal's cursor is a space there.
    """
    return _TOKEN.sub("***", _URL.sub(_harmless, _UNSEEN.sub(" ", text)))


def _harmless(url: re.Match[str]) -> str:
    """Return what is nobody's secret of a URL, from behind its `://` on."""
    # Up to its last @: a password that should have been escaped is one all the same.
    return _QUERY.sub("", url[0].rpartition("@")[2])


def logins(text: str) -> dict[str, str]:
    """Return the logins of the URLs in a text, by `host:port`, quoted as they stand there."""
    return {host: login for login, host in re.findall(r"://([^\s/@]+)@([^\s/@?#]+)", text)}


def with_login(url: str, known: Mapping[str, str]) -> str:
    """Return a URL with the login that is known for its host, unless it has one of its own."""
    parts = urlsplit(url)
    login = known.get(parts.netloc)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")) if login else url
