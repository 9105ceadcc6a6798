"""What moved from one lock to the next, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from torchard.render.changes import change_lines
from torchard.render.words import size
from torchard.sanitize import sanitize_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torchard.plan.diff import PackageChange

INDENT = " " * 6


def lock_change_lines(
    changes: Sequence[PackageChange],
    requested: Sequence[str],
    new: tuple[int, int] | None = None,
    *,
    full: bool = False,
) -> Iterator[Text]:
    """Yield the packages that moved, those that the lab asks for first.

    `new` is the number of packages and their bytes if there was no lock before.
    """
    if new is not None:
        yield Text(f"{INDENT}new: {new[0]} packages, {size(new[1])}")
    elif not changes:
        yield Text(f"{INDENT}no package moved, only what the lab asks for")
    yield from change_lines(sanitize_data(tuple(changes)), requested, full=full)
