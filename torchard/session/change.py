"""Do a plan that needs no deploy.py, such as a rollback or a removal: each Mac at its own pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.plan.result import MacRun, Result, report_failure, report_skipped

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
            results[name] = report_failure(plans[name], MacRun(reason=session.reasons[name]))
    return Result(tuple(results.values()))
