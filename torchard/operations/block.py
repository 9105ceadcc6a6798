"""A Mac that Torchard leaves alone, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyinfra
from pyinfra import logger
from pyinfra.api import operation

from torchard.operations import report
from torchard.sanitize import sanitize_lines

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand


@operation(is_idempotent=False)
def block(reason: str) -> Generator[FunctionCommand]:
    """Fail this Mac and no other, before anything is done to it.

    + reason: what was found, and what to do about it

    **Example:**

    .. code:: python

        block(name="Blocked", reason="it has less than 10 GB of free disk; make room")
    """
    if not pyinfra.state.is_executing:  # a dry run prints nothing else about this Mac
        text = sanitize_lines(reason)
        pyinfra.host.log_styled(text, fg="red", log_func=logger.error)
    yield report.fail_mac(reason)
