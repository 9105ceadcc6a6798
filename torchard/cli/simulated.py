"""The whole job on simulated Macs, command by command, as a person would type it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 15  # seconds for the simulated lab to end by itself
_SAID = """\
These Macs are simulated: folders and shell scripts behind SSH on this machine, with a stand-in
Miniconda, a small channel and stub wheels. What Torchard does to them is real, and is what it
does to a real Mac; their speed, sizes and GPU say nothing about one.
"""
# Each command of the story, and how it must end.
_STORY = (
    ("check", (), 0),
    ("lock", (), 0),
    ("plan", (), 2),
    ("apply", ("--yes",), 0),
    ("verify", (), 0),
    ("plan", (), 0),
)


def run(macs: int, keep: Path | None) -> int:
    """Do the job on so many simulated Macs; return the exit code. Keep the lab below `keep`.

    Raise TorchardError where the simulated lab does not start.
    """
    with _directory(keep) as directory:
        click.echo(_SAID)
        click.echo(f"$ python -m simlab up {directory} --macs {macs}")
        start = time.monotonic()
        with _simlab(directory, macs):
            lab = str(directory / "lab.yaml")
            environment = {**os.environ, "TORCHARD_DEPOT": str(directory / "artefacts")}
            for command, options, expected in _STORY:
                click.secho(f"\n$ torchard {' '.join((command, lab, *options))}", bold=True)
                arguments = [sys.executable, "-m", "torchard", command, lab, *options]
                code = subprocess.run(arguments, env=environment, check=False).returncode
                if code != expected:
                    click.echo(f"The demo ends here: exit {code} where {expected} was due.")
                    return 1
        took = time.monotonic() - start
        click.echo(f"\nDone in {took:.0f} s, on simulated Macs; the second plan had nothing to do.")
        if keep is not None:
            click.echo(f"Kept; `python -m simlab up {directory}` starts these Macs again.")
    return 0


@contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.expanduser().resolve()
        return
    with tempfile.TemporaryDirectory(prefix="torchard-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made).resolve()


@contextmanager
def _simlab(directory: Path, macs: int) -> Iterator[None]:
    """Run a simulated lab as a process of its own, which ends when this one does."""
    arguments = ["up", str(directory), "--macs", str(macs), "--stop-at-eof"]
    process = subprocess.Popen(
        [sys.executable, "-m", "simlab", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the command at work; this one ends after it
    )
    assert process.stdin is not None  # noqa: S101  # both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        if process.stdout.readline() != "ready\n":
            raise TorchardError(
                "The simulated Macs did not start; see above.",
                "Name an empty directory without spaces with --keep, if that was the reason.",
            )
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
