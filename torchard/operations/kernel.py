"""Jupyter kernels of the account, so that Jupyter offers the lab's environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard.operations import change_scripts, report
from torchard.operations.diff import print_diff
from torchard.operations.lease import begin_run, continue_run
from torchard.operations.step_command import run_step
from torchard.plan.kernels import find_content, plan_kernels
from torchard.plan.target import Target
from torchard.remote import facts

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.lab.model import MacHost
    from torchard.workspace.workspace import Workspace


@operation()
def kernel(mac: MacHost, workspace: Workspace) -> Generator[StringCommand | FunctionCommand]:
    """Write the Jupyter kernels that the lab names, and remove those that it names no longer.

    A kernel of a person is left alone.

    + mac: the Mac as the lab describes it
    + workspace: knows the environments, and what was planned

    **Example:**

    .. code:: python

        kernel(name="Kernel", mac=mac, workspace=workspace)
    """
    state = facts.read_state(mac)
    if state is None:
        yield report.fail_mac(report.UNREADABLE)
        return
    target = Target(mac, state, environments=workspace.lab.environments)
    steps = plan_kernels(target)
    if not steps:
        host.noop("the Jupyter kernels are as the lab says")
    for step in steps:
        if not workspace.is_planned(mac, step):
            yield report.fail_mac(report.CHANGED)
            return
        print_diff(step)
        yield begin_run(mac, state.lock)
        yield report.announce(f"writing {step.place}")
        content = find_content(step, target)
        script = change_scripts.edit_kernel(state, step, content, continue_run(host, mac))
        yield run_step(mac, script)
