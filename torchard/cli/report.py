"""`torchard report`."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import click

from torchard.cli import connect, console, options, output
from torchard.outputs import write_file
from torchard.session.status import read_status


@click.command()
@options.lab
@options.limits
@options.locked
@click.option(
    "--html",
    required=True,
    metavar="FILE",
    callback=options.writes("page"),
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page into this file.",
)
@options.junit
@options.allow_ssh_commands
@options.logs
def report(
    lab: Path, limits: tuple[str, ...], html: Path, junit: Path | None, *, locked: bool
) -> None:
    """Write what each Mac has, and what would change, as one web page.

    The page has what `torchard status` says. It needs no network and no other file, and runs no
    script. Nothing is written on a Mac.
    """
    from torchard.render.page import render_page  # only this command needs Jinja

    with connect.open_session(lab, limits, locked=locked) as session:
        found = read_status(session)
    workspace = session.workspace
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    write_file(html, render_page(found.document, workspace.lab, now))
    with output.writing_junit(found.document, junit, lab):
        output.print_lock_files(workspace.locks.written)
        click.echo(f"Written: {html}")
    console.exit_after(session, found.plan.summary.exit_code)
