"""`torchard show`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.cli import console, options


@click.command()
@click.argument(
    "files", metavar="FILE [FILE]...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@options.full
@options.as_json
def show(files: tuple[Path, ...], *, full: bool, as_json: bool) -> None:
    """Show a saved plan, or what --json printed.

    Several files of one kind are shown as one, for example what several controllers did on
    different Macs of one lab. No Mac is contacted.
    """
    from torchard.cli import output
    from torchard.plan.merge import merge
    from torchard.plan.planfile import SavedPlan, read
    from torchard.plan.result import Result
    from torchard.render.text import plan_lines, result_lines

    found = [read(file) for file in files]
    parts = [one.plan if isinstance(one, SavedPlan) else one for one in found]
    made = merge(list(zip(files, parts, strict=True)))
    lines = result_lines(made) if isinstance(made, Result) else plan_lines(made, full=full)
    output.print_plan(made, lines, as_json=as_json)
    for one in found:
        if not as_json and isinstance(one, SavedPlan):
            click.echo(f"Planned for {one.lab} on {one.date}.")
    console.exit_with(made.summary.exit_code)
