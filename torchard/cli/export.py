"""`torchard export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from torchard.catalog.catalog import load_catalog
from torchard.catalog.mac_class import find_mac_class
from torchard.catalog.variant import Refusal
from torchard.cli import options
from torchard.cli.complete import complete_environments
from torchard.errors import TorchardError
from torchard.lab.load import load_lab
from torchard.lab.model import MacHost
from torchard.lab.select import find_mac
from torchard.lock.codec import read_lock
from torchard.lock.export import WITH_ADDRESSES, Format, export_lock

if TYPE_CHECKING:
    from pathlib import Path

    from torchard.lab.model import Lab
    from torchard.lock.lockfile import Lock

FORMATS: tuple[Format, ...] = get_args(Format)
MAKE = "Run `torchard lock`."


@click.command()
@click.argument("environment", metavar="ENV", shell_complete=complete_environments)
@options.lab
@click.option(
    "--format",
    "to",
    type=click.Choice(FORMATS),
    default="environment",
    show_default=True,
    help="The file to print: conda's, pip's, PEP 751's or pixi's.",
)
@click.option("--class", "group", metavar="CLASS", help="The class, such as osx-arm64-macos15.")
@click.option("--mac", metavar="MAC", help="The class of this Mac, if LAB says it.")
def export(environment: str, lab: Path, to: Format, group: str | None, mac: str | None) -> None:
    """Print the lock of ENV for conda, pip, PEP 751 or pixi.

    No Mac is contacted. For pylock and pixi, the wheel index is asked for the addresses of wheels.
    """
    if group is not None and mac is not None:
        raise click.UsageError("--class and --mac exclude each other.")
    found = load_lab(lab)
    path = _find_lock(found, environment, _find_class(found, mac) if mac else group)
    lock = read_lock(path)
    addresses = _find_addresses(lock, found, path) if to in WITH_ADDRESSES else {}
    click.echo(export_lock(lock, to, addresses, load_catalog().nightly.index or ""), nl=False)


def _find_class(lab: Lab, name: str) -> str:
    """Return the class of a Mac, by what the lab says of it."""
    mac = find_mac(lab, name)
    if mac.arch is None or mac.macos is None:
        raise TorchardError(
            f"{mac.where} does not say its arch and macOS.",
            "Write `arch:` and `macos:`, or name a class with --class.",
        )
    group = find_mac_class(mac.arch, mac.macos, load_catalog())
    if isinstance(group, Refusal):
        raise TorchardError(group.reason, group.instead)
    return str(group)


def _find_lock(lab: Lab, environment: str, group: str | None) -> Path:
    """Return the lock file of an environment; without a class, the only one that there is."""
    if environment not in lab.environments:
        raise TorchardError(
            f"There is no environment {environment} in {lab.path.name}.",
            f"There are: {', '.join(lab.environments)}." if lab.environments else "",
        )
    folder = lab.path.parent / "locks" / lab.path.stem
    prefix = f"{environment}."
    classes = sorted(
        one.name.removeprefix(prefix).removesuffix(".json")
        for one in folder.glob("*.osx-*.json")
        if one.name.startswith(prefix)
    )
    if group is None and len(classes) > 1:
        raise TorchardError(
            f"{environment} has locks for {len(classes)} classes of Macs.",
            f"Name one: --class {' or --class '.join(classes)}",
        )
    if not classes or (group is not None and group not in classes):
        which = f" for {group}" if group else ""
        there = f" There are: {', '.join(classes)}." if classes else ""
        raise TorchardError(f"{environment} has no lock{which}.", f"{MAKE}{there}")
    return folder / f"{environment}.{group or classes[0]}.json"


def _find_addresses(lock: Lock, lab: Lab, path: Path) -> dict[tuple[str, str], str]:
    """Return the URL of each wheel. Raise TorchardError for one that left the index."""
    from torchard.lock.wheels import find_addresses  # only two formats need uv
    from torchard.workspace.locks import nightly_index

    having = (mac for mac in lab.macs.values() if lock.environment in mac.environments)
    mac = next(having, MacHost("any Mac"))  # a lock may outlive its last Mac
    found = find_addresses(lock, mac.mirrors, nightly_index(mac, load_catalog()))
    for one in lock.wheels:
        if (one.file, one.sha256) not in found:
            raise TorchardError(
                f"The wheel index no longer offers {one.file} with the sha256 of {path.name}.",
                "Make a new lock: `torchard lock --upgrade`.",
            )
    return found
