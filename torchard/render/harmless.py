"""What came from a Mac, made harmless for a terminal: it may hold escape sequences."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from torchard.steps import FileChange

T = TypeVar("T")


def harmless(text: str) -> str:
    """Write out whatever is not printable: control characters, bidi marks, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def harmless_lines(text: str) -> str:
    """Do so line by line, with tabs as spaces: what a remote command said may have both."""
    return "\n".join(harmless(line.rstrip("\r").expandtabs()) for line in text.split("\n"))


def harmless_data(value: T) -> T:
    """Do so for every text within dataclasses and tuples; a file keeps its lines."""
    made: Any = value
    if isinstance(value, str):
        made = harmless(value)
    elif isinstance(value, FileChange):
        before, after = map(_file, (value.before, value.after))
        made = FileChange(harmless(value.path), before, after)
    elif isinstance(value, tuple):
        made = tuple(harmless_data(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: harmless_data(getattr(value, one.name)) for one in fields(value)}
        made = replace(value, **parts)
    return made  # type: ignore[no-any-return]  # what came in, of the same parts


def _file(text: str | None) -> str | None:
    return None if text is None else "\n".join(map(harmless, text.split("\n")))
