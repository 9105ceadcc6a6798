"""What came from a Mac, made harmless for a terminal: it may hold escape sequences."""

from __future__ import annotations

from dataclasses import Field, fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")

MULTILINE = "multiline"  # in the metadata of a dataclass's field: its line breaks are its own


def sanitize(text: str) -> str:
    """Write out whatever is not printable: control characters, bidi marks, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def sanitize_lines(text: str) -> str:
    """Do so line by line, with tabs as spaces: what a remote command said may have both."""
    return "\n".join(sanitize(line.rstrip("\r").expandtabs()) for line in text.split("\n"))


def sanitize_data(value: T) -> T:
    """Do so for every text within dataclasses and tuples; a `MULTILINE` field keeps its lines."""
    made: Any = value
    if isinstance(value, str):
        made = sanitize(value)
    elif isinstance(value, tuple):
        made = tuple(sanitize_data(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: _field(one, getattr(value, one.name)) for one in fields(value)}
        made = replace(value, **parts)
    return made  # type: ignore[no-any-return]  # what came in, of the same parts


def _field(field: Field[Any], value: T) -> T:
    if not field.metadata.get(MULTILINE) or not isinstance(value, str):
        return sanitize_data(value)
    return "\n".join(map(sanitize, value.split("\n")))  # type: ignore[return-value]  # a text
