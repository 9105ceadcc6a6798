"""`torchard completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_TORCHARD_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["zsh", "bash", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, Macs and files.

    Write it into a file that your shell reads: docs/commands.md has the lines for each shell. The
    names of Macs, groups and environments come from the lab file. No Mac is contacted.
    """
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101  # click has all three
    click.echo(made(context.find_root().command, {}, "torchard", _VARIABLE).source())
