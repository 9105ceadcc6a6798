"""How many files are sent at once, and how fast, for the Macs of a lab that share a bound.

Sending is work of this computer and of its network: without a bound, every Mac's transfer takes its
part of both, and one that fails near its end has taken the most.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent
from gevent.lock import BoundedSemaphore

if TYPE_CHECKING:
    from collections.abc import Callable

    from torchard.lab.model import Transfers

MEGABYTE = 10**6
_AHEAD = 0.1  # seconds that a transfer may be ahead of its rate: pauses are not shorter


class Pace:
    """A rate in bytes a second that several transfers share."""

    def __init__(
        self,
        rate: int,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = gevent.sleep,
    ) -> None:
        self._rate, self._now, self._pause = rate, now, pause
        self._free = now()

    def take(self, count: int) -> None:
        """Wait until so many bytes may be sent."""
        self._free = max(self._free, self._now()) + count / self._rate
        ahead = self._free - self._now()
        if ahead > _AHEAD:
            self._pause(ahead - _AHEAD)


class Line:
    """What the transfers of some Macs share: `turns`, and `take`, None without a rate."""

    def __init__(self, transfers: Transfers) -> None:
        self.turns = BoundedSemaphore(transfers.parallel)
        rate = transfers.rate
        self.take = Pace(rate * MEGABYTE).take if rate is not None else None


_LINES: dict[Transfers, Line] = {}


def find_line(transfers: Transfers) -> Line:
    """Return what all Macs with the same settings share in this process."""
    return _LINES.setdefault(transfers, Line(transfers))
