"""Wait for a Mac that sleeps: an attempt to connect may wake it, and ends before it is awake."""

from __future__ import annotations

import errno
import time
from socket import gaierror
from typing import TYPE_CHECKING

from paramiko.ssh_exception import NoValidConnectionsError
from pyinfra.api.exceptions import ConnectError

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 5  # seconds between two attempts; each attempt itself waits for CONNECT_TIMEOUT
_NOT_THERE = {errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ETIMEDOUT}


def connect_once_awake(
    connect: Callable[[], object],
    seconds: int,
    announce: Callable[[str], object],
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Connect to a Mac; while it does not answer, try again for so many seconds.

    Raise what the last attempt raised. An answer of any kind, such as a refused connection or a
    failed login, ends the attempts.
    """
    end = clock() + seconds
    while True:
        try:
            connect()
        except Exception as error:
            if clock() >= end or not is_without_answer(error):
                raise
        else:
            return
        announce("waiting for it to wake up")
        pause(PAUSE)


def is_without_answer(error: BaseException) -> bool:
    """Tell whether nothing answered at a Mac's address, as if the Mac were asleep or off."""
    if isinstance(error, ConnectError):
        error = error.__context__ or error
    # Bonjour forgets the name of a Mac that sleeps, unless another device answers for it.
    if isinstance(error, (TimeoutError, gaierror)):
        return True
    numbers = {getattr(error, "errno", None)}
    if isinstance(error, NoValidConnectionsError):
        numbers = {getattr(one, "errno", None) for one in error.errors.values()}
    return bool(numbers) and numbers <= _NOT_THERE
