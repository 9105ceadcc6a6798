"""Describe what a person made in generations. Runs on a Mac, with Miniconda's python, `-I -S`.

SECONDS QUESTIONS   print one line of JSON: what a person made in each generation that QUESTIONS, a
                    list in JSON, names; see `describe`
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from torchard.operations.scripts.check_files import UnreadableError
from torchard.operations.scripts.own_files import (
    Found,
    Others,
    Own,
    find_own,
)
from torchard.operations.scripts.unpacked_files import list_unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = 10  # that are printed
LONGEST = 200  # characters of a name that are printed


def describe(question: dict[str, Any], packages: str) -> dict[str, Any]:
    """Return what a person made in the generation at `path`, in three parts.

    `carried` goes over to the next one, which `next` names if it exists. `left` stays behind.
    `unsaved` is in none of the `others`: it would go to kept/ if this generation were removed. A
    `half` that a killed build left is described only if the next build removes it.
    """
    root, after = question["path"], question["next"]
    folder, name = os.path.split(root)
    unpacked: Iterable[str] = ()
    if question["half"]:
        if not os.path.exists(os.path.join(folder, f".building-{name}")):
            return {part: summarise([], None) for part in ("carried", "left", "unsaved")}
        unpacked = list_unpacked(os.path.join(folder, os.pardir, "kits", name), packages, root)
    found = find_own(root, unpacked)
    others = Others(question["others"])
    parts: dict[str, list[Own]] = {"carried": [], "left": [], "unsaved": []}
    for own in found.files:
        is_saved = others.have(root, own)
        if not is_saved:
            parts["unsaved"].append(own)
        if own.is_setting and not (after and os.path.lexists(os.path.join(after, own.name))):
            parts["carried"].append(own)
        elif not is_saved:
            parts["left"].append(own)
    return {part: summarise(files, found) for part, files in parts.items()}


def summarise(files: list[Own], found: Found | None) -> dict[str, Any]:
    """Return how many files these are, their bytes, and the first names."""
    tops = dict.fromkeys(found.find_top(one.name) for one in files) if found else {}
    names = [
        os.fsencode(one).decode("utf-8", "backslashreplace")[:LONGEST] for one in list(tops)[:NAMES]
    ]
    return {"count": len(files), "bytes": sum(one.size for one in files), "names": names}


def limit_time(seconds: int) -> None:
    """Give up on a generation if the disk does not answer in time, and on the next ones at once."""

    def late(_number: int, _frame: object) -> None:
        signal.alarm(1)
        raise UnreadableError(f"reading it did not end within {seconds} seconds")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)


def look(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a person made in each of several generations, by their paths."""
    answer = {}
    for question in questions:
        path = question["path"]
        packages = os.path.join(path, os.pardir, os.pardir, "pkgs")
        try:
            answer[path] = describe(question, packages)
        except (UnreadableError, OSError) as error:
            answer[path] = {"error": str(getattr(error, "strerror", None) or error)}
    return answer


if __name__ == "__main__":
    limit, asked = sys.argv[-2:]
    limit_time(int(limit))
    print(json.dumps(look(json.loads(asked))))
