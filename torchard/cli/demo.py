"""`torchard demo`."""

from __future__ import annotations

from pathlib import Path

import click

from torchard.cli import console


@click.command()
@click.option(
    "--macs", default=5, show_default=True, type=click.IntRange(1, 50), help="How many Macs."
)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the lab here.")
def demo(macs: int, keep: Path | None) -> None:
    """Do the whole job on simulated Macs.

    No Mac is touched, this one included: they are folders behind SSH on loopback ports.
    """
    from torchard.cli.simulated import run  # noqa: PLC0415

    console.exit_with(run(macs, keep))
