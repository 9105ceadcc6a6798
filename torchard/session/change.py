"""Do a plan that needs no deploy.py, such as a rollback or a removal: each Mac at its own pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.plan.result import (
    MacRun,
    Result,
    report_failure,
    report_not_started,
    report_skipped,
)
from torchard.session.session import INTERRUPTED, INTERRUPTED_STEP

if TYPE_CHECKING:
    from collections.abc import Callable

    from torchard.plan.plan import MacPlan, Plan
    from torchard.plan.result import MacResult
    from torchard.session.session import Session


def change_macs(session: Session, plan: Plan, change: Callable[[MacPlan], MacResult]) -> Result:
    """Change each Mac that a plan changes, and return what each one has afterwards.

    `change` does the plan of one Mac and returns its result. What it raises is that Mac's failure.
    """
    plans = {mac.name: mac for mac in plan.macs}
    results = {mac.name: report_skipped(mac) for mac in plan.macs}

    def change_mac(name: str) -> None:
        results[name] = change(plans[name])

    names = [mac.name for mac in plan.macs if mac.state == "change"]
    session.each(names, change_mac, is_executing=True)
    for name in names:
        if name in session.reasons:
            results[name] = _report_unfinished(plans[name], session.reasons[name])
    return Result(tuple(results.values()))


def _report_unfinished(planned: MacPlan, reason: str) -> MacResult:
    """Return the result for a Mac that was not changed to the end."""
    if reason == INTERRUPTED:
        return report_not_started(planned, reason)
    begun = tuple(step.id for step in planned.steps) if reason == INTERRUPTED_STEP else ()
    return report_failure(planned, MacRun(failed=begun, reason=reason))
