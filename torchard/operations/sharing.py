"""What is beside a prefix that several accounts share.

Its folder, `conda` on every PATH, and the folder of the Jupyter kernels that every account finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard.mac.sharing import PATHS_FILE
from torchard.operations import change_scripts, report
from torchard.operations.diff import print_diff
from torchard.operations.lease import begin_run, continue_run
from torchard.operations.step_command import run_step
from torchard.plan.sharing import plan_sharing
from torchard.plan.target import Target
from torchard.remote import facts

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.lab.model import MacHost
    from torchard.workspace.workspace import Workspace


@operation()
def share_prefix(mac: MacHost, workspace: Workspace) -> Generator[StringCommand | FunctionCommand]:
    """Make the folder of a shared prefix, and add its `conda` to the PATH of every account.

    If the lab wants Jupyter kernels, make their folder, too. Only these three may use sudo, and
    only where the account may not write there itself.

    + mac: the Mac as the lab describes it
    + workspace: knows the environments, and what was planned

    **Example:**

    .. code:: python

        share_prefix(name="Sharing", mac=mac, workspace=workspace)
    """
    state = facts.read_state(mac)
    if state is None:
        yield report.fail_mac(report.UNREADABLE)
        return
    steps = plan_sharing(Target(mac, state, environments=workspace.lab.environments))
    if not steps:
        host.noop(f"all accounts can use {state.prefix}")
    for step in steps:
        if not workspace.is_planned(mac, step):
            yield report.fail_mac(report.CHANGED)
            return
        print_diff(step)
        if not state.root.startswith(f"{step.path}/"):  # else the run lock will be in it
            yield begin_run(mac, state.lock)
        yield report.announce(f"writing {step.place}")
        if step.path == PATHS_FILE:
            script = change_scripts.write_paths_file(state, step, continue_run(host, mac))
        else:
            script = change_scripts.make_shared_folder(state, step)
        yield run_step(mac, script)
