"""`torchard apply`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import connect, console, options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab_or_plan
@options.limits
@options.only_failed_from
@options.locked
@options.full
@options.as_json
@options.yes
@click.option(
    "--rebuild",
    "rebuild",
    multiple=True,
    metavar="ENV",
    help="Build this environment again, from the same lock, although it is up to date.",
)
def apply(
    lab: Path,
    limits: tuple[str, ...],
    report: Path | None,
    rebuild: tuple[str, ...],
    *,
    locked: bool,
    full: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Plan, ask, bring each Mac to what LAB describes, and verify it.

    A PLAN that `torchard plan --out` saved is done just as it was shown, and nothing else; a Mac
    that has moved since is left alone.
    """
    from torchard.plan.planfile import is_plan, read  # noqa: PLC0415
    from torchard.render.text import plan_lines, result_lines  # noqa: PLC0415

    saved = read(lab) if is_plan(lab) else None
    if saved and rebuild:
        raise click.UsageError("A saved plan is done as it is: give --rebuild with a LAB.")
    if saved and (limits or report or locked):
        raise click.UsageError("A saved plan says itself which Macs and which locks.")
    if saved:
        opened = connect.again(saved, lab)
    else:
        opened = connect.session(lab, limits, report, locked=locked, rebuild=rebuild)
    with opened as session:
        planned = session.plan_again(saved.plan) if saved else session.plan()
        session.progress.pause()
        if not as_json:
            console.show(planned, plan_lines(planned, full=full), as_json=False)
            console.say_locked(session)
        if planned.summary.change and not yes:
            console.ask("torchard plan", shown=not as_json)
        session.progress.resume()
        done = session.apply(planned) if planned.summary.change else None
    if as_json or done is not None:
        done = done or planned
        console.show(done, result_lines(done), as_json=as_json)
    else:
        click.echo("Nothing has been changed.")
    console.exit_with((done or planned).exit_code)
