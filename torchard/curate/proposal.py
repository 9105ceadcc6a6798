"""Rows to add to a file of the catalogue, as text: the file's comments and order are kept. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTORCH, INSTALLERS = "pytorch.yaml", "installers.yaml"


@dataclass(frozen=True)
class Proposal:
    """Lines to add to a file below a heading.

    `below` are the lines that lead there, each looked for after the one before.
    """

    file: str
    below: tuple[str, ...]
    lines: tuple[str, ...]


def amended(text: str, proposals: Iterable[Proposal]) -> str:
    """Return a file's text with the proposed lines; the first proposal stands first.

    Raise ValueError where a heading is missing.
    """
    lines = text.splitlines()
    for one in reversed(tuple(proposals)):
        place = 0
        for heading in one.below:
            place = lines.index(heading, place) + 1
        lines[place:place] = one.lines
    return "".join(f"{line}\n" for line in lines)


def difference(path: str, before: str, after: str) -> str:
    """Return a unified diff that `git apply` takes; nothing where nothing changes."""
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            after.splitlines(keepends=True),
            f"a/{path}",
            f"b/{path}",
        )
    )
