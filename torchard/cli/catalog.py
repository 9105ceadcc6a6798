"""`torchard catalog`: print, verify and update the catalogue in a checkout of Torchard."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from torchard.catalog import catalog as reading
from torchard.catalog.catalog import load_catalog
from torchard.curate import matrix as cells
from torchard.curate import verify as checking
from torchard.curate.page import page
from torchard.curate.proposal import INSTALLERS, PYTORCH, difference
from torchard.curate.refresh import PLACES, amend, look
from torchard.errors import TorchardError
from torchard.lab.model import Mirrors
from torchard.lock.index import address


@click.group()
def catalog() -> None:
    """Print, verify and update the catalogue of releases."""


@catalog.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the page here instead."
)
def matrix(out: Path | None) -> None:
    """Print what every Mac and python gets, as a page in Markdown."""
    text = page(load_catalog())
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TorchardError(f"{out} cannot be written: {error.strerror}.") from error


@catalog.command()
@click.option("--release", "named", multiple=True, metavar="RELEASE", help="Only this one.")
def verify(named: tuple[str, ...]) -> None:
    """Hold every row on wheels against the package index."""
    catalogue = load_catalog()
    known = cells.releases(catalogue)
    for one in named:
        if one not in known:
            raise click.UsageError(f"The catalogue has no release {one}.")
    answers = cells.answers(catalogue, named or known)
    trios = cells.trios(answers)
    rows = [
        one for one in catalogue.releases if not named or str(one) in named or "stable" in named
    ]
    listed = checking.listings(address())
    wrong = list(checking.contradicted_rows(rows, listed, catalogue))
    resolving = checking.unresolved(trios, catalogue)
    with click.progressbar(resolving, len(trios), "Resolving", file=sys.stderr) as bar:
        wrong += [text for text in bar if text is not None]
    for text in wrong:
        click.echo(text)
    if wrong:
        raise click.exceptions.Exit(1)
    click.echo(
        f"The index agrees: {len(answers)} cells, {len(rows)} releases,"
        f" {len(trios)} sets of wheels resolved."
    )


@catalog.command()
@click.option(
    "--from",
    "places",
    multiple=True,
    type=click.Choice(("wheels", "conda", "installers")),
    help="Only this place.",
)
@click.option("--write", is_flag=True, help="Write the rows into the catalogue's files.")
def refresh(places: tuple[str, ...], *, write: bool) -> None:
    """Propose rows for what is new, as a diff to review.

    Exits 0 where nothing is new, 2 where something is.
    """
    folder = Path(reading.__file__).parent
    before = {name: (folder / name).read_text(encoding="utf-8") for name in (PYTORCH, INSTALLERS)}
    found = look(places or PLACES, reading.load_catalog(), Mirrors())
    for text in found.silent:
        click.echo(f"No answer from {text}", err=True)
    if not found.answered:
        raise TorchardError("No place gave an answer.", "Check the network, and ask again.")
    after = amend(before, found)
    for name, text in after.items():
        click.echo(difference(f"torchard/catalog/{name}", before[name], text), nl=False)
    for text in found.remarks:
        click.echo(text)
    if write:
        _write(folder, {name: text for name, text in after.items() if text != before[name]})
    if not found.proposals and not found.remarks:
        click.echo("Nothing is new.")
        return
    raise click.exceptions.Exit(2)


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise TorchardError(f"{folder / name} cannot be written: {error.strerror}.") from error
        click.echo(f"Written: {folder / name}", err=True)
