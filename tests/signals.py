"""Signals that the starter of the tests ignores, such as nohup's SIGHUP."""

from __future__ import annotations

import signal


def restore() -> None:
    """Let what the tests start receive each signal that this process ignores.

    A child inherits an ignored signal, but not a handler. This process still ignores the signal.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, _ignore)


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing."""
