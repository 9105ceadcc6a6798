"""`torchard check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import options
from torchard.lab.load import load_lab
from torchard.lab.notes import find_notes

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.lab
@options.allow_ssh_commands
def check(lab: Path) -> None:
    """Check a lab file without contacting any Mac.

    Torchard also checks that the ssh_config files that LAB names run no command. What LAB may still
    lack is a note, and no error.
    """
    found = load_lab(lab)
    named = dict.fromkeys(mac.ssh.config for mac in found.macs.values() if mac.ssh.config)
    if named:
        from torchard.remote import ssh_commands

        ssh_commands.require_permission(ssh_commands.scan(path) for path in named)
    macs, environments = len(found.macs), len(found.environments)
    click.echo(f"{lab} is fine: {_count(macs, 'Mac')}, {_count(environments, 'environment')}.")
    for note in find_notes(found):
        click.echo(f"note: {note}")


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
