"""The command that runs a script which changes a Mac."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra.api import StringCommand

from torchard.remote.limits import limit_script, limit_step
from torchard.remote.quoting import for_any_shell

if TYPE_CHECKING:
    from torchard.lab.model import MacHost


def run_step(mac: MacHost, script: str) -> StringCommand:
    """Return the command of a script; the lab's limits of a step end it, here and on the Mac."""
    line = for_any_shell(limit_script(mac, script))
    return StringCommand(line, _timeout=limit_step(mac))
