"""Select the Macs that `--limit` names: by name, group or pattern. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from torchard.lab.model import Lab, MacHost

_MOST_NAMES = 3  # in a question


def select(lab: Lab, limits: Iterable[str]) -> tuple[MacHost, ...]:
    """Return the Macs that match any limit, in the lab's order; all Macs if there is no limit.

    A limit is the name of a Mac or a group, or a pattern of Macs' names (`studio-*`), or several of
    them between commas. Raise TorchardError for one that matches no Mac.
    """
    selected = set(order_by_limits(lab, limits))
    return tuple(mac for name, mac in lab.macs.items() if name in selected)


def order_by_limits(lab: Lab, limits: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the Macs that match any limit, those of the first limit first.

    The Macs of one limit keep the lab's order. Raise TorchardError as `select`.
    """
    wanted = [part.strip() for limit in limits for part in limit.split(",")]
    ordered: dict[str, None] = {}
    for one in wanted or ["*"]:
        group = lab.groups.get(one, ())
        names = [name for name in lab.macs if fnmatchcase(name, one) or name in group]
        if not names and wanted:
            raise _no_match(lab, one)
        ordered.update(dict.fromkeys(names))
    return tuple(ordered)


def find_mac(lab: Lab, name: str) -> MacHost:
    """Return the Mac of this name. Raise TorchardError, with the nearest name, if there is none."""
    if name in lab.macs:
        return lab.macs[name]
    raise TorchardError(
        f"{lab.path.name} has no Mac {_show(name)}.", _close(name, lab.groups.get(name) or lab.macs)
    )


def _no_match(lab: Lab, limit: str) -> TorchardError:
    if limit in lab.groups:
        return TorchardError(f"The group {limit} has no Macs.", "Choose another group or a Mac.")
    instead = _close(limit, [*lab.macs, *lab.groups])
    return TorchardError(f"{lab.path.name} has no Mac and no group {_show(limit)}.", instead)


def _show(name: str) -> str:
    return name or '""'


def _close(name: str, known: Collection[str]) -> str:
    """Return a sentence with the nearest names, of which some may be equally near."""
    nearest = get_close_matches(name, known, 1)
    if not nearest:
        return f"There are: {', '.join(known)}."
    least = _measure_likeness(name, nearest[0])
    equal = [one for one in known if _measure_likeness(name, one) == least][:_MOST_NAMES]
    return f"Did you mean {' or '.join(equal)}?"


def _measure_likeness(name: str, known: str) -> float:
    return SequenceMatcher(None, known, name).ratio()
