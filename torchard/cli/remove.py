"""`torchard remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import agree, connect, console, options
from torchard.cli.complete import complete_environments
from torchard.lab.select import select
from torchard.mac.environments import view_environment
from torchard.session.remove import plan_removals, remove_environments

if TYPE_CHECKING:
    from pathlib import Path

    from torchard.session.session import Session


@click.command()
@click.argument("environment", metavar="ENV", shell_complete=complete_environments)
@options.lab
@options.limits
@options.full
@options.as_json
@options.yes
@options.allow_ssh_commands
@options.logs
def remove(
    environment: str,
    lab: Path,
    limits: tuple[str, ...],
    *,
    full: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Remove ENV and all its generations from each Mac.

    The lab need not name ENV. What a person made in it goes to ~/.torchard/kept, and the plan names
    that first. An environment that a person made is left alone, and so is one that a process uses.
    """
    with connect.open_session_without_locks(lab, lambda found: select(found, limits)) as session:
        planned = plan_removals(session, environment)
        agree.print_and_ask(
            session, planned, f"torchard remove {environment}", full=full, as_json=as_json, yes=yes
        )
        result = remove_environments(session, environment, planned)
    agree.print_result(planned, result, as_json=as_json)
    if not as_json and not planned.summary.change:
        _explain_nothing(session, environment)
    console.exit_after(session, result.summary.exit_code)


def _explain_nothing(session: Session, environment: str) -> None:
    """Say which environments of Torchard there are, if none has that name."""
    found = {
        name
        for state in session.states.values()
        for name in state.links
        if view_environment(name, state).is_ours
    }
    if environment not in found and found:
        names = ", ".join(sorted(found))
        console.print_error(f"No Mac that was read has {environment}. They have: {names}.")
