"""Plan a run: compare every Mac of a session with what it should become."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from torchard.plan.disk import is_short_of_disk
from torchard.plan.plan import MacPlan, Plan, plan_mac, unreachable
from torchard.plan.stale import recheck, removed_from_lab
from torchard.remote import facts
from torchard.session import inspection
from torchard.workspace.locks import LockMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torchard.plan.target import Target
    from torchard.session.session import Session


def make_plan(session: Session) -> Plan:
    """Compare every Mac with what it should become, in the lab's order."""
    targets = find_targets(session)
    macs = (
        plan_mac(targets[name]) if name in targets else plan_without_state(session, name)
        for name in session.macs
    )
    return session.workspace.artefacts.mark_fetched(Plan(tuple(macs)))


def find_targets(session: Session) -> dict[str, Target]:
    """Return what each Mac whose state is known should become."""
    session.workspace.states.update(session.states)
    names = [name for name in session.macs if name in session.states]
    targets = {name: find_target(session, name) for name in names}
    short = [name for name, target in targets.items() if is_short_of_disk(target)]
    _measure_room(session, short)
    return {**targets, **{name: find_target(session, name) for name in short}}


def find_target(session: Session, name: str) -> Target:
    """Return what a Mac should become, with the state that was read last."""
    return session.workspace.find_target(session.macs[name], session.states[name])


def _measure_room(session: Session, names: Sequence[str]) -> None:
    """Ask Macs that are short of disk how much room macOS would make."""

    def measure(name: str) -> None:
        ask = partial(session.run_read_only, name)
        session.states[name] = inspection.measure_room(session.states[name], ask)
        prefix = session.macs[name].miniconda.prefix
        facts.remember_state(session.hosts[name], prefix, session.states[name])

    session.each(names, measure, is_executing=False)


def plan_without_state(session: Session, name: str) -> MacPlan:
    """Return the plan of a Mac whose state is not known: unreachable, or blocked if it is unfit."""
    if name in session.unfit:
        return MacPlan(name, "blocked", reason=session.reasons[name])
    return unreachable(name, session.reasons[name])


def recheck_plan(session: Session, saved: Plan) -> Plan:
    """Plan again what a saved plan changes, and block each Mac whose plan is stale."""
    session.workspace.states.update(session.states)
    macs = (_recheck_mac(session, mac) for mac in saved.macs)
    return session.workspace.artefacts.mark_fetched(Plan(tuple(macs)))


def _recheck_mac(session: Session, mac: MacPlan) -> MacPlan:
    if mac.state in {"unreachable", "blocked"}:
        return mac  # the saved plan leaves it alone
    if mac.name not in session.macs:
        return removed_from_lab(mac)
    if mac.name not in session.states:
        return plan_without_state(session, mac.name)
    try:
        target = find_target(session, mac.name)
        if is_short_of_disk(target):
            _measure_room(session, [mac.name])
            target = find_target(session, mac.name)
    except LockMissingError as error:  # the lab or the catalogue has changed since
        reason = f"{error.message} Plan again"
        return replace(mac, state="blocked", reason=reason, steps=(), disk=None)
    return recheck(mac, plan_mac(target))
