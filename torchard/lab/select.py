"""Which Macs are meant? Names, groups and patterns, as `--limit` takes them. Pure."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from torchard.lab.model import Lab, MacHost


def select(lab: Lab, limits: Iterable[str]) -> tuple[MacHost, ...]:
    """Return the Macs that any of the limits means, in the lab's order; all where there is none.

    A limit is a Mac's name, a group's, or a pattern of Macs' names (`studio-*`); several may
    stand in one, between commas. Raise TorchardError for one that means no Mac.
    """
    wanted = [part.strip() for limit in limits for part in limit.split(",")]
    if not wanted:
        return tuple(lab.macs.values())
    meant: set[str] = set()
    for one in wanted:
        names = {name for name in lab.macs if fnmatchcase(name, one)} | set(lab.groups.get(one, ()))
        if not names:
            raise _nothing(lab, one)
        meant |= names
    return tuple(mac for name, mac in lab.macs.items() if name in meant)


def named(lab: Lab, name: str) -> MacHost:
    """Return the Mac of this name. Raise TorchardError where there is none, with the nearest."""
    if name in lab.macs:
        return lab.macs[name]
    raise TorchardError(
        f"{name} is no Mac of {lab.path.name}.", _close(name, lab.groups.get(name) or lab.macs)
    )


def _nothing(lab: Lab, limit: str) -> TorchardError:
    if limit in lab.groups:
        return TorchardError(f"The group {limit} has no Macs.", "Limit the run to something else.")
    instead = _close(limit, [*lab.macs, *lab.groups])
    return TorchardError(f"{limit} means no Mac and no group of {lab.path.name}.", instead)


def _close(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known)}."
