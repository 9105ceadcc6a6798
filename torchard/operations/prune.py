"""What Torchard made on a Mac, and the lab does not name for it any more: removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard.operations import change_scripts, upload
from torchard.operations.diff import show
from torchard.plan.steps import removal_steps
from torchard.remote import facts
from torchard.remote.quoting import for_any_shell

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.lab.model import MacHost
    from torchard.workspace.workspace import Workspace


@operation()
def prune(mac: MacHost, workspace: Workspace) -> Generator[StringCommand | FunctionCommand]:
    """Remove environments, each by its link first, where that leads where the plan found it.

    What nothing shows of its generations goes then; nothing else is touched.

    + mac: the Mac as the lab describes it
    + workspace: what was planned for it

    **Example:**

    .. code:: python

        prune(name="Prune", mac=mac, workspace=workspace)
    """
    state = facts.read_state(mac.miniconda.prefix)
    if state is None:
        yield upload.fail("its state could not be read")
        return
    steps = removal_steps(mac.environments, state)
    if not steps:
        host.noop("the lab names all that Torchard made")
    for step in steps:
        if not workspace.is_planned(mac, step):
            yield upload.fail(upload.CHANGED)
            return
        show(step)
        yield upload.say(f"removing {step.environment}")
        script = change_scripts.remove_environment(state, step, upload.controller())
        yield StringCommand(for_any_shell(script))
