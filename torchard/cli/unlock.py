"""`torchard unlock`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from torchard.cli import console, options
from torchard.cli.complete import complete_macs
from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torchard.lab.model import Lab, MacHost
    from torchard.mac.state import RunLock


@click.command()
@click.argument("mac", metavar="MAC", shell_complete=complete_macs)
@options.lab
@click.option(
    "--holder",
    metavar="ID",
    help="ID of the run that holds the lock (printed without this option).",
)
@options.allow_ssh_commands
@options.logs
def unlock(mac: str, lab: Path, *, holder: str | None) -> None:
    """Show who holds a Mac's run lock, or remove a dead run's lock.

    The next run removes it as well. Torchard never removes a lock while a process of its run is at
    work on the Mac: end that process, and its lock goes with it.
    """
    from torchard.cli import connect
    from torchard.mac.paths import shorten_mac_path
    from torchard.session.unlock import remove_lock

    def select_mac(found: Lab) -> Sequence[MacHost]:
        if mac not in found.macs:
            raise TorchardError(
                f"There is no Mac {mac} in {found.path.name}.",
                f"There are: {', '.join(found.macs)}.",
            )
        return (found.macs[mac],)

    with connect.open_session_without_locks(lab, select_mac) as session:
        if mac in session.reasons:
            console.print_error(f"{mac} is unreachable: {session.reasons[mac]}")
            console.exit_after(session, 3)
        lock = session.states[mac].lock
        if lock is None:
            click.echo(f"No run holds the lock of {mac}.")
            console.exit_with(0)
        if holder is None or holder != lock.token or lock.processes:
            state = session.states[mac]
            root = shorten_mac_path(state.root, state.home)
            raise _refuse(mac, lab, lock, holder, root)
        try:
            remove_lock(session, mac, holder)
        except TorchardError as error:
            if session.interrupted is None:
                raise
            console.print_error(str(error))
            console.exit_after(session, 1)
    click.echo(f"The run lock of {lock.who} on {mac} is removed.")


def _refuse(mac: str, lab: Path, lock: RunLock, holder: str | None, root: str) -> TorchardError:
    """Return an error that says who holds a lock, since when, and what to do about it."""
    from torchard.plan.conflicts import format_time

    found = f"{lock.who} holds the run lock of {mac}"
    if lock.since:
        found += f" since {format_time(lock.since)}"
    is_other = holder not in {None, lock.token}
    unchanged = f" Nothing was changed: its ID is not {holder}." if is_other else ""
    numbers = " ".join(map(str, lock.processes))
    command = shlex.join(["torchard", "unlock", mac, str(lab), "--holder", lock.token])
    if lock.elsewhere is not None:
        remedy = f"run `{command}`" if lock.token else f"remove {root}/lock"
        return TorchardError(
            f"{found}, from {lock.elsewhere}, another Mac with the same home.{unchanged}",
            "Only that Mac knows whether its run has ended. Look there. If no process of Torchard"
            f" runs on it, {remedy}.",
        )
    if lock.processes:
        return TorchardError(
            f"{found}, and is at work: {_list_processes(lock.processes)}.{unchanged}",
            f"Let it finish. If it hangs, end it on the Mac with `kill {numbers}`, or with `kill -9"
            f" {numbers}` if that does not help. Its lock goes with it.",
        )
    if lock.until is not None and lock.is_busy:
        return TorchardError(
            f"{found}. No process of it is at work there now.{unchanged}",
            f"Let the run finish: its next step may come soon. If the run has ended, its lock ends"
            f" at {format_time(lock.until)}. To remove it now, run `{command}`.",
        )
    if not lock.token:
        return TorchardError(
            f"{found}, but the lock has no ID.{unchanged}",
            "It expires by itself a minute after it was made.",
        )
    return TorchardError(
        f"{found}, but its process has ended.{unchanged}",
        f"The next run removes the lock, or run `{command}`.",
    )


def _list_processes(numbers: Sequence[int]) -> str:
    *first, last = map(str, numbers)
    return f"processes {', '.join(first)} and {last}" if first else f"process {last}"
