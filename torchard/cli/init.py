"""`torchard init`."""

from __future__ import annotations

import os
import shlex
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from torchard.cli import console
from torchard.cli.this_mac import read_this_mac
from torchard.errors import TorchardError
from torchard.starter.environment_file import read_environment_file
from torchard.starter.first_lab import LOCAL_MAC, FirstLab, write_text
from torchard.starter.folder import LAB, write_folder
from torchard.starter.hosts_csv import read_hosts_csv
from torchard.starter.source_file import decode_source, read_source
from torchard.starter.ssh_hosts import read_ssh_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.starter.folder import Written

_ABOUT = {
    LAB: "the Macs and their environments",
    "inventory/lab.py": "the same for the pyinfra command",
    "inventory/this_mac.yaml": "another lab: the Mac that you type on",
    "inventory/this_mac.py": "the same for the pyinfra command",
    "deploy.py": "what happens to a Mac, for the pyinfra command",
    "schemas/lab.schema.json": "what editors complete lab.yaml with",
    "tests/test_macs.py": "your own tests of the Macs",
    ".gitignore": "",
    ".github/workflows/check.yml": "checks lab.yaml at each push",
}


@click.command()
@click.argument(
    "folder",
    metavar="[DIR]",
    required=False,
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
)
@click.option("--this-mac", is_flag=True, help="Describe the Mac that you type on, without SSH.")
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take Macs from a .csv or an ssh_config, or an environment from an environment.yml.",
)
@click.option(
    "--accept-license",
    is_flag=True,
    help="Accept Anaconda's terms for Miniconda's installer (https://www.anaconda.com/legal).",
)
@click.option("--miniforge", is_flag=True, help="Install Miniforge, which has no such terms.")
def init(
    folder: Path,
    sources: tuple[Path, ...],
    *,
    this_mac: bool,
    accept_license: bool,
    miniforge: bool,
) -> None:
    """Write a lab folder to start from.

    DIR is the folder, by default the working directory. Files that exist stay as they are.
    """
    if accept_license and miniforge:
        raise click.UsageError("--accept-license and --miniforge exclude each other.")
    consent: Mapping[str, Any] = {"accept_license": True} if accept_license else {}
    if miniforge:
        consent = {"miniconda": {"distribution": "miniforge"}}
    lab = reduce(FirstLab.join, map(_read, sources), FirstLab())
    if this_mac:
        _require_mac()
        lab = lab.join(FirstLab(macs=LOCAL_MAC))
    for note in lab.notes:
        console.print_error(f"note: {note}")
    written = write_folder(folder, write_text(lab, consent), this_mac=not this_mac)
    for line in _describe(folder, written):
        click.echo(line)
    click.echo("")
    for line in _list_next(folder, lab, has_consent=bool(consent)):
        click.echo(line)


def _read(path: Path) -> FirstLab:
    """Read a file of Macs or of an environment; its name says which."""
    content = read_source(path, "a .csv of Macs, an ssh_config or an environment.yml")
    if path.suffix in {".yml", ".yaml"}:
        return read_environment_file(content, str(path))
    text = decode_source(content, path)
    if path.suffix == ".csv":
        return read_hosts_csv(text, str(path))
    return read_ssh_hosts(text, path)


def _require_mac() -> None:
    try:
        read_this_mac()
    except TorchardError as error:
        raise TorchardError(
            "--this-mac describes the computer that it runs on, but this is not a Mac.",
            "Type torchard init without it, and write the addresses of your Macs.",
        ) from error


def _describe(folder: Path, written: Written) -> Iterator[str]:
    place = "this folder" if folder == Path() else str(folder)
    yield f"Written in {place}:"
    for name in written.written:
        yield f"  {name:<28}{_ABOUT[name]}".rstrip()
    if written.kept:
        yield f"Already there, and left as they are: {', '.join(written.kept)}"


def _list_next(folder: Path, lab: FirstLab, *, has_consent: bool) -> Iterator[str]:
    """Yield what to do now, in its order."""
    is_local = bool(lab.macs) and all("connection" in mac for mac in lab.macs.values())
    yield "Now:"
    if folder != Path():
        yield f"  cd {shlex.quote(str(folder))}"
    named = os.environ.get("TORCHARD_LAB")
    other = folder / (named or LAB)  # as it is read in that folder
    if named and other.resolve() != (folder / LAB).resolve():
        yield f"  unset TORCHARD_LAB  it names {other}, which the next commands would use"
    if not lab.macs:
        yield f"  write your Macs into {LAB}; studio-01 is an example"
    if not has_consent:
        yield f"  uncomment accept_license or miniconda in {LAB}, unless each Mac has a Miniconda"
    yield "  torchard check       is the file right? contacts no Mac"
    if not is_local:
        yield "  torchard keys trust  prints each Mac's host key; compare it, and it is recorded"
    yield "  torchard plan        what would change? changes nothing"
    yield "  torchard apply       shows the plan, asks, makes the changes, verifies"
