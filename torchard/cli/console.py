"""What a command shows, asks and says at its end: stdout is the result, stderr all else."""

from __future__ import annotations

import select
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text

    from torchard.plan.plan import Plan
    from torchard.progress import Progress
    from torchard.session.session import Session


@contextmanager
def watched() -> Iterator[Progress]:
    """Show progress on stderr where that is a terminal; say nothing otherwise."""
    if not sys.stderr.isatty():
        from torchard.progress import Silent  # noqa: PLC0415

        yield Silent()
        return
    from rich.console import Console  # noqa: PLC0415

    from torchard.render.live import LiveProgress  # noqa: PLC0415

    with LiveProgress(Console(stderr=True)) as progress:
        yield progress


def ask(command: str, *, shown: bool) -> None:
    """Go on only if a person at a terminal says so to the plan that is shown.

    `command` is what shows the plan again, and does nothing.
    """
    if not shown or not sys.stdin.isatty():
        found = "there is no terminal to ask at" if shown else "--json shows no plan to agree to"
        raise TorchardError(
            f"Nothing was changed: {found}.",
            f"Look at what `{command}` says, and add --yes if it is what you want.",
        )
    if not confirmed("Do it?"):
        raise TorchardError("Nothing was changed.")


def confirmed(question: str) -> bool:
    """Ask a person at a terminal until they say yes, or no, or nothing."""
    answer = "?"
    while answer not in {"y", "yes", "n", "no", ""}:
        click.echo(f"{question} [y/N] ", nl=False, err=True)
        # A read would hold up what keeps the connections alive; a person may take their time.
        select.select([sys.stdin], [], [])
        answer = sys.stdin.readline().strip().lower()
    return answer in {"y", "yes"}


def show(plan: Plan, lines: Iterable[Text], *, as_json: bool) -> None:
    """Print a plan: its lines for people, or all of it as JSON."""
    if as_json:
        from torchard.plan.codec import dumps, plan_data  # noqa: PLC0415

        click.echo(dumps(plan_data(plan)))
    else:
        print_lines(lines)


def say_locked(session: Session) -> None:
    """Name the lock files that had to be written on the way."""
    from torchard.resources import from_here  # noqa: PLC0415

    for path in sorted(session.workspace.locks.written):
        click.echo(f"Locked anew: {from_here(path)}")


def print_lines(lines: Iterable[Text], *, err: bool = False) -> None:
    """Print lines as a terminal, or a pipe, can take them."""
    from rich.console import Console  # noqa: PLC0415

    from torchard.render.words import folded  # noqa: PLC0415

    console = Console(stderr=err, highlight=False, soft_wrap=True)
    for line in lines:
        for part in folded(line, console):
            console.print(part)


def print_error(sentence: str) -> None:
    """Say on stderr what is wrong; a Mac or a server may have had its say in it."""
    from torchard.sanitize import sanitize_lines  # noqa: PLC0415

    click.echo(sanitize_lines(sentence), err=True)


def exit_with(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise click.exceptions.Exit(code)
