"""`torchard import`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from torchard.errors import TorchardError
from torchard.lab.settings import read_schema
from torchard.starter.environment_file import read_environment_file, read_requirements
from torchard.starter.first_lab import write_import

_MAX_BYTES = 1024 * 1024


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", metavar="ENV", help="The environment's name, instead of the file's.")
def import_(file: Path, name: str | None) -> None:
    """Print an environment.yml or requirements as a lab has them.

    Add what is printed to your lab.yaml: no file is changed. The comments say what could not be
    carried over, and why. FILE is an environment file if its name ends in .yml or .yaml.
    """
    rule = read_schema()["$defs"]["name"]["pattern"]
    if name is not None and re.search(rule, name) is None:
        raise click.UsageError(f"--name: {name!r} is not a name of an environment.")
    try:
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise TorchardError(
            f"{file} cannot be read: {error.strerror}.",
            "Name an environment.yml or a requirements.txt.",
        ) from error
    if len(content) > _MAX_BYTES:
        raise TorchardError(f"{file} is over 1 MiB.", "Name a smaller file.")
    if file.suffix in {".yml", ".yaml"}:
        found = read_environment_file(content, str(file))
    else:
        try:
            found = read_requirements(content.decode("utf-8-sig"), str(file))
        except UnicodeDecodeError as error:
            raise TorchardError(f"{file} is not UTF-8.", "Save it as UTF-8.") from error
    click.echo(write_import(found, name), nl=False)
