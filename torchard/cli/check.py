"""`torchard check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import options
from torchard.lab.load import load_lab

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab
def check(lab: Path) -> None:
    """Check a lab file without contacting any Mac."""
    found = load_lab(lab)
    macs, environments = len(found.macs), len(found.environments)
    click.echo(f"{lab} is fine: {_count(macs, 'Mac')}, {_count(environments, 'environment')}.")


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
