"""What an operation reports of a Mac: what it does now, and why it failed.

pyinfra stops every host when one raises. So an operation keeps the reason of a failure, and fails
its own Mac alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import logger
from pyinfra.api import FunctionCommand

from torchard.sanitize import sanitize_lines

if TYPE_CHECKING:
    from pyinfra.api.host import Host
    from pyinfra.api.state import State

# Keys of a host's connector_data: the reason of its failure, a function that gets its progress, and
# one that is called after each delivery.
FAILURE = "torchard failure"
PROGRESS = "torchard progress"
DELIVERED = "torchard delivered"
UNREADABLE = "its state could not be read"
CHANGED = "it changed after planning and was left alone; run it again"


def report_progress(host: Host, doing: str, done: int = 0, total: int = 0) -> None:
    """Report what a Mac is doing: `done` of `total` bytes, or 0 without bytes."""
    progress = host.connector_data.get(PROGRESS)
    if progress is not None:
        progress(host, doing, done, total)


def report_delivered(host: Host) -> None:
    """Report that a Mac has all that the present operation sends it."""
    delivered = host.connector_data.get(DELIVERED)
    if delivered is not None:
        delivered()


def announce(doing: str) -> FunctionCommand:
    """Return a command that only reports what the next one does."""
    return FunctionCommand(_announce, (doing,), {})


def _announce(state: State, host: Host, doing: str) -> bool:  # noqa: ARG001  # pyinfra passes both
    report_progress(host, doing)
    return True


def fail_mac(reason: str) -> FunctionCommand:
    """Return a command that fails the Mac on which it runs, and no other."""
    return FunctionCommand(record_failure, (reason,), {})


def record_failure(state: State, host: Host, reason: str) -> bool:  # noqa: ARG001  # pyinfra passes both
    """Keep and log why a Mac failed; the False that it returns tells pyinfra so."""
    host.connector_data[FAILURE] = reason
    host.log_styled(sanitize_lines(reason), fg="red", log_func=logger.error)
    return False
