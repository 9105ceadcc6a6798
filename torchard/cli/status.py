"""`torchard status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import connect, console, options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab
@options.limits
@options.locked
@options.full
@options.as_json
def status(lab: Path, limits: tuple[str, ...], *, locked: bool, full: bool, as_json: bool) -> None:
    """Say what is on each Mac, and what changed there by hand.

    Two signs stand before each environment: what became of it since Torchard made it, and what an
    apply would do to it. Nothing is written on a Mac.
    """
    from torchard.plan.codec import dumps  # noqa: PLC0415
    from torchard.plan.damage import add_all_damage  # noqa: PLC0415
    from torchard.plan.drift import find_drift  # noqa: PLC0415
    from torchard.render.status import status_data, status_lines  # noqa: PLC0415

    with connect.session(lab, limits, locked=locked) as session:
        from torchard.session.errands import find_damage  # noqa: PLC0415  # it patches what others import

        planned = session.plan()
        damage = find_damage(session)
        found = {name: find_drift(session.macs[name], one) for name, one in session.states.items()}
        found = add_all_damage(planned, found, session.states, damage)
    if as_json:
        click.echo(dumps(status_data(planned, found)))
    else:
        console.print_lines(status_lines(planned, found, full=full))
        console.say_locked(session)
    console.exit_with(planned.exit_code)
