"""`torchard status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from torchard.cli import connect, console, options, output
from torchard.depot.bounds import measure_depot
from torchard.plan.codec import dumps
from torchard.plan.damage import add_all_damage
from torchard.render.disk_use import disk_lines
from torchard.render.status import status_document, status_lines
from torchard.session.inspection import inspect_all_files, measure_all_sizes
from torchard.session.plan import find_all_drift, find_own_files, make_plan

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab
@options.limits
@options.locked
@options.full
@options.as_json
@options.allow_ssh_commands
def status(lab: Path, limits: tuple[str, ...], *, locked: bool, full: bool, as_json: bool) -> None:
    """Show what each Mac has, and what was changed by hand.

    Each environment has two signs: what happened to it since Torchard built it, and what an apply
    would do to it. Nothing is written on a Mac.
    """
    with connect.open_session(lab, limits, locked=locked) as session:
        find_own_files(session, is_for_all=True)
        found = find_all_drift(session)
        planned = make_plan(session, is_inspected=True)
        damage = inspect_all_files(session)
        found = {name: one for name, one in found.items() if name in session.states}
        found = add_all_damage(planned, found, session.states, damage)
        used = measure_all_sizes(session)
        depot = measure_depot(session.workspace.depot.root)
        kept = {name: one.kept for name, one in session.states.items() if one.kept}
    if as_json:
        document = status_document(planned, found, kept)
        click.echo(dumps(msgspec.structs.replace(document, disk=used, depot=depot)))
    else:
        disk = disk_lines(used, depot)
        output.print_lines(status_lines(planned, found, disk, kept=kept, full=full))
        output.print_lock_files(session.workspace.locks.written)
    console.exit_after(session, planned.summary.exit_code)
