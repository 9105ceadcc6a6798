"""`torchard keys`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import torchard.session  # noqa: F401  # patches the standard library, so it comes first
from torchard.cli import console, options
from torchard.cli.complete import complete_limits
from torchard.lab.load import load_lab
from torchard.lab.select import select
from torchard.remote.host_keys import (
    HostKeyError,
    UnknownHostKeyError,
    describe_key,
    record_host_key,
)
from torchard.remote.keyscan import scan_host_key, scan_host_keys
from torchard.remote.unreachable import explain_connect_error
from torchard.resources import find_default_lab
from torchard.session.signals import install_signal_handlers, interruptible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import PKey

    from torchard.lab.model import MacHost


def _require_fingerprints(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Raise click.BadParameter for a text that no key can have as its fingerprint."""
    for one in values:
        if not re.fullmatch("SHA256:[A-Za-z0-9+/]{43}", one):
            raise click.BadParameter(
                f"{one!r} is not a fingerprint. `ssh-keygen -lf FILE` prints one: SHA256: and 43"
                " more characters."
            )
    return values


@click.group()
def keys() -> None:
    """Manage the lab's SSH host keys."""


@keys.command()
@click.argument("words", nargs=-1, metavar="[MAC]... [LAB]", shell_complete=complete_limits)
@click.option(
    "--fingerprint",
    "fingerprints",
    multiple=True,
    metavar="SHA256:…",
    callback=_require_fingerprints,
    help="Record this key and no other; do not ask.",
)
@options.allow_ssh_commands
@options.logs
@options.yes
def trust(words: tuple[str, ...], fingerprints: tuple[str, ...], *, yes: bool) -> None:
    """Record the host keys of Macs, once you have compared them.

    Torchard records them in the known_hosts file that the lab names, else in ~/.ssh/known_hosts.

    MAC is a Mac, a group or a pattern; without it, all Macs of the lab are meant. LAB has a slash
    in it, or ends in .yaml. Torchard does not log in to the Macs. It never replaces a known key: if
    a Mac shows another one, Torchard reports that.
    """
    if fingerprints and yes:
        raise click.UsageError("--fingerprint and --yes exclude each other.")
    labs = [word for word in words if "/" in word or word.endswith((".yaml", ".yml"))]
    if len(labs) > 1:
        raise click.UsageError(f"Name one lab at a time, not {' and '.join(labs)}.")
    lab = load_lab(Path(labs[0]) if labs else find_default_lab())
    macs = select(lab, [word for word in words if word not in labs])
    remote = [mac for mac in macs if mac.connection == "ssh"]
    for mac in macs:
        if mac not in remote:
            click.echo(f"{mac.name}: this is the Mac that you type on; it needs no host key.")
    install_signal_handlers()
    with interruptible():
        codes = [
            _trust_mac(mac, answer, fingerprints, yes=yes)
            for mac, answer in zip(remote, scan_host_keys(remote), strict=True)
        ]
    console.exit_with(1 if 1 in codes else max(codes, default=0))


def _trust_mac(
    mac: MacHost, answer: PKey | HostKeyError | str, fingerprints: Sequence[str], *, yes: bool
) -> int:
    """Record the unknown keys of a Mac's jump hosts, then its own; return the exit code."""
    while isinstance(answer, UnknownHostKeyError):
        click.echo(f"{mac.name}: the host key of {answer.host} is {describe_key(answer.key)}.")
        if fingerprints and answer.key.fingerprint not in fingerprints:
            console.print_error(f"{mac.name}: not recorded: you gave another fingerprint.")
            return 3
        if not fingerprints and not yes and not _confirm_key(mac, answer):
            return 1
        record_host_key(answer)
        click.echo(f"{mac.name}: recorded in {answer.known_hosts}.")
        answer = scan_host_key(mac)
    if isinstance(answer, HostKeyError):
        console.print_error(f"{mac.name}: refused: {explain_connect_error(answer, mac)}")
        return 3
    if isinstance(answer, str):
        console.print_error(f"{mac.name}: unreachable: {answer}")
        return 3
    if fingerprints and answer.fingerprint not in fingerprints:
        console.print_error(
            f"{mac.name}: refused: you gave another fingerprint than that of the known key,"
            f" {describe_key(answer)}."
        )
        return 3
    click.echo(f"{mac.name}: {describe_key(answer)} is known.")
    return 0


def _confirm_key(mac: MacHost, unknown: UnknownHostKeyError) -> bool:
    """Ask whether a key is the one that the host itself prints."""
    kind = unknown.key.algorithm_name.lower()
    click.echo(
        f"  To compare, run this on the host: ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub"
    )
    if not sys.stdin.isatty():
        console.print_error(
            f"{mac.name}: not recorded: there is no terminal to ask at. Compare the two keys, then"
            f" give --fingerprint {unknown.key.fingerprint}, or --yes."
        )
        return False
    if console.ask_yes_no("Are they the same?"):
        return True
    console.print_error(f"{mac.name}: not recorded.")
    return False
