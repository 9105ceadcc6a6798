"""`torchard verify`."""

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
@options.as_json
@options.junit
@options.allow_ssh_commands
@options.logs
def verify(
    lab: Path, limits: tuple[str, ...], junit: Path | None, *, locked: bool, as_json: bool
) -> None:
    """Verify every environment again.

    Torchard checks for a native python, the locked versions, a real computation, and MPS where it
    is expected. It changes nothing in the environment. It notes a failure on the Mac, so that
    `plan` and `status` show it, and removes the note when verification succeeds.
    """
    from torchard.cli import connect, output
    from torchard.plan.codec import document
    from torchard.render.text import result_lines
    from torchard.session.verify import verify_macs

    with connect.open_session(lab, limits, locked=locked) as session:
        verified = verify_macs(session)
    with output.writing_junit(document(verified), junit, lab):
        output.print_plan(verified, result_lines(verified), as_json=as_json)
    console.exit_after(session, verified.summary.exit_code)
