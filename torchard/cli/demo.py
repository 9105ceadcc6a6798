"""`torchard demo`: the whole job on simulated Macs, command by command, as you would type it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from torchard import programs
from torchard.cli import console
from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Iterator

STOP_SECONDS = 15  # for the simulated Macs to end by themselves
_NOTICE = """\
These Macs are simulated: folders and shell scripts behind SSH on this machine, with a stand-in
Miniconda, a small channel and stub wheels. Torchard does to them what it does to a real Mac.
Their speed, sizes and GPU say nothing about a real Mac.
"""
# Each command, its options, and the exit code that it must end with.
_COMMANDS = (
    ("check", (), 0),
    ("lock", (), 0),
    ("plan", (), 2),
    ("apply", ("--yes",), 0),
    ("verify", (), 0),
    ("plan", (), 0),
)


@click.command()
@click.option(
    "--macs", default=5, show_default=True, type=click.IntRange(1, 50), help="How many Macs."
)
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the lab in this folder."
)
def demo(macs: int, keep: Path | None) -> None:
    """Run the whole job on simulated Macs.

    No real Mac is touched, not even this one: the simulated ones are folders behind SSH on loopback
    ports.
    """
    missing = [name for name in ("simlab", "asyncssh") if find_spec(name) is None]
    if missing:
        raise TorchardError(
            f"The demo needs {' and '.join(missing)}, which this installation does not have.",
            "Install Torchard with the extra: uv tool install './torchard-clone[demo]'",
        )
    console.exit_with(_run(macs, keep))


def _run(macs: int, keep: Path | None) -> int:
    """Run the commands on that many simulated Macs below `keep`; return the exit code.

    Raise TorchardError if the simulated Macs do not start.
    """
    with _open_directory(keep) as directory:
        if (directory / "lab.yaml").exists():
            raise TorchardError(
                f"{directory} has a lab already, and the demo begins with a new one.",
                f"Type `simlab up {directory}` to start its Macs, or name a new folder: --keep NEW",
            )
        click.echo(_NOTICE)
        click.echo(f"$ simlab up {directory} --macs {macs}")
        start = time.monotonic()
        with _start_simlab(directory, macs):
            lab = str(directory / "lab.yaml")
            environment = {**os.environ, "TORCHARD_DEPOT": str(directory / "artefacts")}
            for command, options, expected in _COMMANDS:
                click.secho(f"\n$ torchard {' '.join((command, lab, *options))}", bold=True)
                words = programs.module_words("torchard", command, lab, *options)
                code = subprocess.run(words, env=environment, check=False).returncode
                if code != expected:
                    click.echo(f"The demo ends here: exit {code} instead of {expected}.")
                    return 1
        took = time.monotonic() - start
        click.echo(f"\nDone in {took:.0f} s, on simulated Macs; the second plan had nothing to do.")
        if keep is not None:
            click.echo(f"Kept. Type `simlab up {directory}` to start these Macs again.")
    return 0


@contextmanager
def _open_directory(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.expanduser().resolve()
        return
    with tempfile.TemporaryDirectory(prefix="torchard-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made).resolve()


@contextmanager
def _start_simlab(directory: Path, macs: int) -> Iterator[None]:
    """Run the simulated Macs in a process of their own, which ends when this one does."""
    arguments = ["up", str(directory), "--macs", str(macs), "--stop-at-eof"]
    process = subprocess.Popen(
        programs.module_words("simlab", *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the running command; the Macs end after it
    )
    assert process.stdin is not None  # noqa: S101  # both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        if process.stdout.readline() != "ready\n":
            raise TorchardError(
                "The simulated Macs did not start; see above.",
                "If the directory was the reason, name an empty one without spaces with --keep.",
            )
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
