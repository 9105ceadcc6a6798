"""One environment: a new generation built aside, proved, then shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand, operation

from torchard import facts
from torchard.operations import commands, transfer
from torchard.operations.diff import show
from torchard.shell import for_any_shell
from torchard.steps import environment_step

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyinfra.api import FunctionCommand

    from torchard.intend import Workspace
    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import CondaPackage, Lock, Wheel


@operation()
def environment(
    mac: MacHost, lock: Lock, workspace: Workspace
) -> Generator[StringCommand | FunctionCommand]:
    """Make what is shown under an environment's name the one that its lock describes.

    + mac: the Mac as the lab describes it
    + lock: every package of the environment
    + workspace: where its artefacts are fetched from
    """
    state = facts.read(mac.miniconda.prefix)
    if state is None:
        yield transfer.fail("its state could not be read")
        return
    rebuild = lock.environment in workspace.rebuild
    step = environment_step(lock, state, frozen=mac.frozen, rebuild=rebuild)
    if step is None:
        host.noop(f"{lock.environment} is as locked")
        return
    if not workspace.as_planned(mac, step):
        yield transfer.fail(transfer.CHANGED)
        return
    show(step)
    kit = commands.kit(
        state,
        lock,
        step.path.rpartition("/")[2],
        workspace.channel_urls(lock),
        frozen=mac.frozen,
    )
    artefacts: tuple[CondaPackage | Wheel, ...] = (
        () if step.change == "show" else (*lock.conda, *lock.wheels)
    )
    yield StringCommand(for_any_shell(commands.make_incoming(state)))
    yield transfer.push(
        state,
        artefacts,
        lambda one: workspace.fetch(one, lock, mac),
        text=kit.archive,
        text_path=kit.path(state),
    )
    yield transfer.say(f"building {lock.environment}")
    controller = transfer.controller()
    script = commands.build_environment(state, lock, kit, controller, rebuild=rebuild)
    yield StringCommand(for_any_shell(script))
