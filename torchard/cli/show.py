"""`torchard show`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.cli import console, options


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.full
@options.as_json
def show(file: Path, *, full: bool, as_json: bool) -> None:
    """Show a saved plan, or what --json printed; no Mac is contacted."""
    from torchard.plan.planfile import read  # noqa: PLC0415
    from torchard.render.text import plan_lines, result_lines  # noqa: PLC0415

    saved = read(file)
    took = any(mac.seconds is not None or mac.verifications for mac in saved.plan.macs)
    lines = result_lines(saved.plan) if took else plan_lines(saved.plan, full=full)
    console.show(saved.plan, lines, as_json=as_json)
    if not as_json and saved.lab is not None:
        click.echo(f"Planned for {saved.lab} on {saved.date}.")
    console.exit_with(saved.plan.exit_code)
