"""`torchard schema`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.cli import options
from torchard.outputs import write_file
from torchard.resources import find_resource


@click.command()
@click.option(
    "--out",
    metavar="FILE",
    callback=options.writes("schema"),
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file, or renew it there.",
)
def schema(out: Path | None) -> None:
    """Print the JSON Schema of lab files, for editors and validators."""
    text = find_resource("schemas/lab.schema.json").read_text(encoding="utf-8")
    if out is None:
        click.echo(text, nl=False)
        return
    write_file(out, text)
    click.echo(f"Schema written: {out}")
