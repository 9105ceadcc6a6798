"""`torchard plan`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard import later
from torchard.commands import options, reach, terminal


@click.command()
@options.lab
@options.limits
@options.only_failed_from
@options.locked
@options.full
@options.as_json
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the plan in this .json file.",
)
@later.option("--explain", "`plan --full` has it all.")
def plan(  # click passes them by name
    lab: Path,
    limits: tuple[str, ...],
    report: Path | None,
    out: Path | None,
    *,
    locked: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Show what would change on each Mac; write nothing there."""
    if out is not None and out.suffix != ".json":
        raise click.UsageError(f"A plan is a .json file: --out {out}.json")
    from torchard.render.text import plan_lines  # noqa: PLC0415

    with reach.session(lab, limits, report, locked=locked) as session:
        planned = session.plan()
    if out is not None:
        from torchard.saved import save  # noqa: PLC0415

        save(planned, session.workspace.lab.path, out)
    terminal.show(planned, plan_lines(planned, full=full), as_json=as_json)
    if not as_json:
        terminal.say_locked(session)
        then = (
            f" To do exactly this: torchard apply {out}" if out and planned.summary.change else ""
        )
        click.echo(f"Nothing has been changed.{then}")
    terminal.leave(planned.exit_code)
