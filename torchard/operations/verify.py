"""Verify an environment through its link, as its users reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard.operations import read_scripts, report
from torchard.remote import facts
from torchard.remote.limits import limit_verification
from torchard.remote.quoting import for_any_shell

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand
    from pyinfra.api.operation import OperationMeta

    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import Lock


@operation(is_idempotent=False)
def verify(
    mac: MacHost, lock: Lock, after: OperationMeta
) -> Generator[StringCommand | FunctionCommand]:
    """Verify an environment after it was changed: native python, locked versions, MPS.

    + mac: the Mac as the lab describes it
    + lock: what the environment must have
    + after: the operation that may have changed it; without a change, nothing runs

    **Example:**

    .. code:: python

        verify(name="Verify torch", mac=mac, lock=lock, after=built)
    """
    changed = after.did_change() if after.is_complete() else after.will_change
    if not changed:
        host.noop(f"{lock.environment} was not changed")
        return
    state = facts.read_state(mac)
    if state is None:
        yield report.fail_mac(report.UNREADABLE)
        return
    yield report.announce(f"verifying {lock.environment}")
    script = read_scripts.verify_environment(state, lock, mac.timeouts.verification)
    yield StringCommand(for_any_shell(script), _timeout=limit_verification(mac))
