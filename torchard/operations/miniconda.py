"""Miniconda at its prefix: install it if it is absent or half installed, adopt it if it is whole.

Torchard replaces its own installation if the lab names another version.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard.operations import change_scripts, report
from torchard.operations.deliver import deliver_files
from torchard.operations.diff import print_diff
from torchard.operations.lease import begin_run, continue_run
from torchard.operations.step_command import run_step
from torchard.plan.steps import miniconda_step
from torchard.remote import facts

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.catalog.installers import Installer
    from torchard.lab.model import MacHost
    from torchard.workspace.workspace import Workspace


@operation()
def install_miniconda(
    mac: MacHost, installer: Installer | None, workspace: Workspace
) -> Generator[StringCommand | FunctionCommand]:
    """Install Miniconda once, from an installer whose sha256 is verified on the Mac.

    + mac: the Mac as the lab describes it
    + installer: which one; None if the prefix was whole at planning
    + workspace: fetches the installer, and knows what was planned

    **Example:**

    .. code:: python

        install_miniconda(
            name="Miniconda", mac=mac, installer=target.installer, workspace=workspace
        )
    """
    state = facts.read_state(mac)
    if state is None:
        yield report.fail_mac(report.UNREADABLE)
        return
    step = miniconda_step(state, installer)
    if step is None or installer is None:
        host.noop(f"Miniconda is at {state.prefix}")
        return
    if not workspace.is_planned(mac, step):
        yield report.fail_mac(report.CHANGED)
        return
    print_diff(step)
    yield begin_run(mac, state.lock)
    yield deliver_files(mac, state, workspace.artefacts, [installer])
    yield report.announce("installing Miniconda")
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    script = change_scripts.install_miniconda(state, installer, continue_run(host, mac), date)
    yield run_step(mac, script)
