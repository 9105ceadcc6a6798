"""`torchard apply`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from torchard.cli import console, options
from torchard.cli.complete import complete_environments

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab_or_plan
@options.limits
@options.only_failed_from
@options.locked
@options.bundle
@options.full
@options.as_json
@options.junit
@options.yes
@click.option(
    "--rebuild",
    "rebuild",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environments,
    help="Build this environment again from the same lock file, although it is up to date.",
)
@options.parallel
@click.option(
    "--batch",
    metavar="N",
    type=click.IntRange(min=1),
    help="Change so many Macs, then the next ones, in the order of --limit or of LAB.",
)
@click.option(
    "--stop-after",
    metavar="FAILURES",
    type=click.IntRange(min=0),
    help="Begin no further batch after one in which more Macs failed (default: 0).",
)
@options.allow_ssh_commands
@options.logs
def apply(  # noqa: PLR0917  # click passes them by name
    lab: Path,
    limits: tuple[str, ...],
    report: Path | None,
    junit: Path | None,
    rebuild: tuple[str, ...],
    folder: Path | None,
    *,
    parallel: int | None,
    batch: int | None,
    stop_after: int | None,
    locked: bool,
    full: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Plan, ask, make each Mac match LAB, and verify it.

    PLAN is a file that `torchard plan --out` wrote. Torchard does exactly what it says, and skips a
    Mac that has changed since.
    """
    from torchard.cli import agree, connect, output
    from torchard.lab.select import order_by_limits
    from torchard.plan.batches import Batches
    from torchard.plan.codec import document
    from torchard.plan.planfile import is_plan, read_saved
    from torchard.session.apply import apply_as_planned, apply_plan
    from torchard.session.plan import make_plan, recheck_plan

    saved = read_saved(lab) if is_plan(lab) else None
    if saved and rebuild:
        raise click.UsageError("A saved plan is done as it is: give --rebuild with a LAB.")
    if saved and (limits or report or locked):
        raise click.UsageError("A saved plan already says which Macs and which lock files.")
    if stop_after is not None and batch is None:
        raise click.UsageError("--stop-after goes with --batch: it is about a batch's failures.")
    if saved:
        opened = connect.open_planned_session(saved, folder, parallel=parallel)
    else:
        opened = connect.open_session(
            lab,
            limits,
            report,
            locked=locked,
            rebuild=rebuild,
            folder=folder,
            parallel=parallel,
        )
    with opened as session:
        if yes and not (saved or batch or session.workspace.locks.read_only):
            planned, result = apply_as_planned(
                session, partial(agree.print_part, session, full=full, as_json=as_json)
            )
        else:  # a question, the saved plan, a missing lock or a batch is about all Macs
            planned = recheck_plan(session, saved.plan) if saved else make_plan(session)
            agree.print_and_ask(
                session, planned, "torchard plan", full=full, as_json=as_json, yes=yes
            )
            order = order_by_limits(session.workspace.lab, limits)
            batches = None if batch is None else Batches(batch, stop_after or 0, order)
            result = apply_plan(session, planned, batches)
    with output.writing_junit(document(result), junit, session.workspace.lab.path):
        agree.print_result(planned, result, as_json=as_json)
    session.workspace.artefacts.bound_depot(session.workspace.lab)
    console.exit_after(session, result.summary.exit_code)
