"""`torchard verify`."""

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
@options.as_json
def verify(lab: Path, limits: tuple[str, ...], *, locked: bool, as_json: bool) -> None:
    """Verify every environment again; change nothing in it.

    Native python, the locked versions, real computing, and MPS where it is expected. A failure is
    noted on the Mac, so that `plan` and `status` say it; the note goes when it is verified again.
    """
    from torchard.render.text import result_lines  # noqa: PLC0415

    with connect.session(lab, limits, locked=locked) as session:
        from torchard.session.verify import verify as verify_and_note  # noqa: PLC0415  # it patches first

        verified = verify_and_note(session)
    console.show(verified, result_lines(verified), as_json=as_json)
    console.exit_with(verified.exit_code)
