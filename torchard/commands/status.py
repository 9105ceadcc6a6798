"""`torchard status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.commands import options, reach, terminal

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
    from torchard.damage import add_all_damage  # noqa: PLC0415
    from torchard.drift import standings  # noqa: PLC0415
    from torchard.render.data import dumps  # noqa: PLC0415
    from torchard.render.status import status_data, status_lines  # noqa: PLC0415

    with reach.session(lab, limits, locked=locked) as session:
        from torchard.errands import find_damage  # noqa: PLC0415  # it patches what others import

        planned = session.plan()
        damage = find_damage(session)
        found = {name: standings(session.macs[name], one) for name, one in session.states.items()}
        found = add_all_damage(planned, found, session.states, damage)
    if as_json:
        click.echo(dumps(status_data(planned, found)))
    else:
        terminal.print_lines(status_lines(planned, found, full=full))
        terminal.say_locked(session)
    terminal.leave(planned.exit_code)
