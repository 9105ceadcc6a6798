"""Logins of servers: whoever asks for one may get it, and nobody is shown it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

# Up to the last @ before a space: a password that should have been escaped is one all the same.
_LOGIN = re.compile(r"(?<=://)[^\s'\"`<>]*@")
_TOKEN = re.compile(r"(?<=/t/)[^/\s'\"`<>()]+")  # conda's way of a token: https://host/t/TOKEN/…
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_QUERY = re.compile(r"(://[^\s'\"`<>()?#]*)[?#][^\s'\"`<>()]*")


def hidden(text: str) -> str:
    """Return a text as it may be printed: its URLs without login, token, query and fragment.

    It may come from a server: what would move a terminal's cursor is a space there.
    """
    text = _UNSEEN.sub(" ", text)
    return _QUERY.sub(r"\1", _TOKEN.sub("***", _LOGIN.sub("", text)))


def logins(text: str) -> dict[str, str]:
    """Return the logins of the URLs in a text, by `host:port`, quoted as they stand there."""
    return {host: login for login, host in re.findall(r"://([^\s/@]+)@([^\s/@?#]+)", text)}


def with_login(url: str, known: Mapping[str, str]) -> str:
    """Return a URL with the login that is known for its host, unless it has one of its own."""
    parts = urlsplit(url)
    login = known.get(parts.netloc)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")) if login else url
