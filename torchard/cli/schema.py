"""`torchard schema`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.errors import TorchardError
from torchard.resources import find_resource

_MARK = b'"$id": "urn:torchard:lab"'
_START = 200  # bytes in which the mark is


@click.command()
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file, or renew it there.",
)
def schema(out: Path | None) -> None:
    """Print the JSON Schema of lab files, for editors and validators."""
    text = find_resource("schemas/lab.schema.json").read_text(encoding="utf-8")
    if out is None:
        click.echo(text, nl=False)
        return
    if out.exists() and not _is_ours(out):
        raise TorchardError(
            f"{out} exists and is not this schema.", "Name another file with --out."
        )
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TorchardError(
            f"{out} cannot be written: {error.strerror}.", "Name another file with --out."
        ) from error
    click.echo(f"Schema written: {out}")


def _is_ours(path: Path) -> bool:
    """Tell whether a file is a copy of the schema, perhaps an older one."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _MARK in file.read(_START)
