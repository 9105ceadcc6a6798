"""Which Macs did an apply leave behind? Read from what its `--json` printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.plan.planfile import PlanFileError, read

if TYPE_CHECKING:
    from pathlib import Path

_STATES = {"failed", "unreachable", "blocked"}
_INSTEAD = "Give it what `torchard apply --json` printed."


def left_behind(path: Path) -> tuple[str, ...]:
    """Return the Macs that failed, were unreachable or blocked, in the report's order.

    Raise PlanFileError for a file that is no report: a plan is none, before it is applied.
    """
    try:
        saved = read(path)
    except PlanFileError as error:
        raise PlanFileError(error.message, _INSTEAD) from error
    if saved.lab is not None or saved.plan.summary.change:
        raise PlanFileError(f"{path}: this is a plan, and tells nothing that was done.", _INSTEAD)
    return tuple(mac.name for mac in saved.plan.macs if mac.state in _STATES)
