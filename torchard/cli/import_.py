"""`torchard import`."""

from __future__ import annotations

import re
import shlex
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from torchard.cli import console, options
from torchard.errors import TorchardError
from torchard.lab.load import load_text
from torchard.lab.settings import read_schema
from torchard.outputs import write_file
from torchard.starter.add_environment import add_environments
from torchard.starter.environment_file import read_environment_file, read_requirements
from torchard.starter.first_lab import write_import, write_settings
from torchard.starter.source_file import decode_source, read_source

if TYPE_CHECKING:
    from torchard.starter.first_lab import FirstLab


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", metavar="ENV", help="The environment's name, instead of the file's.")
@click.option(
    "--into",
    metavar="LAB",
    type=click.Path(path_type=Path),
    help="Add the environment to this lab file: print the diff, and ask.",
)
@options.yes
def import_(file: Path, name: str | None, into: Path | None, *, yes: bool) -> None:
    """Print an environment.yml or requirements as a lab has them.

    No file is changed, unless --into names a lab file. The comments say what
    could not be carried over, and why. FILE is an environment file if its name ends in .yml or
    .yaml.
    """
    rule = read_schema()["$defs"]["name"]
    if name is not None and re.search(rule["pattern"], name) is None:
        raise click.UsageError(
            f"--name: {name!r} is not a name of an environment. {rule['$comment']}"
        )
    content = read_source(file, "an environment.yml or a requirements.txt")
    if file.suffix in {".yml", ".yaml"}:
        found = read_environment_file(content, str(file))
    else:
        found = read_requirements(decode_source(content, file), str(file))
    if name is not None:
        found = found.with_name(name)
    if into is None:
        click.echo(write_import(found), nl=False)
    else:
        _add(found, into, None if yes else form_command(file, name, into))


def form_command(file: Path, name: str | None, into: Path) -> str:
    """Return the words that a person types for the same again."""
    named = [] if name is None else ["--name", name]
    return shlex.join(["torchard", "import", str(file), *named, "--into", str(into)])


def _add(found: FirstLab, lab: Path, command: str | None) -> None:
    """Add the environment to a lab file; with a command, once a person has agreed to the diff."""
    path = lab.resolve()  # a link stays one
    before = read_source(path, "a lab file that exists")
    load_text(lab, before)
    after = add_environments(before, found.environments, str(lab))
    load_text(lab, after)
    for note in found.notes:
        console.print_error(f"note: {note}")
    old, new = (content.decode("utf-8-sig").splitlines() for content in (before, after))
    for line in unified_diff(old, new, str(lab), str(lab), lineterm=""):
        click.echo(line)
    if command is not None:
        console.confirm_plan(command, is_shown=True)
    if read_source(path, "a lab file that exists") != before:
        raise TorchardError(
            f"{lab} has changed meanwhile, and was left as it is.", "Run this again."
        )
    write_file(path, after.decode("utf-8"))
    (name,) = found.environments
    click.echo(
        f"\nWritten. No Mac has {name} yet. Add it to `environments:` of `defaults:`, a group or"
    )
    click.echo("a Mac.")
    if found.defaults:
        click.echo(
            f"Its packages need this too, under `defaults:` or for each Mac that gets {name}:"
        )
        click.echo("".join(write_settings(found.defaults)), nl=False)
