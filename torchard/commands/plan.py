"""`torchard plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard import later
from torchard.commands import options, reach, terminal

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab
@options.limits
@options.locked
@options.full
@options.as_json
@later.option("--out", "Keep `plan --json` instead.")
@later.option("--explain", "`plan --full` has it all.")
def plan(lab: Path, limits: tuple[str, ...], *, locked: bool, full: bool, as_json: bool) -> None:
    """Show what would change on each Mac; write nothing there."""
    from torchard.render.text import plan_lines  # noqa: PLC0415

    with reach.session(lab, limits, locked=locked) as session:
        planned = session.plan()
    terminal.show(planned, plan_lines(planned, full=full), as_json=as_json)
    if not as_json:
        terminal.say_locked(session)
        click.echo("Nothing has been changed.")
    terminal.leave(planned.exit_code)
