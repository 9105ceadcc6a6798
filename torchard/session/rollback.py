"""Roll back: activate the previous generation of an environment, and verify it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.operations import change_scripts, read_scripts
from torchard.operations.lease import end_run, open_run
from torchard.plan.plan import Plan
from torchard.plan.result import MacRun, Result, report_failure, report_skipped
from torchard.plan.rollback import plan_rollback, report_rollback
from torchard.session.plan import isolate, plan_without_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.lab.model import MacHost
    from torchard.mac.state import MacState
    from torchard.plan.plan import MacPlan
    from torchard.session.session import Session


def plan_rollbacks(session: Session, environment: str) -> Plan:
    """Plan the rollback of an environment on every Mac; no lock file is needed."""

    def plan(name: str, mac: MacHost) -> MacPlan:
        state = session.states.get(name)
        made = state and isolate(session, name, lambda: plan_rollback(environment, mac, state))
        return made or plan_without_state(session, name)

    return Plan(tuple(plan(name, mac) for name, mac in session.macs.items()))


def roll_back(session: Session, plan: Plan) -> Result:
    """Do what the plan of a rollback says, and return what each Mac has afterwards."""
    plans = {mac.name: mac for mac in plan.macs}
    results = {mac.name: report_skipped(mac) for mac in plan.macs}

    def roll_back_mac(name: str) -> None:
        start = time.monotonic()
        planned, state = plans[name], session.states[name]
        (step,) = planned.steps
        session.progress.report_mac(name, f"activating {step.place}")
        host = session.hosts[name]
        controller = open_run(host, session.macs[name], state.lock)
        session.run(name, change_scripts.activate_generation(state, step, controller))
        session.progress.report_mac(name, "verifying")
        verification: Mapping[str, Any] | str
        try:
            lines = session.run_read_only(name, read_scripts.verify_generation(state, step))
            verification = json.loads(lines[-1]) if lines else _last_verification(state, step.path)
        except TorchardError as error:
            verification = str(error)
        end_run(host)
        session.read_state(name)
        took = time.monotonic() - start
        results[name] = report_rollback(planned, session.states[name], verification, took)

    names = [mac.name for mac in plan.macs if mac.state == "change"]
    session.each(names, roll_back_mac, is_executing=True)
    for name in names:
        if name in session.reasons:
            results[name] = report_failure(plans[name], MacRun(reason=session.reasons[name]))
    return Result(tuple(results.values()))


def _last_verification(state: MacState, path: str) -> Mapping[str, Any]:
    """Return what the verification of a generation found when it was built."""
    found: Mapping[str, Any] = (state.environments[path].stamp or {})["verification"]
    return found
