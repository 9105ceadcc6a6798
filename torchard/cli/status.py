"""`torchard status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import console, options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab
@options.limits
@options.locked
@options.full
@options.as_json
@options.junit
@options.allow_ssh_commands
@options.logs
def status(
    lab: Path,
    limits: tuple[str, ...],
    junit: Path | None,
    *,
    locked: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Show what each Mac has, and what was changed by hand.

    Each environment has two signs: what happened to it since Torchard built it, and what an apply
    would do to it. Nothing is written on a Mac.
    """
    from torchard.cli import connect, output
    from torchard.render.status import status_document_lines
    from torchard.session.status import read_status

    with connect.open_session(lab, limits, locked=locked) as session:
        found = read_status(session)
    made = found.document
    with output.writing_junit(made, junit, lab):
        output.print_plan(made, status_document_lines(made, full=full), as_json=as_json)
        if not as_json:
            output.print_lock_files(session.workspace.locks.written)
    console.exit_after(session, found.plan.summary.exit_code)
