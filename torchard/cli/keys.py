"""`torchard keys`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from torchard.cli import console, options
from torchard.resources import default_lab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import PKey

    from torchard.lab.model import MacHost
    from torchard.remote.host_keys import HostKeyError, UnknownHostKeyError


@click.group()
def keys() -> None:
    """By which host keys the Macs of a lab are known."""


@keys.command()
@click.argument("words", nargs=-1, metavar="[MAC]... [LAB]")
@click.option(
    "--fingerprint",
    "fingerprints",
    multiple=True,
    metavar="SHA256:…",
    help="Trust this key and no other; do not ask.",
)
@options.yes
def trust(words: tuple[str, ...], fingerprints: tuple[str, ...], *, yes: bool) -> None:
    """Record the host keys of Macs, once you have compared them.

    They go into the file of known hosts that the lab names, or ~/.ssh/known_hosts.

    MAC is a Mac, a group or a pattern; every Mac of the lab is meant where there is none. LAB has a
    slash in it, or ends in .yaml. Nobody logs in to the Macs. A key that is another than the known
    one is refused, and replaces none.
    """
    if fingerprints and yes:
        raise click.UsageError("--fingerprint and --yes exclude each other.")
    labs = [word for word in words if "/" in word or word.endswith((".yaml", ".yml"))]
    if len(labs) > 1:
        raise click.UsageError(f"There is one lab at a time, not {' and '.join(labs)}.")
    # First: it patches the standard library before others import it, or use threads.
    from torchard.remote.keyscan import look_at  # noqa: PLC0415  # isort: skip
    from torchard.lab.load import load  # noqa: PLC0415
    from torchard.lab.select import select as limited  # noqa: PLC0415

    lab = load(Path(labs[0]) if labs else default_lab())
    macs = limited(lab, [word for word in words if word not in labs])
    there = [mac for mac in macs if mac.connection == "ssh"]
    for mac in macs:
        if mac not in there:
            click.echo(f"{mac.name}: this is the Mac at hand, which shows no key.")
    codes = [
        _settle(mac, answer, fingerprints, yes=yes)
        for mac, answer in zip(there, look_at(there), strict=True)
    ]
    console.exit_with(1 if 1 in codes else max(codes, default=0))


def _settle(
    mac: MacHost, answer: PKey | HostKeyError | str, fingerprints: Sequence[str], *, yes: bool
) -> int:
    """Record what is unknown on the way to a Mac, its own key last; return the exit code."""
    from torchard.remote.host_keys import HostKeyError, UnknownHostKeyError, record, shown  # noqa: PLC0415
    from torchard.remote.keyscan import look  # noqa: PLC0415

    while isinstance(answer, UnknownHostKeyError):
        click.echo(f"{mac.name}: the host key of {answer.host} is {shown(answer.key)}.")
        if fingerprints and answer.key.fingerprint not in fingerprints:
            console.print_error(f"{mac.name}: refused, for that is not the fingerprint you gave.")
            return 3
        if not fingerprints and not yes and not _agreed(mac, answer):
            return 1
        record(answer)
        click.echo(f"{mac.name}: recorded in {answer.known_hosts}.")
        answer = look(mac)
    if isinstance(answer, HostKeyError):
        console.print_error(f"{mac.name}: refused: {answer}")
        return 3
    if isinstance(answer, str):
        console.print_error(f"{mac.name}: unreachable: {answer}")
        return 3
    click.echo(f"{mac.name}: {shown(answer)} is known.")
    return 0


def _agreed(mac: MacHost, unknown: UnknownHostKeyError) -> bool:
    """Ask a person who has looked at the host itself."""
    kind = unknown.key.algorithm_name.lower()
    click.echo(f"  On it, see: ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub")
    if not sys.stdin.isatty():
        console.print_error(
            f"{mac.name}: not recorded, for there is no terminal to ask at; compare the two, and"
            f" give --fingerprint {unknown.key.fingerprint}, or --yes."
        )
        return False
    if console.confirmed("Is it the same?"):
        return True
    console.print_error(f"{mac.name}: not recorded.")
    return False
