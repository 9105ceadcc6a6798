"""Remove an environment from each Mac: its link, all its generations, and what only they need."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from torchard.operations import change_scripts
from torchard.operations.lease import end_run, open_run
from torchard.plan.plan import Plan
from torchard.plan.remove import list_own_questions, plan_removal, report_removal
from torchard.session.change import change_macs
from torchard.session.plan import ask_own_files, isolate, plan_without_state

if TYPE_CHECKING:
    from torchard.plan.plan import MacPlan
    from torchard.plan.result import MacResult, Result
    from torchard.session.session import Session


def plan_removals(session: Session, environment: str) -> Plan:
    """Plan the removal of an environment from every Mac; no lock file is needed."""
    questions = {
        name: asked
        for name, state in list(session.states.items())
        if (asked := isolate(session, name, partial(list_own_questions, environment, state)))
    }
    ask_own_files(session, questions)
    oldest = session.workspace.catalogue.oldest_conda

    def plan(name: str) -> MacPlan:
        if name not in session.states:
            return plan_without_state(session, name)
        task = partial(plan_removal, environment, session.macs[name], session.states, oldest)
        return isolate(session, name, task) or plan_without_state(session, name)

    return Plan(tuple(map(plan, session.macs)))


def remove_environments(session: Session, environment: str, plan: Plan) -> Result:
    """Do what the plan of a removal says, and return what each Mac has afterwards."""

    def remove(planned: MacPlan) -> MacResult:
        start, name = time.monotonic(), planned.name
        state = session.states[name]
        (step,) = planned.steps
        session.progress.report_mac(name, f"removing {environment}")
        host, mac = session.hosts[name], session.macs[name]
        controller = replace(open_run(host, mac, state.lock), keep=mac.keep)
        session.run(name, change_scripts.remove_environment(state, step, controller))
        end_run(host)
        session.read_state(name)
        took = time.monotonic() - start
        return report_removal(environment, planned, session.states[name], took)

    return change_macs(session, plan, remove)
