"""One environment: build a new generation aside, verify it, then activate it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard.lab.channels import channel_url
from torchard.operations import change_scripts, report
from torchard.operations.deliver import deliver_files
from torchard.operations.diff import print_diff
from torchard.operations.kit import write_kit
from torchard.operations.lease import begin_run, continue_run
from torchard.operations.step_command import run_step
from torchard.plan.steps import environment_step
from torchard.remote import facts

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import CondaPackage, Lock, Wheel
    from torchard.workspace.workspace import Workspace


@operation()
def build_environment(
    mac: MacHost, lock: Lock, workspace: Workspace
) -> Generator[StringCommand | FunctionCommand]:
    """Build and activate the generation that an environment's lock describes.

    Nothing changes if that generation is active already.

    + mac: the Mac as the lab describes it
    + lock: every package of the environment
    + workspace: fetches its artefacts, and knows what was planned

    **Example:**

    .. code:: python

        build_environment(name="Environment torch", mac=mac, lock=lock, workspace=workspace)
    """
    state = facts.read_state(mac)
    if state is None:
        yield report.fail_mac(report.UNREADABLE)
        return
    rebuild = lock.environment in workspace.rebuild
    variables = workspace.lab.environments[lock.environment].variables
    step = environment_step(lock, state, frozen=mac.frozen, variables=variables, rebuild=rebuild)
    if step is None:
        host.noop(f"{lock.environment} is as locked")
        return
    if not workspace.is_planned(mac, step):
        yield report.fail_mac(report.CHANGED)
        return
    print_diff(step)
    kit = write_kit(
        state,
        lock,
        step.path.rpartition("/")[2],
        {channel: channel_url(channel) for channel in lock.channels},
        seconds=mac.timeouts.verification,
        frozen=mac.frozen,
        variables=variables,
    )
    artefacts: tuple[CondaPackage | Wheel, ...] = (
        () if step.action == "activate" else (*lock.conda, *lock.wheels)
    )
    yield begin_run(mac, state.lock)
    yield deliver_files(
        mac,
        state,
        workspace.artefacts,
        artefacts,
        lock,
        text=kit.archive,
        text_path=kit.path(state),
    )
    yield report.announce(f"building {lock.environment}")
    controller = continue_run(host, mac)
    script = change_scripts.build_environment(state, lock, kit, controller, rebuild=rebuild)
    yield run_step(mac, script)
