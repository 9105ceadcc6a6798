"""Which Macs did an apply leave behind? Read from what its `--json` printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.plan.codec import StatusDocument
from torchard.plan.planfile import PlanFileError, read
from torchard.plan.result import Result

if TYPE_CHECKING:
    from pathlib import Path

_STATES = {"failed", "unreachable", "blocked", "change"}
_INSTEAD = "Give it what `torchard apply --json` printed."


def find_left_behind(path: Path) -> tuple[str, ...]:
    """Return the Macs that failed, were left alone or not begun, in the result's order.

    Raise PlanFileError for a file that is not a result, such as a plan.
    """
    try:
        result = read(path)
    except PlanFileError as error:
        raise PlanFileError(error.message, _INSTEAD) from error
    if not isinstance(result, Result):
        what = "a status" if isinstance(result, StatusDocument) else "a plan"
        raise PlanFileError(f"{path}: this is {what}, and says nothing that was done.", _INSTEAD)
    return tuple(mac.name for mac in result.macs if mac.state in _STATES)
