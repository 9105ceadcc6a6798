"""`torchard lock`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import console, options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab
@click.option("--upgrade", is_flag=True, help="Solve anew, even where a lock fits.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 2 if out of date.")
def lock(lab: Path, *, upgrade: bool, only_check: bool) -> None:
    """Solve each environment for each class of Mac.

    The locks are files in locks/, beside LAB; a Mac is contacted only where LAB does not tell
    its arch and macOS.
    """
    if upgrade and only_check:
        raise click.UsageError("--upgrade and --check exclude each other.")
    from torchard.lab.load import load  # noqa: PLC0415
    from torchard.workspace.update_locks import update_locks, without_class  # noqa: PLC0415

    asked = without_class(load(lab))
    states, why = {}, {}
    if asked:  # before others use what it patches of the standard library
        from torchard.session.session import Session, heed_signals  # noqa: PLC0415

        heed_signals()
    from torchard.workspace.workspace import open_workspace  # noqa: PLC0415

    with console.watched() as progress:
        workspace = open_workspace(lab, locked=only_check)
        workspace.locks.announce = progress.announce
        if asked:
            with Session(workspace, asked, progress) as session:
                states, why = session.states, session.why
        answers = list(update_locks(workspace, states, why, upgrade=upgrade))
    for answer in answers:
        where = f"{answer.environment} for {answer.mac_class}" if answer.mac_class else ""
        if answer.outcome == "error":
            console.print_error(answer.detail)
        else:
            click.echo(f"{answer.outcome:<11} {where:<32} {answer.detail}".rstrip())
    outcomes = {answer.outcome for answer in answers}
    console.exit_with(1 if "error" in outcomes else 2 if "out of date" in outcomes else 0)
