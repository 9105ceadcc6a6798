"""A shell's file, so that `conda activate` works in a new Terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard import facts
from torchard.operations import commands, transfer
from torchard.operations.diff import show
from torchard.shell import for_any_shell
from torchard.shell_file import place, shell_step

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.intend import Workspace
    from torchard.lab.model import MacHost, Shell


@operation()
def shell_file(
    mac: MacHost, shell: Shell, workspace: Workspace
) -> Generator[StringCommand | FunctionCommand]:
    """Put conda's block into a shell's file, or into the place of the one that is there.

    + mac: the Mac as the lab describes it
    + shell: whose file; Miniconda is there by now
    + workspace: what was shown, and may be done
    """
    state = facts.read(mac.miniconda.prefix)
    if state is None:
        yield transfer.fail("its state could not be read")
        return
    step = shell_step(shell, state)
    if step is None:
        host.noop(f"{place(shell)} starts the conda at {state.prefix}")
        return
    if not workspace.as_planned(mac, step):
        yield transfer.fail(transfer.CHANGED)
        return
    show(step)
    yield transfer.say(f"writing {place(shell)}")
    script = commands.edit_shell_file(state, step, transfer.controller())
    yield StringCommand(for_any_shell(script))
