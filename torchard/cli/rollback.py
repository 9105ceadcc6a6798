"""`torchard rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import connect, console, options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("environment", metavar="ENV")
@options.lab
@options.limits
@options.full
@options.as_json
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def rollback(
    environment: str,
    lab: Path,
    limits: tuple[str, ...],
    *,
    full: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Show again the generation before, on each Mac that has ENV.

    One rename of a link: nothing is fetched, locked or built. Given again, it goes no further
    back and not forward: `torchard apply` does that.
    """
    from torchard.lab.select import select  # noqa: PLC0415
    from torchard.plan.rollback import having  # noqa: PLC0415
    from torchard.render.text import plan_lines, result_lines  # noqa: PLC0415

    with connect.session_without_locks(
        lab, lambda found: having(environment, found, select(found, limits))
    ) as session:
        from torchard.session.errands import go_back, plan_back  # noqa: PLC0415  # it patches first

        planned = plan_back(session, environment)
        session.progress.pause()
        if not as_json:
            console.show(planned, plan_lines(planned, full=full), as_json=False)
        if planned.summary.change and not yes:
            console.ask(f"torchard rollback {environment}", shown=not as_json)
        session.progress.resume()
        done = go_back(session, planned) if planned.summary.change else None
    if as_json or done is not None:
        done = done or planned
        console.show(done, result_lines(done), as_json=as_json)
    else:
        click.echo("Nothing has been changed.")
    console.exit_with((done or planned).exit_code)
