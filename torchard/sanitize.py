"""Remove what a terminal would interpret from text of a Mac, such as escape sequences."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")


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
    """Do so for every text within dataclasses, structs and tuples.

    The fields that a struct names in `multiline` keep their line breaks.
    """
    made: Any = value
    if isinstance(value, str):
        made = sanitize(value)
    elif isinstance(value, tuple):
        made = tuple(sanitize_data(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: sanitize_data(getattr(value, one.name)) for one in fields(value)}
        made = replace(value, **parts)
    elif hasattr(value, "__struct_fields__"):
        import msgspec  # noqa: PLC0415  # 10 ms that --help and check do not need

        multiline = getattr(value, "multiline", ())
        parts = {name: getattr(made, name) for name in made.__struct_fields__}
        made = msgspec.structs.replace(
            made,
            **{
                name: "\n".join(map(sanitize, part.split("\n")))
                if name in multiline and part is not None
                else sanitize_data(part)
                for name, part in parts.items()
            },
        )
    return made  # type: ignore[no-any-return]  # what came in, of the same parts
