"""Fetch many artefacts into the depot at once, as far as they have a reasonable size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

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
    total = _Total(missing, noun, depot.report)

    def fetch(one: Artefact) -> Path:
        return depot.fetch(
            one.file,
            one.sha256,
            one.size,
            lambda: form_url(one),
            lambda done, _: total.add(one.file, done),
        )

    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        return list(pool.map(fetch, artefacts))


class _Total:
    """Adds up downloads that run at the same time, so that they have one rate."""

    def __init__(
        self,
        artefacts: Sequence[CondaPackage] | Sequence[Wheel],
        noun: str,
        report: Callable[[str, int, int], None],
    ) -> None:
        number = len(artefacts)
        self._what = artefacts[0].file if number == 1 else f"{number} {noun}"
        self._size = sum(one.size for one in artefacts)
        self._report = report
        self._done: dict[str, int] = {}
        self._guard = Lock()

    def add(self, file: str, done: int) -> None:
        """Report that `done` bytes of a file have come, and what has come of the others."""
        with self._guard:
            self._done[file] = done
            self._report(self._what, sum(self._done.values()), self._size)
