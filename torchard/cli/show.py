"""`torchard show`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.cli import console, options, output
from torchard.plan.planfile import read
from torchard.render.text import plan_lines, result_lines


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.full
@options.as_json
def show(file: Path, *, full: bool, as_json: bool) -> None:
    """Show a saved plan, or what --json printed.

    No Mac is contacted.
    """
    saved = read(file)
    took = any(mac.seconds is not None or mac.verifications for mac in saved.plan.macs)
    lines = result_lines(saved.plan) if took else plan_lines(saved.plan, full=full)
    output.print_plan(saved.plan, lines, as_json=as_json)
    if not as_json and saved.lab is not None:
        click.echo(f"Planned for {saved.lab} on {saved.date}.")
    console.exit_with(saved.plan.exit_code)
