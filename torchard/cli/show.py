"""`torchard show`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.cli import console, options, output
from torchard.plan.planfile import SavedPlan, read
from torchard.plan.result import Result
from torchard.render.text import plan_lines, result_lines


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.full
@options.as_json
def show(file: Path, *, full: bool, as_json: bool) -> None:
    """Show a saved plan, or what --json printed.

    No Mac is contacted.
    """
    read_file = read(file)
    made = read_file.plan if isinstance(read_file, SavedPlan) else read_file
    lines = result_lines(made) if isinstance(made, Result) else plan_lines(made, full=full)
    output.print_plan(made, lines, as_json=as_json)
    if not as_json and isinstance(read_file, SavedPlan):
        click.echo(f"Planned for {read_file.lab} on {read_file.date}.")
    console.exit_with(made.summary.exit_code)
