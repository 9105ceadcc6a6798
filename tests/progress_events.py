"""The lines that the command prints on stderr while it works, where there is no terminal."""

from __future__ import annotations

import re

_EVENT = re.compile(r"^\[[^\]\n]+\] .*(?:\n|\Z)", re.MULTILINE)


def split_events(stderr: str) -> tuple[str, list[str]]:
    """Return what stderr has without the events of progress, and those events."""
    return _EVENT.sub("", stderr), [one.rstrip("\n") for one in _EVENT.findall(stderr)]


def without_events(stderr: str) -> str:
    """Return what stderr has without the events of progress."""
    return split_events(stderr)[0]
