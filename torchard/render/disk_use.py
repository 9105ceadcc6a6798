"""What Torchard's files take on each disk, as text."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.text import Text

from torchard.render.words import NAME, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.plan.disk_use import DiskUse

WORDS = {"asides": "set aside"}
HERE = "this computer"


def disk_lines(used: Mapping[str, DiskUse], depot: int) -> Iterator[Text]:
    """Yield one line for each Mac, and one for the depot on this computer."""
    width = max(NAME, len(HERE), *(len(name) for name in [*used, ""]))
    yield Text()
    yield Text("On disk:")
    for name, one in used.items():
        parts = [
            f"{WORDS.get(part, part)} {'unknown' if count is None else size(count)}"
            for part, count in asdict(one).items()
        ]
        yield Text(f"   {name:<{width}} {', '.join(parts)}")
    yield Text(f"   {HERE:<{width}} depot {size(depot)}")
