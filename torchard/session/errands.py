"""What is done to Macs beside an apply: going back a generation, and removing a dead run's lock."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.operations import script_text, upload
from torchard.plan.plan import Plan
from torchard.plan.result import Course, failed
from torchard.plan.rollback import plan_rollback, rolled_back
from torchard.session.inspection import inspect_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.mac.state import MacState
    from torchard.plan.damage import FileReport
    from torchard.session.session import Session


def plan_back(session: Session, environment: str) -> Plan:
    """Say what would be shown instead of what is, on every Mac; no lock is asked for."""
    return Plan(
        tuple(
            plan_rollback(environment, mac, session.states[name])
            if name in session.states
            else session.unread(name)
            for name, mac in session.macs.items()
        )
    )


def go_back(session: Session, plan: Plan) -> Plan:
    """Do what a plan of a rollback says, and return what is there then."""
    results = {mac.name: mac for mac in plan.macs}

    def errand(name: str) -> None:
        start = time.monotonic()
        planned, state = results[name], session.states[name]
        (step,) = planned.steps
        session.progress.mac(name, f"showing {step.place}")
        session.run(name, script_text.show_earlier(state, step, upload.controller()))
        session.progress.mac(name, "verifying")
        verification: Mapping[str, Any] | str
        try:
            said = session.run(name, script_text.verify_generation(state, step))
            verification = json.loads(said[-1]) if said else _verification(state, step.path)
        except TorchardError as error:
            verification = str(error)
        session.read(name)
        took = time.monotonic() - start
        results[name] = rolled_back(planned, session.states[name], verification, took)

    todo = [mac.name for mac in plan.macs if mac.state == "change"]
    session.work(todo, errand)
    for name in todo:
        if name in session.why:
            results[name] = failed(results[name], Course(reason=session.why[name]))
    return Plan(tuple(results.values()))


def _verification(state: MacState, path: str) -> Mapping[str, Any]:
    """Return what the verification of a generation found when it was built."""
    found: Mapping[str, Any] = (state.environments[path].stamp or {})["verification"]
    return found


def find_damage(session: Session) -> dict[str, dict[str, FileReport]]:
    """Look at the files of every Mac's active environments, Mac by Mac."""
    found: dict[str, dict[str, FileReport]] = {}

    def errand(name: str) -> None:
        session.progress.mac(name, "looking at its files")
        found[name] = inspect_files(session.states[name], partial(session.ask, name))

    session.work(list(session.states), errand, reads=True)
    return found


def unlock(session: Session, name: str, holder: str) -> None:
    """Remove the run lock that a dead run left on a Mac. Raise TorchardError where it stays."""

    def errand(name: str) -> None:
        session.run(name, script_text.remove_lock(holder, upload.controller()))

    session.work([name], errand)
    if name in session.why:
        raise TorchardError(f"{name}: {session.why[name]}")
