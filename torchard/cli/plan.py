"""`torchard plan`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.cli import console, options
from torchard.cli.complete import complete_macs


@click.command()
@options.lab
@options.limits
@options.only_failed_from
@options.locked
@options.bundle
@options.parallel
@options.full
@options.as_json
@click.option(
    "--out",
    metavar="FILE",
    callback=options.writes("plan"),
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan in this .json file.",
)
@click.option(
    "--explain",
    "mac",
    metavar="MAC",
    shell_complete=complete_macs,
    help="Explain the plan of this Mac alone.",
)
@options.allow_ssh_commands
@options.logs
def plan(  # click passes them by name
    *,
    lab: Path,
    limits: tuple[str, ...],
    report: Path | None,
    out: Path | None,
    mac: str | None,
    folder: Path | None,
    parallel: int | None,
    locked: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Show what would change on each Mac, and change nothing."""
    from torchard.cli import connect, output
    from torchard.plan.planfile import save
    from torchard.render.text import plan_lines
    from torchard.session.plan import make_plan

    if out is not None and out.suffix != ".json":
        raise click.UsageError(f"A plan is a .json file: --out {out}.json")
    if mac is not None:
        if limits or report or full or out or folder:
            raise click.UsageError("--explain goes alone, or with --locked and --json.")
        from torchard.cli.explain import explain

        explain(lab, mac, locked=locked, as_json=as_json)
    with connect.open_session(
        lab, limits, report, locked=locked, folder=folder, parallel=parallel
    ) as session:
        planned = make_plan(session)
    if session.interrupted is not None:
        out = None  # it would not be the whole plan
    if out is not None:
        save(planned, session.workspace.lab.path, out)
    output.print_plan(planned, plan_lines(planned, full=full), as_json=as_json)
    if not as_json:
        output.print_lock_files(session.workspace.locks.written)
        then = (
            f" To do exactly this: torchard apply {out}" if out and planned.summary.change else ""
        )
        click.echo(f"Nothing has been changed.{then}")
    console.exit_after(session, planned.summary.exit_code)
