"""`torchard lock`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from torchard.cli import console, options

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from torchard.workspace.update_locks import LockUpdate


@click.command()
@options.lab
@click.option("--upgrade", is_flag=True, help="Solve again, even if a lock file is up to date.")
@click.option(
    "--diff", "is_trial", is_flag=True, help="As --upgrade, but write nothing; exit 2 for changes."
)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit 2 if one is out of date."
)
@options.bundle
@options.full
@options.allow_ssh_commands
@options.logs
@click.option(
    "--audit",
    is_flag=True,
    help="As --check, and compare each package with the channels and the index.",
)
def lock(
    lab: Path,
    folder: Path | None,
    *,
    upgrade: bool,
    is_trial: bool,
    only_check: bool,
    audit: bool,
    full: bool,
) -> None:
    """Solve each environment for each class of Macs.

    The lock files of NAME.yaml go into locks/NAME/ beside it. Torchard contacts a Mac only if LAB
    does not say its arch and macOS. Each lock that is made is compared with the one before, package
    by package. With --depot, nothing is solved: the locks are the bundle's.
    """
    import torchard.session  # noqa: F401  # patches the standard library, so it comes first
    from torchard.cli.progress import show_progress
    from torchard.lab.load import load_lab
    from torchard.session.signals import install_signal_handlers, interruptible
    from torchard.workspace.bundle import open_lab
    from torchard.workspace.update_locks import update_locks, without_class

    given = {"--upgrade": upgrade, "--diff": is_trial, "--check": only_check, "--audit": audit}
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1 and names != ["--check", "--audit"]:
        raise click.UsageError(f"{names[0]} and {names[1]} exclude each other.")
    if folder and (upgrade or is_trial or audit):
        raise click.UsageError(f"{names[-1]} needs the network: leave out --depot.")
    to_read = without_class(load_lab(lab))
    states, reasons = {}, {}
    install_signal_handlers()
    with show_progress() as progress:
        workspace = open_lab(lab, folder, locked=only_check or audit, replace=True)
        workspace.locks.is_trial = is_trial
        workspace.locks.announce = progress.announce
        workspace.depot.report = progress.report_download
        workspace.depot.announce = progress.announce
        if to_read:
            from torchard.session.session import Session  # loads what reaches Macs

            with Session(workspace, to_read, progress) as session:
                states, reasons = session.states, session.reasons
            if session.interrupted is not None:
                console.exit_after(session, 1)
        answers: list[LockUpdate] = []
        updates = update_locks(workspace, states, reasons, upgrade=upgrade or is_trial, audit=audit)
        try:
            with interruptible():
                answers.extend(updates)
        finally:
            progress.pause()
            _print_answers(answers, full=full)
    outcomes = {answer.outcome for answer in answers}
    changed = outcomes & {"out of date", "to change"}
    console.exit_with(1 if "error" in outcomes else 2 if changed else 0)


def _print_answers(answers: Iterable[LockUpdate], *, full: bool) -> None:
    """Print what became of each lock; also what an interrupted command had done so far."""
    from torchard.cli import output
    from torchard.render.locks import lock_change_lines
    from torchard.workspace.update_locks import group_by_changes, list_errors

    answers = list(answers)
    for same in group_by_changes(answers):
        for answer in same:
            where = f"{answer.environment} for {answer.mac_class}"
            click.echo(f"{answer.outcome:<11} {where:<32} {answer.detail}".rstrip())
            for note in answer.notes:
                click.echo(f"{'note':<11} {note}")
        one = same[0]
        if one.outcome in {"written", "to change"}:
            new = (one.packages, one.bytes) if one.packages else None
            output.print_lines(lock_change_lines(one.changes, one.requested, new, full=full))
    for text in list_errors(answers):
        console.print_error(text)
