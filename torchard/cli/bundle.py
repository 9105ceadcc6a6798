"""`torchard bundle`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

import torchard.session  # noqa: F401  # patches the standard library, so it comes first
from torchard.cli import console, options
from torchard.cli.progress import show_progress
from torchard.lab.load import load_lab
from torchard.operations.fetch_ahead import FetchAhead
from torchard.render.words import size
from torchard.session.signals import install_signal_handlers, until_signal
from torchard.workspace.bundle import begin_report, verify_bundle, write_bundle
from torchard.workspace.update_locks import list_errors, update_locks, without_class
from torchard.workspace.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.mac.state import MacState
    from torchard.progress import Progress
    from torchard.workspace.bundle import BundleReport
    from torchard.workspace.update_locks import LockUpdate
    from torchard.workspace.workspace import Workspace


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
    if only_check:  # it only reads, so a signal may end it in the middle of a file
        with show_progress() as progress:
            _finish(verify_bundle(folder, lab), progress, as_json=as_json)
    found = load_lab(lab)
    states, reasons = {}, {}
    install_signal_handlers()
    with show_progress() as progress:
        workspace = open_workspace(lab, locked=locked)
        workspace.locks.announce = progress.announce
        workspace.depot.report = progress.report_download
        workspace.depot.announce = progress.announce
        to_read = without_class(found)
        if to_read:
            from torchard.session.session import Session  # loads what reaches Macs

            with Session(workspace, to_read, progress) as session:
                states, reasons = session.states, session.reasons
            if session.interrupted is not None:
                _print(begin_report(folder, found), as_json=as_json)
                console.exit_after(session, 1)
        updates = update_locks(workspace, states, reasons)
        reports = _write(workspace, updates, states, folder, clean=clean)
        _finish(reports, progress, as_json=as_json)


def _write(
    workspace: Workspace,
    updates: Iterable[LockUpdate],
    states: Mapping[str, MacState],
    folder: Path,
    *,
    clean: bool,
) -> Iterator[BundleReport]:
    """Yield how far the work is: first the locks, then the bundle if all locks are up to date."""
    report = begin_report(folder, workspace.lab)
    yield report
    wrong = [one for one in updates if one.outcome in {"error", "out of date"}]
    if wrong:
        yield replace(report, errors=tuple(_list_wrong(wrong)))
    else:
        yield from write_bundle(workspace, states, folder, FetchAhead, clean=clean)


def _list_wrong(wrong: list[LockUpdate]) -> Iterator[str]:
    """Yield why there is no bundle: a lock cannot be made, or is out of date and may not be."""
    for one in wrong:
        if one.outcome == "out of date":
            yield f"{one.detail} Run `torchard lock`, or leave out --locked."
    yield from list_errors(wrong)


def _finish(reports: Iterable[BundleReport], progress: Progress, *, as_json: bool) -> NoReturn:
    """Do the work, print the last report, and exit. An interrupted command prints it as well."""
    report = None
    try:
        for report in until_signal(reports):  # noqa: B007  # the last one stays
            pass
    finally:
        progress.pause()
        if report is not None:
            _print(report, as_json=as_json)
    console.exit_with(report.exit_code if report else 1)


def _print(report: BundleReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.document, indent=2))
        return
    for text in (*(f"{one}." for one in report.damage), *report.errors):
        console.print_error(text)
    if report.is_whole or report.artefacts:
        locks = "1 lock" if report.locks == 1 else f"{report.locks} locks"
        files = "1 file" if report.artefacts == 1 else f"{report.artefacts} files"
        click.echo(
            f"{report.folder}: {locks} and {files} of the lab {report.lab}"
            f"{'' if report.is_whole else ' so far'}, {size(report.bytes)};"
            f" {size(report.new)} written"
            f"{f', {size(report.removed)} removed' if report.removed else ''}."
        )
    if report.damage:
        console.print_error("Write it again where there is a network: leave out --check.")
