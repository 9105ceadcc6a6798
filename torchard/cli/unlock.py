"""`torchard unlock`."""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import TYPE_CHECKING

import click

from torchard.cli import connect, console, options
from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torchard.lab.model import Lab, MacHost
    from torchard.mac.state import RunLock


@click.command()
@click.argument("mac", metavar="MAC")
@options.lab
@click.option("--holder", metavar="ID", help="The run whose lock it is, as told without this.")
def unlock(mac: str, lab: Path, *, holder: str | None) -> None:
    """Say who holds a Mac's run lock; remove what a dead run left.

    The next run does so as well. The lock of a run that is still there is never removed: end its
    process first, and the lock goes with it.
    """

    def the_mac(found: Lab) -> Sequence[MacHost]:
        if mac not in found.macs:
            raise TorchardError(
                f"There is no Mac {mac} in {found.path.name}.",
                f"There are: {', '.join(found.macs)}.",
            )
        return (found.macs[mac],)

    with connect.session_without_locks(lab, the_mac) as session:
        if mac in session.why:
            console.print_error(f"{mac} is unreachable: {session.why[mac]}")
            console.exit_with(3)
        lock = session.states[mac].lock
        if lock is None:
            click.echo(f"Nobody holds the run lock of {mac}.")
            console.exit_with(0)
        if holder is None or holder != lock.token or lock.processes:
            raise _left_alone(mac, lab, lock, holder)
        from torchard.session import errands  # noqa: PLC0415  # the session patches first

        errands.unlock(session, mac, holder)
    click.echo(f"The run lock that {lock.who} left on {mac} is removed.")


def _left_alone(mac: str, lab: Path, lock: RunLock, holder: str | None) -> TorchardError:
    """Say who holds a lock, since when, and what can be done about it."""
    said = f"{lock.who} holds the run lock of {mac}"
    if lock.since:
        since = datetime.fromtimestamp(lock.since).astimezone()
        said += f" since {since:%Y-%m-%d %H:%M %Z}"
    another = holder not in {None, lock.token}
    nothing = f" Nothing was changed: its id is not {holder}." if another else ""
    numbers = " ".join(map(str, lock.processes))
    again = shlex.join(["torchard", "unlock", mac, str(lab), "--holder", lock.token])
    if lock.elsewhere is not None:
        way = f"say `{again}`" if lock.token else "remove ~/.torchard/lock"
        return TorchardError(
            f"{said}, from {lock.elsewhere}, another Mac with the same home.{nothing}",
            "Only that Mac knows whether its run has ended. Look there; if nothing of Torchard runs"
            f" on it any more, {way}.",
        )
    if lock.processes:
        return TorchardError(
            f"{said}, and is at work: process {numbers.replace(' ', ' and ')}.{nothing}",
            f"Let it finish. If it hangs, end it on the Mac with `kill {numbers}`, or with `kill -9"
            f" {numbers}` where it takes no notice: its lock goes with it.",
        )
    if not lock.token:
        return TorchardError(
            f"{said}, and nobody signed it.{nothing}",
            "It expires by itself a minute after it was made.",
        )
    return TorchardError(
        f"{said}, but its process is gone.{nothing}", f"The next run removes it; or say `{again}`."
    )
