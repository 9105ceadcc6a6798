"""The run lock of a Mac, held for a whole run: from its first write to its verification.

Each script takes the lock from the one before. Between them, no process on the Mac holds it, and
no session: it is a lease that ends by itself. The end of the connection ends it at once.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import gevent
from paramiko import SSHException
from pyinfra.api import FunctionCommand, StringCommand

from torchard.errors import TorchardError
from torchard.operations import change_scripts
from torchard.operations.controller import Controller, find_controller
from torchard.operations.incoming import PARTS, parse_parts
from torchard.operations.report import record_failure
from torchard.remote.limits import limit_file_command, limit_step
from torchard.remote.quoting import for_any_shell
from torchard.workspace import runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinfra.api.host import Host
    from pyinfra.api.state import State

    from torchard.lab.model import MacHost
    from torchard.mac.state import RunLock

_RELEASE_SECONDS = 10
_HELD = "torchard run lock"


def continue_run(host: Host, mac: MacHost) -> Controller:
    """Return who works on a Mac, for a script after `begin_run`."""
    found = find_controller(host.name)
    root = mac.miniconda.root
    return replace(found, lease=mac.timeouts.lease, resumes=True, keep=mac.keep, root=root)


def begin_run(mac: MacHost, lock: RunLock | None) -> FunctionCommand:
    """Return the command that takes a Mac's run lock for this run, once; `lock` is who has it now.

    After it, the directories for uploads exist.
    """
    return FunctionCommand(_begin_run, (mac, lock), {})


def _begin_run(state: State, host: Host, mac: MacHost, lock: RunLock | None) -> bool:
    if _HELD in host.connector_data:
        return True
    controller = open_run(host, mac, lock)
    script = StringCommand(for_any_shell(change_scripts.begin_run(controller)))
    done, output = host.run_shell_command(script, _timeout=limit_step(mac))
    if not done:
        return record_failure(state, host, output.stderr.strip())
    host.connector_data[PARTS] = parse_parts(output.stdout_lines)
    return True


def run_once(host: Host, mac: MacHost, lock: RunLock | None) -> Controller:
    """Return who works on a Mac, for a run of one script; `lock` is who has its run lock now."""
    runs.register_run()
    ended = lock.token if lock is not None and runs.is_ours(lock.token) else ""
    return replace(find_controller(host.name), ended=ended, root=mac.miniconda.root)


def open_run(host: Host, mac: MacHost, lock: RunLock | None) -> Controller:
    """Return who works on a Mac, for the first script of a run. It ends with the connection."""
    controller = replace(run_once(host, mac, lock), lease=mac.timeouts.lease)
    host.connector_data[_HELD] = controller
    disconnect = host.disconnect

    def end_and_disconnect() -> None:
        end_run(host)
        disconnect()

    host.disconnect = end_and_disconnect
    return controller


def end_run(host: Host) -> None:
    """End this run's lock on a Mac, if it has one. If that fails, the lock ends by itself."""
    controller = host.connector_data.pop(_HELD, None)
    if controller is None:
        return
    script = StringCommand(for_any_shell(change_scripts.end_lease(controller)))
    errors = (TorchardError, OSError, EOFError, SSHException, gevent.Timeout)
    with suppress(*errors), gevent.Timeout(_RELEASE_SECONDS):
        host.run_shell_command(script)


@contextmanager
def renewed_lease(host: Host, mac: MacHost) -> Iterator[None]:
    """Renew this run's lease on a Mac while something lasts for which no command runs there."""
    controller = host.connector_data.get(_HELD)
    if controller is None:
        yield
        return
    script = StringCommand(
        for_any_shell(change_scripts.begin_run(replace(controller, resumes=True)))
    )
    limit = limit_file_command(mac)  # the next renewal is tried all the same

    def renew() -> None:
        while True:
            gevent.sleep(controller.lease / 3)
            with suppress(TorchardError, OSError, EOFError, SSHException):
                host.run_shell_command(script, _timeout=limit)

    renewing = gevent.spawn(renew)
    try:
        yield
    finally:
        renewing.kill()
