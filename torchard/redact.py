"""Logins in URLs: servers get them, and nothing prints them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = re.compile(r"(?<=://)[^\s'\"`<>]+")
_TOKEN = re.compile(r"(?<=/t/)[^/\s'\"`<>()]+")  # conda's form of a token: https://host/t/TOKEN/…
_UNPRINTED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_QUERY = re.compile(r"[?#][^()]*")


def redact(text: str) -> str:
    """Return a text whose URLs have no login, token, query and fragment.

    The text may come from a server: a character that would move a terminal's cursor is a space.
    """
    return _TOKEN.sub("***", _URL.sub(_without_secrets, _UNPRINTED.sub(" ", text)))


def _without_secrets(url: re.Match[str]) -> str:
    """Return what is behind a URL's `://`, without its secrets."""
    # Up to its last @: a password may have an @ that should be escaped.
    return _QUERY.sub("", url[0].rpartition("@")[2])


def find_logins(text: str) -> dict[str, str]:
    """Return the logins of the URLs in a text, by `host:port`, quoted as they are there."""
    return {host: login for login, host in re.findall(r"://([^\s/@]+)@([^\s/@?#]+)", text)}


def add_login(url: str, known: Mapping[str, str]) -> str:
    """Return a URL with the login that is known for its host, unless it already has one."""
    parts = urlsplit(url)
    login = known.get(parts.netloc)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")) if login else url
