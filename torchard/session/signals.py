"""Ctrl-C and SIGTERM: they end what a command waits for, and it still prints what is known.

Python raises a signal in whichever greenlet runs. That is often one that serves a connection, which
would mistake it for its own end. Here a signal is raised in the main greenlet, and only inside
`interruptible`. One that comes at another moment is raised at the next such place. So nothing that
a command already knows is lost. A second signal is raised at once.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import gevent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


@dataclass
class _Received:
    """What this process has received.

    `code` is the exit code of the first signal. `pending` is that signal until it is raised.
    """

    code: int | None = None
    pending: BaseException | None = None
    is_interruptible: bool = False


_RECEIVED = _Received()


def install_signal_handlers() -> None:
    """Let Ctrl-C and SIGTERM end the waits of this command."""
    hub = gevent.get_hub()

    def raise_in_main(error: BaseException, *, is_first: bool) -> None:
        if is_first and not _RECEIVED.is_interruptible:
            _RECEIVED.pending = error
        else:
            hub.parent.throw(error)

    def receive(number: int, _frame: object) -> None:
        error = KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
        is_first = _RECEIVED.code is None
        _RECEIVED.code = _RECEIVED.code or 128 + number
        hub.loop.run_callback_threadsafe(lambda: raise_in_main(error, is_first=is_first))

    signal.signal(signal.SIGINT, receive)
    signal.signal(signal.SIGTERM, receive)


def find_exit_code() -> int | None:
    """Return the exit code for the first signal, or None if there was none."""
    return _RECEIVED.code


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal end what is inside: KeyboardInterrupt, or SystemExit with the exit code."""
    before, _RECEIVED.is_interruptible = _RECEIVED.is_interruptible, True
    try:
        if _RECEIVED.pending is not None:
            error, _RECEIVED.pending = _RECEIVED.pending, None
            raise error
        yield
    finally:
        _RECEIVED.is_interruptible = before


def until_signal(items: Iterable[T]) -> Iterator[T]:
    """Yield what work makes one by one, until a signal ends it: one that came during an item.

    Work that waits for nothing, such as reading files, gives gevent no moment to raise a signal.
    """
    with interruptible():
        for one in items:
            yield one
            gevent.sleep(0)
