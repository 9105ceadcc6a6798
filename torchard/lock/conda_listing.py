"""What conda channels have of some names, for messages about a failed solve.

It runs in the child process that has py-rattler, as `conda_worker` does.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import rattler

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_ROWS = 400  # of one name
_NEAR = 3  # names in a message
_PYTHONS = [f"3.{minor}" for minor in range(6, 21)]
_FOR_PYTHON = {"python", "python_abi"}


async def list_channels(asked: dict[str, Any]) -> dict[str, Any]:
    """Return for each name what the first channel that knows it has.

    `channel` counts the channels from 0, and is None where none knows the name. `asked` has
    urls, subdir, cache, system, and `specs`: match specs by their package's name.
    """
    channels = [rattler.Channel(url) for url in asked["urls"]]
    gateway = rattler.Gateway(cache_dir=asked["cache"])
    platforms = [asked["subdir"], "noarch"]
    wanted: dict[str, list[rattler.MatchSpec]] = asked["specs"]
    found: dict[str, list[rattler.RepoDataRecord]] = {name: [] for name in wanted}
    owners: dict[str, int] = {}
    known = set()
    for place, channel in enumerate(channels):
        answer = await gateway.query([channel], platforms, list(wanted), recursive=False)
        here: dict[str, list[rattler.RepoDataRecord]] = {}
        for records in answer:
            for record in records:
                here.setdefault(record.name.normalized, []).append(record)
        for name, records in here.items():
            if name in found and name not in owners:  # strict priority: later ones do not count
                owners[name], found[name] = place, records
    if not all(found.values()):
        names = await gateway.names(channels, platforms)
        known = {name.normalized for name in names}
    return {
        name: {
            "channel": owners.get(name),
            "rows": _rows(records, wanted[name], asked["system"]),
            "near": [] if records else difflib.get_close_matches(name, known, _NEAR, 0.75),
        }
        for name, records in found.items()
    }


def _rows(
    records: Sequence[rattler.RepoDataRecord],
    specs: Sequence[rattler.MatchSpec],
    system: dict[str, tuple[str, str]],
) -> list[list[Any]]:
    """Return [version, fits, pythons or None, unmet] of builds, newest first, each once."""
    rows: dict[tuple[Any, ...], None] = {}
    for record in sorted(records, key=lambda one: one.version, reverse=True):
        fits = all(spec.matches(record) for spec in specs)
        pythons: list[str] | None = None
        unmet = []
        for text in record.depends:
            name, bound = _split(text)
            if name in _FOR_PYTHON and bound:
                admitted = [one for one in _PYTHONS if _admits(bound, f"{one}.99", one)]
                pythons = [one for one in admitted if pythons is None or one in pythons]
            elif name.startswith("__"):
                has = system.get(name)
                if has is None or (bound and not _admits(bound, has[0], has[0])):
                    unmet.append(f"{name} {bound}".strip())
        row = (str(record.version), fits, None if pythons is None else tuple(pythons), tuple(unmet))
        rows.setdefault(row)
        if len(rows) >= _MOST_ROWS:
            break
    return [list(one) for one in rows]


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[str, str]:
    """Return the name and the version of a dependency; an unreadable one has no version."""
    name, _, rest = text.partition(" ")
    return name, rest.split(" ")[0]


@lru_cache(maxsize=4096)
def _admits(bound: str, late: str, exact: str) -> bool:
    try:
        spec = rattler.VersionSpec(bound)
        return bool(spec.matches(rattler.Version(late)) or spec.matches(rattler.Version(exact)))
    except Exception:  # noqa: BLE001  # a bound that nobody can read forbids nothing
        return True
