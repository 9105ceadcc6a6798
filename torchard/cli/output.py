"""What a command prints on stdout."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import click
from rich.console import Console

from torchard.errors import TorchardError
from torchard.plan.codec import document, dumps
from torchard.render.words import folded
from torchard.resources import shorten_local_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.text import Text

    from torchard.plan.codec import Document
    from torchard.plan.plan import Plan
    from torchard.plan.result import Result


def require_place(path: Path | None) -> None:
    """Raise TorchardError if a file cannot be written there: before any Mac is contacted."""
    if path is not None and path.exists() and not path.is_file():  # such as /dev/stdout
        raise TorchardError(f"{path} is not a file.", "Name a file: it is written as a whole.")
    if path is not None and not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise TorchardError(
            f"{path} cannot be written: its folder does not exist, or you may not write to it.",
            "Make the folder, or name another file.",
        )


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raise TorchardError if that is impossible."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise TorchardError(f"{path} cannot be written: {error.strerror or error}.") from error


def write_junit(found: Document, path: Path | None, lab: Path) -> None:
    """Write what was found as JUnit's XML, if a file is named; `lab` is the suite's name."""
    if path is not None:
        from torchard.render.junit import render_junit  # few need it

        write_file(path, render_junit(found, lab.stem))


def print_plan(plan: Plan | Result, lines: Iterable[Text], *, as_json: bool) -> None:
    """Print a plan or a result: its lines for people, or all of it as JSON."""
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
