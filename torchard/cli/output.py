"""What a command prints on stdout."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console

from torchard.outputs import write_file
from torchard.plan.codec import document, dumps
from torchard.render.words import folded
from torchard.resources import shorten_local_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rich.text import Text

    from torchard.plan.codec import Document, StatusDocument
    from torchard.plan.plan import Plan
    from torchard.plan.result import Result


@contextmanager
def writing_junit(found: Document, path: Path | None, lab: Path) -> Iterator[None]:
    """Write what was found as JUnit's XML, if a file is named, before the block prints it.

    So a reader of stdout that ends early loses no file. If the file cannot be written, the block
    prints, and TorchardError is raised then. `lab` is the suite's name.
    """
    try:
        if path is not None:
            from torchard.render.junit import render_junit  # few need it

            write_file(path, render_junit(found, lab.stem))
    finally:
        yield


def print_plan(
    plan: Plan | Result | StatusDocument, lines: Iterable[Text], *, as_json: bool
) -> None:
    """Print a plan, a result or a status: its lines for people, or all of it as JSON."""
    if as_json:
        click.echo(dumps(document(plan)))
    else:
        print_lines(lines)


def print_lock_files(written: Iterable[Path]) -> None:
    """Name the lock files that this command had to write."""
    for path in sorted(written):
        click.echo(f"Lock file written: {shorten_local_path(path)}")


def print_lines(lines: Iterable[Text], *, err: bool = False) -> None:
    """Print lines as the terminal, or a pipe, can take them."""
    console = Console(stderr=err, highlight=False, soft_wrap=True)
    for line in lines:
        for part in folded(line, console):
            console.print(part)
