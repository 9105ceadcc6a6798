"""Fetch what a Mac needs beside the pushing: what is here goes on while the rest is fetched."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import gevent
from gevent.event import AsyncResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

A = TypeVar("A")


class FetchAhead(Generic[A]):
    """Artefacts that are fetched one after the other, in their order."""

    def __init__(self, artefacts: Sequence[A], fetch: Callable[[A], Path]) -> None:
        """Begin with the first one; `fetch` returns the file of one. `stop` ends it."""
        jobs: list[tuple[A, AsyncResult]] = [(one, AsyncResult()) for one in artefacts]
        self._left = deque(jobs)
        self._fetching = gevent.spawn(self._fetch_all, jobs, fetch)

    @staticmethod
    def _fetch_all(jobs: Sequence[tuple[A, AsyncResult]], fetch: Callable[[A], Path]) -> None:
        for artefact, result in jobs:
            try:
                result.set(fetch(artefact))
            except BaseException as error:  # noqa: BLE001  # `take` raises it, and waits for no more
                result.set_exception(error)
                return
            gevent.sleep(0)  # a depot that has all of them would let nobody else work

    @property
    def next(self) -> A | None:
        """The artefact that `take` waits for; None after the last one."""
        return self._left[0][0] if self._left else None

    def take(self) -> Path:
        """Return the file of the next artefact, once it is there. Raise what its fetch raised."""
        path: Path = self._left.popleft()[1].get()
        return path

    def stop(self) -> None:
        """Fetch no more."""
        self._fetching.kill()
