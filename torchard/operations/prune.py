"""Remove what Torchard made on a Mac and the lab no longer names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard.operations import change_scripts, report
from torchard.operations.diff import print_diff
from torchard.operations.lease import begin_run, continue_run
from torchard.operations.step_command import run_step
from torchard.plan.steps import leftover_step, removal_steps
from torchard.remote import facts

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.lab.model import MacHost
    from torchard.workspace.workspace import Workspace


@operation()
def prune(mac: MacHost, workspace: Workspace) -> Generator[StringCommand | FunctionCommand]:
    """Remove environments that the lab no longer names, and what a stopped run left.

    Of an environment, the link goes first, then its generations. The lab must say `prune: true`. A
    link that leads elsewhere than at planning is left alone, and so is everything else.

    + mac: the Mac as the lab describes it
    + workspace: knows what was planned

    **Example:**

    .. code:: python

        prune(name="Prune", mac=mac, workspace=workspace)
    """
    state = facts.read_state(mac)
    if state is None:
        yield report.fail_mac(report.UNREADABLE)
        return
    steps = removal_steps(mac.environments, state) if mac.prune else ()
    rest = leftover_step(state, steps)
    if rest is not None and workspace.is_planned(mac, rest):
        steps = (*steps, rest)
    if not steps:
        host.noop("the lab names all that Torchard made")
    for step in steps:
        if not workspace.is_planned(mac, step):
            yield report.fail_mac(report.CHANGED)
            return
        print_diff(step)
        yield begin_run(mac, state.lock)
        yield report.announce(f"removing {step.environment or 'leftovers'}")
        if step.is_of_leftovers:
            script = change_scripts.remove_leftovers(state, continue_run(host, mac))
        else:
            script = change_scripts.remove_environment(state, step, continue_run(host, mac))
        yield run_step(mac, script)
