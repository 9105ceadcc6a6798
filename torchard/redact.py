"""Logins in URLs: servers get them, and nothing prints them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = re.compile(r"(?<=://)\S+")
# These belong to the text at the end of a URL, and to its login, token or query before that.
_CLOSING = ")]}'\"`<>,.;:"
_TOKEN = re.compile(r"(?<=/t/)[^/\s'\"`<>()]+")  # conda's form of a token: https://host/t/TOKEN/…
_UNPRINTED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_QUERY = re.compile(r"[?#]")
_WHOLE_TOKEN = re.compile(r"(?<=/t/)[^/]+")


def redact(text: str) -> str:
    """Return a text whose URLs have no login, token, query and fragment.

    The text may come from a server: a character that would move a terminal's cursor is a space.
    """
    return _TOKEN.sub("***", _URL.sub(_without_secrets, _UNPRINTED.sub(" ", text)))


def _without_secrets(url: re.Match[str]) -> str:
    """Return what is behind a URL's `://`, without its secrets."""
    whole = url[0].rstrip(_CLOSING)
    plain, *query = _QUERY.split(whole, maxsplit=1)
    if any("@" in one for one in query):  # of a query, or of a login with a ? that is not escaped
        shown = "***"
    else:  # up to the last @: a password may have an @ that should be escaped
        shown = _WHOLE_TOKEN.sub("***", plain.rpartition("@")[2])
    return shown + url[0][len(whole) :]


def find_logins(text: str) -> dict[str, str]:
    """Return the logins of the URLs in a text, by `host:port`, quoted as they are there."""
    return {host: login for login, host in re.findall(r"://([^\s/@]+)@([^\s/@?#]+)", text)}


def add_login(url: str, known: Mapping[str, str]) -> str:
    """Return a URL with the login that is known for its host, unless it already has one."""
    parts = urlsplit(url)
    login = known.get(parts.netloc)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")) if login else url
