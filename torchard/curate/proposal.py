"""Add rows to a file of the catalogue as text, so that its comments and order stay. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTORCH, INSTALLERS = "pytorch.yaml", "installers.yaml"


@dataclass(frozen=True)
class Proposal:
    """Lines to add to a file, below a heading.

    `below` are the lines that lead to the place, each searched for after the previous one.
    """

    file: str
    below: tuple[str, ...]
    lines: tuple[str, ...]


def apply_proposals(text: str, proposals: Iterable[Proposal]) -> str:
    """Return a file's text with the proposed lines, in the order of the proposals.

    Raise ValueError if a heading is missing.
    """
    lines = text.splitlines()
    for one in reversed(tuple(proposals)):
        place = 0
        for heading in one.below:
            place = lines.index(heading, place) + 1
        lines[place:place] = one.lines
    return "".join(f"{line}\n" for line in lines)


def make_diff(path: str, before: str, after: str) -> str:
    """Return a unified diff for `git apply`, empty if nothing changes."""
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            after.splitlines(keepends=True),
            f"a/{path}",
            f"b/{path}",
        )
    )
