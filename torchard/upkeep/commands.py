"""`torchard catalog …`: for those who keep the catalogue, in a checkout of Torchard."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.errors import TorchardError


@click.group()
def catalog() -> None:
    """Keep the catalogue true: see it whole, check it, bring it up to date."""


@catalog.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the page here instead."
)
def matrix(out: Path | None) -> None:
    """Print what every Mac and python gets, as a page in Markdown."""
    from torchard.catalog.catalog import load_catalog  # noqa: PLC0415
    from torchard.upkeep.page import page  # noqa: PLC0415

    text = page(load_catalog())
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TorchardError(f"{out} cannot be written: {error.strerror}.") from error
