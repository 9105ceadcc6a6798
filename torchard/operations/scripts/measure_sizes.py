"""Measure what Torchard's files take on a Mac's disk. Runs with the base python, `python -I -S`.

SECONDS ROOT PREFIX    print one line of JSON: the bytes of each part of ROOT, ~/.torchard, and of
                       what was set aside; null for a part that was not measured in time
"""

from __future__ import annotations

import glob
import json
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTS = {"generations": ("generations",), "depot": ("depot", "kits", "pkgs"), "kept": ("kept",)}
PARTS["logs"] = ("log",)
BLOCK = 512  # bytes; what st_blocks counts (POSIX)


class LateError(Exception):
    """The time is over."""


def measure(paths: Iterable[str], end: float) -> int:
    """Return what files and folders take; several names of one file count once.

    Raise LateError if the time is over.
    """
    total = 0
    seen = set()
    left = [path for path in paths if os.path.lexists(path)]
    while left:
        if time.monotonic() > end:
            raise LateError
        path = left.pop()
        try:
            about = os.lstat(path)
            if (about.st_dev, about.st_ino) not in seen:
                total += about.st_blocks * BLOCK
                seen.add((about.st_dev, about.st_ino))
            if os.path.isdir(path) and not os.path.islink(path):
                left.extend(os.path.join(path, name) for name in os.listdir(path))
        except OSError:
            continue  # it is gone, or is closed to this account
    return total


def list_asides(root: str, prefix: str) -> list[str]:
    """Return the Minicondas that were set aside, at this prefix or at an earlier one."""
    found = glob.glob(glob.escape(prefix) + ".torchard-aside-*")
    try:
        with open(os.path.join(root, "asides"), encoding="utf-8") as file:
            found += file.read().splitlines()
    except OSError:
        pass
    return list(dict.fromkeys(found))


def measure_all(seconds: float, root: str, prefix: str) -> dict[str, int | None]:
    """Return the bytes of each part; the small parts come first."""
    end = time.monotonic() + seconds
    parts = {part: [os.path.join(root, one) for one in names] for part, names in PARTS.items()}
    parts["asides"] = list_asides(root, prefix)
    sizes: dict[str, int | None] = dict.fromkeys(parts)
    for part in ("logs", "kept", "depot", "asides", "generations"):
        try:
            sizes[part] = measure(parts[part], end)
        except LateError:
            break
    return sizes


if __name__ == "__main__":
    limit, *places = sys.argv[-3:]
    print(json.dumps(measure_all(float(limit), *places)))
