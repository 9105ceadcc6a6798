"""What a generation is: whether it is whole, and what a person put into it. Pure.

The probe and `operations/scripts/generation.py` decide by the same signs: conda's history, a
python, a record of a package, and the path in its stamp.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.mac.state import InstalledEnvironment, Part

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MISSING: Mapping[Part, str] = {
    "python": "its python is gone",
    "history": "its conda-meta/history is gone",
    "records": "its conda-meta has no record of a package",
}


def locate_generations(root: str) -> str:
    """Return the directory of the generations below `root`, Torchard's own directory."""
    return f"{root}/generations"


def read_generation_name(target: str | None, root: str) -> str | None:
    """Return the name of the generation that a path is of, or None if it is elsewhere."""
    folder = locate_generations(root) + "/"
    if target is None or not target.startswith(folder):
        return None
    name = target[len(folder) :]
    return name if _NAME.fullmatch(name) else None


def explain_not_whole(one: InstalledEnvironment) -> Iterator[str]:
    """Yield why a generation is not whole, in a few words each."""
    if one.moved_from is not None:
        yield f"it was built at {one.moved_from} and has moved"
    yield from (_MISSING[part] for part in one.missing)
    if not (one.whole or one.missing or one.moved_from):
        yield "it is not whole"


def describe_failure(one: InstalledEnvironment, environment: str) -> str | None:
    """Say that the last verification failed, and what to type; None if it did not fail."""
    if one.failed is None:
        return None
    date, reason = one.failed
    day = f" on {date}" if date else ""
    return (
        f"its last verification failed{day}: {reason};"
        f" `torchard apply --rebuild {environment}` builds it again"
    )
