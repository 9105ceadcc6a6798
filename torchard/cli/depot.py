"""`torchard depot`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from torchard.catalog.catalog import load_catalog
from torchard.cli import console, options
from torchard.depot.depot import default_root
from torchard.render.words import size
from torchard.resources import find_default_lab
from torchard.sanitize import sanitize
from torchard.workspace.depot_report import (
    DepotReport,
    clean_depot,
    find_needed,
    list_depot,
    verify_depot,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torchard.workspace.depot_report import Entry

_labs = click.argument("labs", nargs=-1, metavar="[LAB]...", type=click.Path(path_type=Path))


@click.group()
def depot() -> None:
    """List, verify and clean the store of downloads.

    It is on this computer, and has each artefact once for all labs, by its sha256. Other runs may
    use it meanwhile.
    """


@depot.command("list")
@_labs
@options.as_json
def list_(labs: tuple[Path, ...], *, as_json: bool) -> None:
    """Show what is there, its last use, and which LAB needs it."""
    _finish(list_depot(_root(), _find_needed(labs)), as_json=as_json)


@depot.command()
@_labs
@click.option("--remove", is_flag=True, help="Remove the damaged ones. The next run fetches them.")
@options.as_json
def verify(labs: tuple[Path, ...], *, remove: bool, as_json: bool) -> None:
    """Compare each sha256, and exit 1 if one is wrong."""
    _finish(verify_depot(_root(), _find_needed(labs), remove=remove), as_json=as_json)


@depot.command()
@_labs
@click.option(
    "--keep",
    "days",
    metavar="DAYS",
    type=click.IntRange(1, 36500),
    default=30,
    show_default=True,
    help="Keep what a run has used within so many days.",
)
@options.as_json
def clean(labs: tuple[Path, ...], *, days: int, as_json: bool) -> None:
    """Remove what no run has used for DAYS. What LAB needs stays."""
    _finish(clean_depot(_root(), _find_needed(labs), days), as_json=as_json)


def _root() -> Path:
    return default_root().expanduser().absolute()


def _find_needed(labs: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """Return what the labs need; of those that are not named, the default one if it is there."""
    default = find_default_lab()
    return find_needed(labs or ([default] if default.is_file() else []), load_catalog())


def _finish(entries: Iterable[Entry], *, as_json: bool) -> None:
    """Do the work, print what became of each artefact, and exit.

    An interrupted command prints it of those that it came to.
    """
    found: list[Entry] = []
    is_whole = False
    try:
        found.extend(entries)
        is_whole = True
    finally:
        report = DepotReport(str(_root()), tuple(found), is_whole)
        _print(report, as_json=as_json)
    console.exit_with(report.exit_code)


def _print(report: DepotReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.document, indent=2))
    else:
        for entry in report.entries:
            click.echo(_describe(entry))
        removed = [one for one in report.entries if one.state == "removed"]
        kept = len(report.entries) - len(removed)
        files = "file" if kept == 1 else "files"
        click.echo(f"{kept} {files} in {report.root}, {size(report.bytes)}.")
        if removed:
            freed = size(sum(one.bytes for one in removed))
            click.echo(f"{len(removed)} removed, {freed}.")
        if report.exit_code:
            click.echo("Remove the damaged ones: torchard depot verify --remove", err=True)


def _describe(entry: Entry) -> str:
    by = f"  needed by {', '.join(entry.needed_by)}" if entry.needed_by else ""
    damage = f"  {entry.damage}" if entry.damage else ""
    text = (
        f"{entry.state:<8} {size(entry.bytes):>9}  {entry.used[:10]}  {entry.sha256[:12]}…"
        f"  {entry.name}{by}{damage}"
    )
    return sanitize(text)
