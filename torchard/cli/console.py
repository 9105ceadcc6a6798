"""Errors, questions and exit codes of a command: what stderr and the keyboard are for."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from torchard.errors import TorchardError
from torchard.sanitize import sanitize_lines

if TYPE_CHECKING:
    from torchard.session.session import Session


def confirm_plan(command: str, *, is_shown: bool) -> None:
    """Ask whether to do the plan on the screen. Raise TorchardError unless the answer is yes.

    `command` is what to type to see the plan again without changing anything.
    """
    if not is_shown or not sys.stdin.isatty():
        found = "there is no terminal to ask at" if is_shown else "--json shows no plan to agree to"
        raise TorchardError(
            f"Nothing was changed: {found}.",
            f"Look at what `{command}` prints, and add --yes if it is what you want.",
        )
    if not ask_yes_no("Do it?"):
        raise TorchardError("Nothing was changed.")


def ask_yes_no(question: str) -> bool:
    """Ask at the terminal until the answer is yes, no or empty; an empty answer means no."""
    answer = "?"
    while answer not in {"y", "yes", "n", "no", ""}:
        click.echo(f"{question} [y/N] ", nl=False, err=True)
        # A blocking read would stop the greenlets that keep the connections alive.
        select.select([sys.stdin], [], [])
        answer = sys.stdin.readline().strip().lower()
    return answer in {"y", "yes"}


def print_error(sentence: str) -> None:
    """Print an error on stderr, without control characters: a Mac may have sent some of it."""
    click.echo(sanitize_lines(sentence), err=True)


def exit_after(session: Session, code: int) -> NoReturn:
    """End a command that contacted Macs, with its own code unless a signal ended the run."""
    if session.interrupted is not None:
        print_interrupted()
    exit_with(session.interrupted or code)


def print_interrupted() -> None:
    """Say that a signal ended the run, and what to type."""
    click.echo("Interrupted. Run the same command again to continue.", err=True)


def exit_with(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise click.exceptions.Exit(code)
