"""What Torchard's files take on a Mac's disk, as the Mac reports it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from torchard.json_schema import Count  # noqa: TC001  # msgspec reads the types of fields


@dataclass(frozen=True)
class DiskUse:
    """The bytes of each part of Torchard's files on one Mac, null if it was not measured.

    `generations` are the environments. `depot` has uploaded packages and kits. `logs` are in
    `~/.torchard/log`, and `kept` has what people had put into old generations. `asides` are
    Minicondas that were set aside.
    """

    generations: Count | None = None
    depot: Count | None = None
    logs: Count | None = None
    kept: Count | None = None
    asides: Count | None = None


def read_disk_use(answer: str) -> DiskUse:
    """Read a Mac's answer, one line of JSON; what is not a number of bytes counts as unknown."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return DiskUse()
    if not isinstance(found, dict):
        return DiskUse()
    sizes = {one.name: found.get(one.name) for one in fields(DiskUse)}
    return DiskUse(**{name: size for name, size in sizes.items() if _is_size(size)})


def _is_size(size: object) -> bool:
    return type(size) is int and 0 <= size < 2**63
