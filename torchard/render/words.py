"""Sizes, times and counts as people write them, and lines broken to a terminal's width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from torchard.mac.state import OwnFiles

NAME = 11  # columns of what a line is about
MOST_NAMES = 10  # that a Mac sends
_UNITS = ((10**10, 10**9, "GB"), (10**6, 10**6, "MB"), (1000, 1000, "kB"), (0, 1, "bytes"))


def size(count: int) -> str:
    """Write a number of bytes the way disks and downloads are labelled."""
    unit, name = next((unit, name) for least, unit, name in _UNITS if count >= least)
    return f"{count / unit:.0f} {name}"


def own_files(files: OwnFiles) -> str:
    """Write how many files a person made, their size and the first names."""
    more = ", …" if len(files.names) == MOST_NAMES else ""
    names = f": {', '.join(files.names)}{more}" if files.names else ""
    return f"{files.count} {'file' if files.count == 1 else 'files'}, {size(files.bytes)}{names}"


def duration(seconds: float) -> str:
    """Write how long something took, or has taken so far."""
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def macs(count: int) -> str:
    """Write a number of Macs."""
    return f"{count} Mac" if count == 1 else f"{count} Macs"


def folded(line: Text, console: Console) -> Iterator[Text]:
    """Break a line that is too long for a terminal between words, and hang what is left over.

    A pipe gets every line whole.
    """
    indent = len(line.plain) - len(line.plain.lstrip())
    hang = {0: 9, 2: 5 + NAME, 3: 9 + NAME, 4: 5 + NAME}.get(indent, indent + 4)
    room = console.width - hang
    if not console.is_terminal or line.cell_len <= console.width or room < NAME:
        yield line
        return
    head = line[:hang]
    for part in line[hang:].wrap(console, room):
        part.rstrip()  # the blank at which it was broken
        yield head + part
        head = Text(" " * hang)
