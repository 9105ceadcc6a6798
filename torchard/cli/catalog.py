"""`torchard catalog`: print, verify and update the catalogue in a checkout of Torchard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from torchard.catalog import catalog as catalog_files
from torchard.catalog.catalog import load_catalog
from torchard.curate.companions import find_newer_companions
from torchard.curate.given_files import compare_file
from torchard.curate.matrix import answer_cells, collect_wheel_sets, list_releases
from torchard.curate.matrix_page import MATRIX, render_pages
from torchard.curate.proposal import INSTALLERS, PYTORCH, make_diff
from torchard.curate.refresh import PLACES, add_rows, find_new_rows
from torchard.curate.verify import (
    compare_libraries,
    fetch_listings,
    find_contradictions,
    resolve_wheel_sets,
)
from torchard.errors import TorchardError
from torchard.lab.model import Mirrors
from torchard.lock.index import find_default_index

if TYPE_CHECKING:
    from torchard.catalog.rows import Catalogue


@click.group()
def catalog() -> None:
    """Print, verify and update the catalogue of releases."""


@catalog.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write it and the pages on refusals, releases and pairings to this folder.",
)
def matrix(out: Path | None) -> None:
    """Print which PyTorch each Mac and python gets, in Markdown."""
    pages = render_pages(load_catalog())
    if out is None:
        click.echo(pages[MATRIX], nl=False)
        return
    for name, text in pages.items():
        _write(out / name, text)


@catalog.command()
@click.option("--release", "named", multiple=True, metavar="RELEASE", help="Only this release.")
@click.option(
    "--libraries", is_flag=True, help="Read the libraries of each row's wheel: 60 MB for a torch."
)
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Compare a conda channel's listing, or OSV's records, in this file instead.",
)
@click.option("--channel", help="The channel of a listing that does not name it: repodata.json.")
def verify(
    named: tuple[str, ...], files: tuple[Path, ...], channel: str | None, *, libraries: bool
) -> None:
    """Compare every row of wheels with the package index."""
    catalogue = load_catalog()
    if files and (named or libraries):
        raise click.UsageError("--from compares only files: leave out --release and --libraries.")
    if files:
        _verify_files(files, channel, catalogue)
        return
    known = list_releases(catalogue)
    for one in named:
        if one not in known:
            raise click.UsageError(f"The catalogue has no release {one}.")
    answers = answer_cells(catalogue, named or known)
    wheel_sets = collect_wheel_sets(answers)
    rows = [
        one for one in catalogue.releases if not named or str(one) in named or "stable" in named
    ]
    listed, unanswered = fetch_listings(find_default_index())
    for text in unanswered:
        click.echo(f"No answer from the wheel index: {text}", err=True)
    wrong = list(find_contradictions(rows, listed, catalogue))
    wrong += find_newer_companions(rows, listed, catalogue)
    read = list(compare_libraries(rows, listed, catalogue)) if libraries else []
    wrong += [text for text in read if text is not None]
    if not unanswered:  # a set of wheels needs every project
        resolving = resolve_wheel_sets(wheel_sets, catalogue)
        with click.progressbar(resolving, len(wheel_sets), "Resolving", file=sys.stderr) as bar:
            wrong += [text for text in bar if text is not None]
    for text in wrong:
        click.echo(text)
    if unanswered:
        raise TorchardError(
            "The index did not answer about every project, so no set of wheels was resolved.",
            "Check the network, and try again.",
        )
    if wrong:
        raise click.exceptions.Exit(1)
    click.echo(
        f"The index agrees: {len(answers)} cells, {len({one.version for one in rows})} releases,"
        f" {len(wheel_sets)} sets of wheels resolved"
        + (f", {len(read)} wheels read." if libraries else ".")
    )


def _verify_files(files: tuple[Path, ...], channel: str | None, catalogue: Catalogue) -> None:
    """Compare the catalogue with files that a person gives, and print what they say."""
    found = [compare_file(path, channel, catalogue) for path in files]
    for text in (text for one in found for text in one.wrong):
        click.echo(text)
    for text in (text for one in found for text in one.remarks):
        click.echo(text, err=True)
    if any(one.wrong for one in found):
        raise click.exceptions.Exit(1)
    for one in found:
        click.echo(one.summary)


@catalog.command()
@click.option(
    "--from", "places", multiple=True, type=click.Choice(PLACES), help="Only this source."
)
@click.option("--write", is_flag=True, help="Write the rows into the catalogue's files.")
def refresh(places: tuple[str, ...], *, write: bool) -> None:
    """Propose rows for new releases, as a diff to review.

    Exits 0 if nothing is new, 2 if something is, and 1 if a source did not answer.
    """
    folder = catalog_files.FOLDER
    before = {name: (folder / name).read_text(encoding="utf-8") for name in (PYTORCH, INSTALLERS)}
    found = find_new_rows(places or PLACES, load_catalog(), Mirrors())
    for text in found.unanswered:
        click.echo(f"No answer from {text}", err=True)
    after = add_rows(before, found)
    for name, text in after.items():
        click.echo(make_diff(f"torchard/catalog/{name}", before[name], text), nl=False)
    for text in found.remarks:
        click.echo(text)
    if write:
        for name, text in after.items():
            if text != before[name]:
                _write(folder / name, text)
                click.echo(f"Written: {folder / name}", err=True)
    if found.unanswered:
        raise TorchardError(
            "Not every source answered, so more may be new.", "Check the network, and try again."
        )
    if not found.proposals and not found.remarks:
        click.echo("Nothing is new.")
        return
    raise click.exceptions.Exit(2)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TorchardError(f"{path} cannot be written: {error.strerror}.") from error
