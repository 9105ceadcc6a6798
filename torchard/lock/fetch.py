"""Fetch many artefacts into the depot at once, as far as they have a reasonable size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from torchard.depot.downloads import Downloads
from torchard.lock.lockfile import CondaPackage, LockError, Wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torchard.depot.depot import Depot

_DOWNLOADS = 8  # at once
_MOST_FETCHED = 16 << 30  # bytes of the artefacts that are read for one lock

Artefact = TypeVar("Artefact", CondaPackage, Wheel)


def fetch_all(
    artefacts: Sequence[Artefact],
    depot: Depot,
    form_url: Callable[[Artefact], str],
    noun: str,
    source: str,
) -> list[Path]:
    """Return the path of each artefact's verified file, fetched if the depot lacks it.

    Raise LockError if they have too many bytes, DepotError or DownloadError if one cannot be
    fetched. `noun` and `source` are what messages call them, and where they come from.
    """
    missing = [one for one in artefacts if not depot.has_file(one.sha256)]
    size = sum(one.size for one in missing)
    if size > _MOST_FETCHED:
        largest = max(missing, key=lambda one: one.size)
        raise LockError(
            f"{source} that the {noun} to read have {size} bytes, and {largest.file} alone has"
            f" {largest.size}. Torchard fetches at most {_MOST_FETCHED >> 30} GiB for a lock.",
            "Use another channel, index or mirror: this one may be damaged.",
        )
    total = Downloads(depot.report, noun)
    total.expect((one.sha256, one.file, one.size) for one in missing)

    def fetch(one: Artefact) -> Path:
        return depot.fetch(
            one.file,
            one.sha256,
            one.size,
            lambda: form_url(one),
            partial(total.count, one.sha256, one.file),
        )

    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        return list(pool.map(fetch, artefacts))
