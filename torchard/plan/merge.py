"""Merge what several controllers planned or did on disjoint Macs of one lab. Pure."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from torchard.errors import TorchardError
from torchard.plan.codec import FORMAT, StatusDocument, read_plan
from torchard.plan.plan import Plan
from torchard.plan.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    Made = Plan | Result | StatusDocument


def merge(parts: Sequence[tuple[Path, Made]]) -> Made:
    """Return one document with the Macs of all files, in the order of the files.

    Raise TorchardError for a Mac that is in two files, and for files of different kinds.
    """
    path, first = parts[0]
    owners: dict[str, Path] = {}
    for other, part in parts:
        if _name_kind(part) != _name_kind(first):
            raise TorchardError(
                f"{path} is {_name_kind(first)}, and {other} is {_name_kind(part)}.",
                "Show files of one kind together.",
            )
        for name in _list_names(part):
            if owners.setdefault(name, other) is not other:
                raise TorchardError(
                    f"{owners[name]} and {other} both have the Mac {name}.",
                    "Show the newer file of the two. With several controllers, give each of them"
                    " other Macs with --limit.",
                )
    if len(parts) == 1:
        return first
    statuses = [part for _, part in parts if isinstance(part, StatusDocument)]
    if statuses:
        return _merge_statuses(statuses)
    plans = [part for _, part in parts if isinstance(part, Plan)]
    if plans:
        # What one controller's depot lacks must be fetched, whatever the others have.
        in_depot = reduce(frozenset.intersection, (plan.in_depot for plan in plans))
        return Plan(tuple(mac for plan in plans for mac in plan.macs), in_depot)
    results = [part for _, part in parts if isinstance(part, Result)]
    return Result(tuple(mac for one in results for mac in one.macs), results[0].kind)


def _merge_statuses(parts: Sequence[StatusDocument]) -> StatusDocument:
    """Return one status; `depot` is then what the depots of all controllers take."""
    macs = {name: mac for one in parts for name, mac in one.macs.items()}
    plan = Plan(tuple(mac for one in parts for mac in read_plan(one).macs))
    return StatusDocument(
        FORMAT,
        macs,
        plan.summary,
        {name: found for one in parts for name, found in one.status.items()},
        {name: used for one in parts for name, used in one.disk.items()},
        sum(one.depot for one in parts),
        {name: kept for one in parts for name, kept in one.kept.items()},
    )


def _list_names(part: Made) -> Iterable[str]:
    return part.macs if isinstance(part, StatusDocument) else (mac.name for mac in part.macs)


def _name_kind(part: Made) -> str:
    if isinstance(part, StatusDocument):
        return "a status"
    return "a plan" if isinstance(part, Plan) else f"a {part.kind}"
