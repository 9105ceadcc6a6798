"""Roll back: activate the previous generation of an environment, and verify it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.operations import change_scripts, read_scripts
from torchard.operations.lease import end_run, open_run
from torchard.plan.damage import describe_damage, read_reports
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
    from torchard.plan.steps import Step
    from torchard.session.session import Session


def plan_rollbacks(session: Session, environment: str) -> Plan:
    """Plan the rollback of an environment on every Mac; no lock file is needed."""

    def plan(name: str, mac: MacHost) -> MacPlan:
        state = session.states.get(name)
        made = state and isolate(session, name, lambda: plan_rollback(environment, mac, state))
        return made or plan_without_state(session, name)

    plans = {name: plan(name, mac) for name, mac in session.macs.items()}

    def look(name: str) -> None:
        (step,) = plans[name].steps
        damage = _find_damage(session, name, step)
        if damage:
            warning = f"{step.environment}: the generation before is damaged: {damage}"
            plans[name] = replace(plans[name], warnings=(*plans[name].warnings, warning))

    changed = [name for name, one in plans.items() if one.state == "change"]
    session.each(changed, look, is_executing=False)
    for name in changed:
        if name in session.reasons:
            plans[name] = plan_without_state(session, name)
    return Plan(tuple(plans.values()))


def _find_damage(session: Session, name: str, step: Step) -> str:
    """Return what is wrong with the files of a generation, or why nobody knows; empty if nothing.

    A person may have replaced a package by hand, so this does not forbid a rollback.
    """
    environment = step.environment or ""
    session.progress.report_mac(name, "inspecting files")
    script = read_scripts.check_generation(session.states[name], environment, step.path)
    try:
        answer = session.run_read_only(name, script)
        report = read_reports(answer[-1] if answer else "", [environment])[environment]
    except TorchardError as error:
        return f"its files could not be checked: {error}"
    except (ValueError, RecursionError):
        return "its files could not be checked: the answer of its python cannot be read"
    return "; ".join(describe_damage(report, None))


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
            verification = _find_damage(session, name, step) or verification
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
