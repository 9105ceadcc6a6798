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
    from torchard.cli import agree, connect
    from torchard.lab.select import select
    from torchard.plan.rollback import find_macs_with
    from torchard.session.rollback import plan_rollbacks, roll_back

    with connect.open_session_without_locks(
        lab, lambda found: find_macs_with(environment, found, select(found, limits))
    ) as session:
        planned = plan_rollbacks(session, environment)
        agree.print_and_ask(
            session,
            planned,
            f"torchard rollback {environment}",
            full=full,
            as_json=as_json,
            yes=yes,
        )
        result = roll_back(session, planned)
    agree.print_result(planned, result, as_json=as_json)
    console.exit_after(session, result.summary.exit_code)
