"""Merge what several controllers planned or did on disjoint Macs of one lab. Pure."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from torchard.errors import TorchardError
from torchard.plan.plan import Plan
from torchard.plan.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def merge(parts: Sequence[tuple[Path, Plan | Result]]) -> Plan | Result:
    """Return one plan or one result with the Macs of all files, in the order of the files.

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
        for mac in part.macs:
            if owners.setdefault(mac.name, other) is not other:
                raise TorchardError(
                    f"{owners[mac.name]} and {other} both have the Mac {mac.name}.",
                    "Show the newer file of the two. With several controllers, give each of them"
                    " other Macs with --limit.",
                )
    plans = [part for _, part in parts if isinstance(part, Plan)]
    if plans:
        # What one controller's depot lacks must be fetched, whatever the others have.
        in_depot = reduce(frozenset.intersection, (plan.in_depot for plan in plans))
        return Plan(tuple(mac for plan in plans for mac in plan.macs), in_depot)
    results = [part for _, part in parts if isinstance(part, Result)]
    return Result(tuple(mac for one in results for mac in one.macs), results[0].kind)


def _name_kind(part: Plan | Result) -> str:
    return "a plan" if isinstance(part, Plan) else f"a {part.kind}"
