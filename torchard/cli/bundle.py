"""`torchard bundle`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

import torchard.session  # noqa: F401  # patches the standard library, so it comes first
from torchard.cli import console, options
from torchard.cli.progress import show_progress
from torchard.lab.load import load_lab
from torchard.render.words import size
from torchard.session.signals import install_signal_handlers, interruptible
from torchard.workspace.bundle import verify_bundle, write_bundle
from torchard.workspace.update_locks import list_errors, update_locks, without_class
from torchard.workspace.workspace import open_workspace

if TYPE_CHECKING:
    from torchard.workspace.bundle import BundleReport
    from torchard.workspace.update_locks import LockUpdate


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@options.lab
@options.locked
@click.option("--check", "only_check", is_flag=True, help="Write nothing; read all, and compare.")
@click.option(
    "--clean", is_flag=True, help="Then remove the files that no lab's index there names."
)
@options.as_json
@options.allow_ssh_commands
@options.logs
def bundle(
    folder: Path, lab: Path, *, locked: bool, only_check: bool, clean: bool, as_json: bool
) -> None:
    """Write all that LAB needs to the folder DIR.

    The locks, the installers and the packages go there, each under its sha256. On a computer
    without internet, use it by --depot DIR. A web server that has it serves Macs whose `delivery:`
    is its URL. The same command continues and updates it.
    """
    if only_check and clean:
        raise click.UsageError("--check writes nothing, so it does not go with --clean.")
    if only_check:
        _print(verify_bundle(folder, lab), as_json=as_json)
    found = load_lab(lab)
    to_read = without_class(found)
    states, reasons = {}, {}
    install_signal_handlers()
    with show_progress() as progress:
        workspace = open_workspace(lab, locked=locked)
        workspace.locks.announce = progress.announce
        workspace.depot.report = progress.report_download
        workspace.depot.announce = progress.announce
        if to_read:
            from torchard.session.session import Session  # loads what reaches Macs

            with Session(workspace, to_read, progress) as session:
                states, reasons = session.states, session.reasons
            if session.interrupted is not None:
                console.exit_after(session, 1)
        with interruptible():
            answers = list(update_locks(workspace, states, reasons))
            wrong = [one for one in answers if one.outcome in {"error", "out of date"}]
            report = None if wrong else write_bundle(workspace, states, folder, clean=clean)
    if report is None:
        _print_wrong(wrong)
        console.exit_with(1)
    _print(report, as_json=as_json)


def _print_wrong(wrong: list[LockUpdate]) -> None:
    """Say why there is no bundle: a lock cannot be made, or is out of date and may not be."""
    for one in wrong:
        if one.outcome == "out of date":
            console.print_error(f"{one.detail} Run `torchard lock`, or leave out --locked.")
    for text in list_errors(wrong):
        console.print_error(text)


def _print(report: BundleReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.document, indent=2))
    else:
        locks = "1 lock" if report.locks == 1 else f"{report.locks} locks"
        for text in report.damage:
            console.print_error(f"{text}.")
        click.echo(
            f"{report.folder}: {locks} and {report.artefacts} files of the lab {report.lab},"
            f" {size(report.bytes)}; {size(report.new)} written"
            f"{f', {size(report.removed)} removed' if report.removed else ''}."
        )
        if report.damage:
            console.print_error("Write it again where there is a network: leave out --check.")
    console.exit_with(report.exit_code)
