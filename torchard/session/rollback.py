"""Roll back: activate the previous generation of an environment, and verify it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.operations import change_scripts, read_scripts
from torchard.operations.lease import end_run, open_run
from torchard.plan.plan import Plan
from torchard.plan.rollback import plan_rollback, report_rollback
from torchard.session.change import change_macs
from torchard.session.plan import isolate, plan_without_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.lab.model import MacHost
    from torchard.mac.state import MacState
    from torchard.plan.plan import MacPlan
    from torchard.plan.result import MacResult, Result
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

    def roll_back_mac(planned: MacPlan) -> MacResult:
        start, name = time.monotonic(), planned.name
        state = session.states[name]
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
        return report_rollback(planned, session.states[name], verification, took)

    return change_macs(session, plan, roll_back_mac)


def _last_verification(state: MacState, path: str) -> Mapping[str, Any]:
    """Return what the verification of a generation found when it was built."""
    found: Mapping[str, Any] = (state.environments[path].stamp or {})["verification"]
    return found
