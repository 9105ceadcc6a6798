"""`torchard doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import connect, console, options, output
from torchard.errors import TorchardError
from torchard.lab.load import load_lab
from torchard.lab.select import select
from torchard.plan.codec import dumps
from torchard.plan.findings import Finding
from torchard.render.findings import doctor_document, doctor_lines
from torchard.session.doctor import ask_servers, examine_macs
from torchard.workspace.controller import examine_computer

if TYPE_CHECKING:
    from pathlib import Path

    from torchard.render.findings import DoctorDocument


@click.command()
@options.lab
@options.limits
@options.as_json
@options.allow_ssh_commands
@options.logs
def doctor(lab: Path, limits: tuple[str, ...], *, as_json: bool) -> None:
    """Show what gets in the way, here and on each Mac.

    Torchard examines this computer, the servers that the lab needs, and each Mac, and says what to
    do. Nothing is written on a Mac.
    """
    computer = list(examine_computer())
    try:
        select(load_lab(lab), limits)
    except TorchardError as error:
        found = doctor_document([*computer, Finding("problem", "lab", str(error))], {})
        _print(found, as_json=as_json)
        console.exit_with(found.exit_code)
    with connect.open_session_without_locks(lab, lambda lab: select(lab, limits)) as session:
        found = doctor_document([*computer, *ask_servers(session)], examine_macs(session))
    _print(found, as_json=as_json)
    console.exit_after(session, found.exit_code)


def _print(found: DoctorDocument, *, as_json: bool) -> None:
    if as_json:
        click.echo(dumps(found))
    else:
        output.print_lines(doctor_lines(found))
