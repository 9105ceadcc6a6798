"""`torchard lock`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import torchard.session  # noqa: F401  # patches the standard library, so it comes first
from torchard.cli import console, options
from torchard.cli.connect import open_lab
from torchard.cli.progress import show_progress
from torchard.lab.load import load_lab
from torchard.session.session import Session
from torchard.session.signals import install_signal_handlers, interruptible
from torchard.workspace.update_locks import list_errors, update_locks, without_class

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from torchard.workspace.update_locks import LockUpdate


@click.command()
@options.lab
@click.option("--upgrade", is_flag=True, help="Solve again, even if a lock file is up to date.")
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit 2 if one is out of date."
)
@options.bundle
@options.allow_ssh_commands
@click.option(
    "--audit",
    is_flag=True,
    help="As --check, and compare each package with the channels and the index.",
)
def lock(lab: Path, folder: Path | None, *, upgrade: bool, only_check: bool, audit: bool) -> None:
    """Solve each environment for each class of Macs.

    The lock files of NAME.yaml go into locks/NAME/ beside it. Torchard contacts a Mac only if LAB
    does not say its arch and macOS. With --depot, nothing is solved: the locks are the bundle's.
    """
    if upgrade and (only_check or audit):
        other = "--check" if only_check else "--audit"
        raise click.UsageError(f"--upgrade and {other} exclude each other.")
    if folder and (upgrade or audit):
        raise click.UsageError("--upgrade and --audit need the network: leave out --depot.")
    to_read = without_class(load_lab(lab))
    states, reasons = {}, {}
    install_signal_handlers()
    with show_progress() as progress:
        workspace = open_lab(lab, folder, locked=only_check or audit, replace=True)
        workspace.locks.announce = progress.announce
        workspace.depot.report = progress.report_download
        workspace.depot.announce = progress.announce
        if to_read:
            with Session(workspace, to_read, progress) as session:
                states, reasons = session.states, session.reasons
            if session.interrupted is not None:
                console.exit_after(session, 1)
        answers: list[LockUpdate] = []
        updates = update_locks(workspace, states, reasons, upgrade=upgrade, audit=audit)
        try:
            with interruptible():
                answers.extend(updates)
        finally:
            progress.pause()
            _print_answers(answers)
    outcomes = {answer.outcome for answer in answers}
    console.exit_with(1 if "error" in outcomes else 2 if "out of date" in outcomes else 0)


def _print_answers(answers: Iterable[LockUpdate]) -> None:
    """Print what became of each lock; also what an interrupted command had done so far."""
    for answer in answers:
        where = f"{answer.environment} for {answer.mac_class}" if answer.mac_class else ""
        if answer.outcome != "error":
            click.echo(f"{answer.outcome:<11} {where:<32} {answer.detail}".rstrip())
            for note in answer.notes:
                click.echo(f"{'note':<11} {note}")
    for text in list_errors(answers):
        console.print_error(text)
