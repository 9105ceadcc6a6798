"""A shell's file, so that `conda activate` works in a new Terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard.operations import change_scripts, report
from torchard.operations.diff import print_diff
from torchard.operations.lease import begin_run, continue_run
from torchard.operations.step_command import run_step
from torchard.plan.shell_init import name_shell_file, plan_shell
from torchard.remote import facts

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.lab.model import MacHost, Shell
    from torchard.workspace.workspace import Workspace


@operation()
def shell_file(
    mac: MacHost, shell: Shell, workspace: Workspace
) -> Generator[StringCommand | FunctionCommand]:
    """Write conda's block into a shell's file, or replace the block in it.

    + mac: the Mac as the lab describes it
    + shell: whose file; needs an installed Miniconda
    + workspace: knows what was planned

    **Example:**

    .. code:: python

        shell_file(name="Shell ~/.zshrc", mac=mac, shell="zsh", workspace=workspace)
    """
    state = facts.read_state(mac)
    if state is None:
        yield report.fail_mac(report.UNREADABLE)
        return
    step = plan_shell(shell, state)
    if step is None:
        host.noop(f"{name_shell_file(shell)} starts the conda at {state.prefix}")
        return
    if not workspace.is_planned(mac, step):
        yield report.fail_mac(report.CHANGED)
        return
    print_diff(step)
    yield begin_run(mac, state.lock)
    yield report.announce(f"writing {name_shell_file(shell)}")
    script = change_scripts.edit_shell_file(state, step, continue_run(host, mac))
    yield run_step(mac, script)
