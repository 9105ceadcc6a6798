"""`torchard rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import console, options
from torchard.cli.complete import complete_environments

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("environment", metavar="ENV", shell_complete=complete_environments)
@options.lab
@options.limits
@options.full
@options.as_json
@options.yes
@options.allow_ssh_commands
@options.logs
def rollback(
    environment: str,
    lab: Path,
    limits: tuple[str, ...],
    *,
    full: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Activate the previous generation of ENV on each Mac.

    Torchard renames one link; nothing is downloaded, locked or built. A second rollback goes no
    further back. To go forward again, run `torchard apply`.
    """
    from torchard.cli import connect, output
    from torchard.lab.select import select
    from torchard.plan.rollback import find_macs_with
    from torchard.render.text import plan_lines, result_lines
    from torchard.session.rollback import plan_rollbacks, roll_back

    with connect.open_session_without_locks(
        lab, lambda found: find_macs_with(environment, found, select(found, limits))
    ) as session:
        planned = plan_rollbacks(session, environment)
        session.progress.pause()
        if not as_json:
            output.print_plan(planned, plan_lines(planned, full=full), as_json=False)
        if planned.summary.change and not yes and session.interrupted is None:
            session.until_interrupted(
                lambda: console.confirm_plan(
                    f"torchard rollback {environment}", is_shown=not as_json
                )
            )
        session.progress.resume()
        result = roll_back(session, planned)
    if as_json or planned.summary.change:
        output.print_plan(result, result_lines(result), as_json=as_json)
    else:
        click.echo("Nothing has been changed.")
    console.exit_after(session, result.summary.exit_code)
