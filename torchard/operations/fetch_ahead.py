"""Fetch several artefacts at once, ahead of the one that takes them in their order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import gevent
from gevent.event import AsyncResult

from torchard.workspace.artefacts import DOWNLOADS, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import Lock

A = TypeVar("A")
A_contra = TypeVar("A_contra", contravariant=True)


class Store(Protocol[A_contra]):
    """What fetches artefacts: `torchard.workspace.artefacts.Artefacts` does."""

    def expect(self, artefacts: Iterable[A_contra], /) -> None:
        """Count artefacts that are about to be fetched."""

    def abandon(self, artefacts: Iterable[A_contra], /) -> None:
        """Count artefacts no more."""

    def fetch(self, artefact: A_contra, lock: Lock | None, mac: MacHost, /) -> Path:
        """Return the file of an artefact."""


class FetchAhead(Generic[A]):
    """Artefacts that are fetched in their order, several at once."""

    def __init__(self, store: Store[A], wanted: Sequence[Wanted[A]]) -> None:
        """Begin with the first ones. `stop` ends it."""
        self._store = store
        jobs: list[tuple[Wanted[A], AsyncResult]] = [(one, AsyncResult()) for one in wanted]
        self._left = deque(jobs)
        self._to_fetch = deque(jobs)
        self._jobs = jobs
        store.expect([one.artefact for one in wanted])
        workers = min(DOWNLOADS, len(jobs))
        self._fetching = [gevent.spawn(self._fetch_all) for _ in range(workers)]

    def _fetch_all(self) -> None:
        while self._to_fetch:
            wanted, result = self._to_fetch.popleft()
            try:
                result.set(self._store.fetch(*wanted))
            except BaseException as error:  # noqa: BLE001  # `take` raises it
                self._to_fetch.clear()  # the one that takes them stops here
                result.set_exception(error)
                return
            gevent.sleep(0)  # a depot that has all of them would let nobody else work

    @property
    def next(self) -> A | None:
        """The artefact that `take` waits for; None after the last one."""
        return self._left[0][0].artefact if self._left else None

    def take(self) -> Path:
        """Return the file of the next artefact, once it is there. Raise what its fetch raised."""
        path: Path = self._left.popleft()[1].get()
        return path

    def stop(self) -> None:
        """Fetch no more."""
        gevent.killall(self._fetching)
        self._store.abandon([one.artefact for one, result in self._jobs if not result.successful()])
