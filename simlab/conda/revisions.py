"""The revisions of an environment: what its history says it held, and going back to that.

A section of the history with `+` or `-` lines is a difference, and any other is the whole state:
one without packages is the empty environment (conda/history.py, construct_states).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from simlab.conda import history
from simlab.conda.failure import CondaError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_HEAD = re.compile(r"==>\s*(.+?)\s*<==")
_DIST = re.compile(r"(?:(?P<channel>.*)::)?(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)")


def sections(prefix: Path) -> list[tuple[str, set[str]]]:
    """Return the date and the lines without comments of each section of the history."""
    found: list[tuple[str, set[str]]] = []
    for line in history.path(prefix).read_text(encoding="utf-8").splitlines():
        head = _HEAD.match(line.strip())
        if head:
            found.append((head[1], set()))
        elif found and line.strip() and not line.startswith("#"):
            found[-1][1].add(line.strip())
    return found


def states(prefix: Path) -> list[set[str]]:
    """Return what the environment held after each section, as conda's names of packages."""
    found = []
    now: set[str] = set()
    for _, lines in sections(prefix):
        if not _is_difference(lines):
            now = set(lines)
        else:
            now = now - {one[1:] for one in lines if one[0] == "-"}
            now |= {one[1:] for one in lines if one[0] == "+"}
        found.append(now)
    return found


def _is_difference(lines: Iterable[str]) -> bool:
    return any(line.startswith(("-", "+")) for line in lines)


def state(prefix: Path, revision: int) -> list[str]:
    """Return what a revision held as name=version=build. Raise CondaError for none such."""
    try:
        dists = states(prefix)[revision]
    except IndexError as error:
        raise CondaError("CondaIndexError", f"no such revision: {revision}") from error
    parts = [match for one in sorted(dists) if (match := _DIST.fullmatch(one))]
    return [f"{one['name']}={one['version']}={one['build']}" for one in parts]


def listing(prefix: Path, *, as_json: bool) -> str:
    """Return what `conda list --revisions` prints."""
    if as_json:
        return json.dumps([_event(n, *one) for n, one in enumerate(sections(prefix))], indent=2)
    text = ""
    for number, (date, lines) in enumerate(sections(prefix)):
        text += f"{date}  (rev {number})\n"
        shown = _pretty(lines) if _is_difference(lines) else sorted(lines)
        text += "".join(f"    {line}\n" for line in shown) + "\n"
    return text


def _pretty(lines: Iterable[str]) -> list[str]:
    added, removed = _named(lines, "+"), _named(lines, "-")
    both = added.keys() & removed.keys()
    return [
        *(f" {name}  {{{removed[name]} -> {added[name]}}}" for name in sorted(both)),
        *(f"-{name}-{removed[name]}" for name in sorted(removed.keys() - both)),
        *(f"+{name}-{added[name]}" for name in sorted(added.keys() - both)),
    ]


def _named(lines: Iterable[str], sign: str) -> dict[str, str]:
    parts = [match for one in lines if one[0] == sign and (match := _DIST.fullmatch(one[1:]))]
    return {
        one["name"]: one["version"]
        + ("" if one["channel"] in (None, "defaults") else f" ({one['channel']})")
        for one in parts
    }


def _event(number: int, date: str, lines: set[str]) -> dict[str, object]:
    added, removed = _named(lines, "+"), _named(lines, "-")
    return {
        "date": date,
        "rev": number,
        "install": sorted(added.keys() - removed.keys()) if added or removed else sorted(lines),
        "remove": sorted(removed.keys() - added.keys()),
        "upgrade": sorted(added.keys() & removed.keys()),
        "downgrade": [],
    }
