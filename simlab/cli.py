"""The `simlab` command: simulated Macs to practise on."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import click

from simlab.spec import MacSpec, SpecError, default_spec, read_spec

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def simlab() -> None:
    """Simulate Macs behind loopback SSH: folders and shell scripts, no Macs."""


@simlab.command()
@click.argument("directory", type=_FOLDER)
@click.option("--macs", "count", type=int, help="How many Macs, if not 5 or those there are.")
@click.option("--spec", "spec_file", type=_FILE, help="A file that describes each Mac.")
@click.option("--depot", type=_FOLDER, help="A depot that was built before, to share it.")
@click.option("--stop-at-eof", is_flag=True, help="Stop when stdin ends.")
def up(
    directory: Path,
    count: int | None,
    spec_file: Path | None,
    depot: Path | None,
    *,
    stop_at_eof: bool,
) -> None:
    """Start a lab below DIRECTORY, write DIRECTORY/lab.yaml, and print `ready`.

    A lab that is there starts again. A lab.yaml that you edited is kept.
    """
    _require_asyncssh()
    from simlab import disk  # noqa: PLC0415 (--help stays light)
    from simlab.stock import HostError  # noqa: PLC0415
    from simlab.up import UpError, read_macs, up  # noqa: PLC0415

    try:
        again = read_macs(directory.expanduser()) if count is None and spec_file is None else ()
        macs = again or _spec(count, spec_file)
        if any(disk.size(mac.fault) is not None for mac in macs):
            disk.enter()
        up(directory, macs, depot=depot, stop_at_eof=stop_at_eof)
    except (SpecError, UpError, HostError, disk.DiskError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _require_asyncssh() -> None:
    """Raise ClickException if the extra that brings it is not installed."""
    if find_spec("asyncssh") is None:
        raise click.ClickException(
            "simlab needs asyncssh, which this installation does not have.\n"
            "  Install Torchard with the extra: uv tool install './torchard-clone[demo]'"
        )


def _spec(count: int | None, spec_file: Path | None) -> tuple[MacSpec, ...]:
    if spec_file is None:
        return default_spec(5 if count is None else count)
    if count is not None:
        raise click.UsageError("--macs and --spec exclude each other; the spec says how many.")
    return read_spec(spec_file)


@simlab.command()
@click.argument("directory", type=_FOLDER)
def depot(directory: Path) -> None:
    """Build the depot that simulated Macs install from below DIRECTORY."""
    from simlab.depot import build  # noqa: PLC0415 (py-rattler is heavy)
    from simlab.write_lab import Served  # noqa: PLC0415

    built = build(directory.resolve())
    Served(built.root, built.installers).save()


@simlab.command(context_settings={"ignore_unknown_options": True})
@click.argument("directory", type=_FOLDER)
@click.argument("name")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def shell(directory: Path, name: str, command: tuple[str, ...]) -> None:
    """Run COMMAND on the Mac NAME of a lab that is up; without one, a shell reading stdin."""
    _require_asyncssh()
    from simlab.client import run  # noqa: PLC0415 (--help stays light)

    try:
        ports = json.loads((directory / "simlab.json").read_text(encoding="utf-8"))["ports"]
    except OSError as error:
        raise click.ClickException(f"{directory} is not a simulated lab.") from error
    if not name or name not in ports:
        names = ", ".join(sorted(filter(None, ports)))
        raise click.ClickException(f"There is no Mac {name!r} in {directory}; there are {names}.")
    try:
        status = asyncio.run(run(directory, ports[name], " ".join(command) or None))
    except OSError as error:
        raise click.ClickException(f"{name} is unreachable: {error}") from error
    sys.exit(status)


def main() -> NoReturn:
    """Run the command; every error is a sentence on stderr and exit 1."""
    try:
        code = simlab(prog_name="simlab", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = 130
    sys.exit(code or 0)
