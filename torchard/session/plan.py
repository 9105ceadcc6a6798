"""Plan a run: compare every Mac of a session with what it should become."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from torchard.errors import TorchardError
from torchard.plan.disk import is_short_of_disk
from torchard.plan.drift import find_drift
from torchard.plan.own_files import list_active_questions, list_questions
from torchard.plan.plan import MacPlan, Plan, plan_mac, unreachable
from torchard.plan.stale import recheck, removed_from_lab
from torchard.remote import facts, read_guard
from torchard.remote.limits import limit_probe
from torchard.remote.unreachable import explain_bug
from torchard.session import inspection
from torchard.session.session import INTERRUPTED
from torchard.workspace.locks import LockMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from torchard.mac.state import MacState
    from torchard.plan.drift import EnvironmentStatus
    from torchard.plan.own_files import Question
    from torchard.plan.target import Target
    from torchard.session.session import Session

T = TypeVar("T")


def make_plan(session: Session, *, is_inspected: bool = False) -> Plan:
    """Compare every Mac with what it should become, in the lab's order.

    `is_inspected` says that `find_own_files` has been called.
    """
    if not is_inspected:
        find_own_files(session)
    return complete_plan(session, _plan_macs(session, session.macs))


def plan_as_locked(session: Session) -> Iterator[dict[str, MacPlan]]:
    """Yield the plans of all Macs in groups: those whose locks are known need not wait.

    Raise KeyboardInterrupt once a signal has ended the run.
    """
    left = list(session.macs)
    while left:
        ready = session.wait_for_locks(left, 1)
        find_own_files(session, ready)
        plans = _plan_macs(session, ready)
        if session.interrupted is not None:
            raise KeyboardInterrupt
        left = [name for name in left if name not in plans]
        yield plans


def _plan_macs(session: Session, names: Iterable[str]) -> dict[str, MacPlan]:
    names = list(names)
    targets = find_targets(session, names)

    def plan(name: str) -> MacPlan:
        made = isolate(session, name, lambda: plan_mac(targets[name])) if name in targets else None
        return made or plan_without_state(session, name)

    return {name: plan(name) for name in names}


def complete_plan(session: Session, plans: Mapping[str, MacPlan]) -> Plan:
    """Return the plan of the whole session; a Mac without one has the reason."""
    session.wait_for_all_locks()
    macs = (plans.get(name) or plan_without_state(session, name) for name in session.macs)
    return session.workspace.artefacts.mark_fetched(Plan(tuple(macs)))


def isolate(session: Session, name: str, task: Callable[[], T]) -> T | None:
    """Return what a task about one Mac returns. If it raises, that Mac is blocked: return None.

    A TorchardError says what is wrong with the lab, and ends the run.
    """
    try:
        return task()
    except (TorchardError, read_guard.WrittenTooEarlyError):
        raise
    except Exception as error:  # noqa: BLE001  # whatever a Mac's data raises concerns it alone
        session.reasons[name] = explain_bug(error)
        session.unfit.add(name)
        session.states.pop(name, None)
        session.workspace.states.pop(name, None)
        return None


def find_own_files(
    session: Session, names: Sequence[str] | None = None, *, is_for_all: bool = False
) -> None:
    """Read what a person made in the generations that a plan replaces.

    With `is_for_all`, read it in every active one as well. `names` limits it to some Macs.
    """
    session.workspace.states.update(session.states)
    session.until_interrupted(lambda: session.wait_for_locks(names or list(session.states)))
    if session.interrupted is not None:
        return
    questions: dict[str, tuple[Question, ...]] = {}
    for name in [one for one in session.states if names is None or one in names]:
        asked = isolate(session, name, partial(_list_questions, session, name, is_for_all))
        if asked:
            questions[name] = asked
    ask_own_files(session, questions)


def ask_own_files(session: Session, questions: Mapping[str, tuple[Question, ...]]) -> None:
    """Ask Macs what a person made in some generations, and remember it with their states."""

    def describe(name: str) -> None:
        session.progress.report_mac(name, "looking for files of people")
        ask = partial(session.run_read_only, name)
        state = session.states[name]
        _remember(session, name, inspection.describe_own_files(state, questions[name], ask))

    session.each(questions, describe, is_executing=False)


def _list_questions(session: Session, name: str, is_for_all: bool) -> tuple[Question, ...]:  # noqa: FBT001
    state = session.states[name]
    if not state.environments:
        return ()
    asked = {one.path: one for one in list_active_questions(state)} if is_for_all else {}
    asked.update((one.path, one) for one in list_questions(find_target(session, name)))
    return tuple(asked.values())


def find_targets(session: Session, names: Iterable[str] | None = None) -> dict[str, Target]:
    """Return what each Mac whose state is known should become. `names` limits it to some Macs."""
    wanted = list(session.macs if names is None else names)
    session.until_interrupted(lambda: session.wait_for_locks(wanted))
    session.workspace.states.update(session.states)
    targets: dict[str, Target] = {}
    short: list[str] = []

    def find(name: str) -> Target:
        target = find_target(session, name)
        if is_short_of_disk(target):
            short.append(name)
        return target

    for name in [name for name in wanted if name in session.states]:
        target = _until_interrupted(session, name, partial(find, name))
        if target is not None:
            targets[name] = target
    measured = tuple(short)
    _measure_room(session, measured)
    for name in measured:
        target = isolate(session, name, partial(find_target, session, name))
        if target is not None:
            targets[name] = target
    return {name: one for name, one in targets.items() if name in session.states}


def _until_interrupted(session: Session, name: str, find: Callable[[], Target]) -> Target | None:
    """Return the target of a Mac; None where it raised, or where a signal ended the run."""
    target = None
    try:
        if session.interrupted is None:
            target = session.until_interrupted(lambda: isolate(session, name, find))
        else:  # nobody waits for a solver any more
            session.wait_for_locks([name])
            target = isolate(session, name, find)
    except LockMissingError:
        if session.interrupted is None:
            raise
    if target is None:
        session.reasons.setdefault(name, INTERRUPTED)
    return target


def find_all_drift(session: Session) -> dict[str, tuple[EnvironmentStatus, ...]]:
    """Return what has changed on each Mac whose state is known since Torchard built it."""
    found = {}
    for name, state in list(session.states.items()):
        drift = isolate(session, name, partial(find_drift, session.macs[name], state))
        if drift is not None:
            found[name] = drift
    return found


def find_target(session: Session, name: str) -> Target:
    """Return what a Mac should become, with the state that was read last."""
    return session.workspace.find_target(session.macs[name], session.states[name])


def _measure_room(session: Session, names: Sequence[str]) -> None:
    """Ask Macs that are short of disk how much room macOS would make."""

    def measure(name: str) -> None:
        ask = partial(session.run_read_only, name, limit=limit_probe(session.macs[name]))
        _remember(session, name, inspection.measure_room(session.states[name], ask))

    session.each(names, measure, is_executing=False)


def _remember(session: Session, name: str, state: MacState) -> None:
    session.states[name] = state
    prefix = session.macs[name].miniconda.prefix
    facts.remember_state(session.hosts[name], prefix, state)


def plan_without_state(session: Session, name: str) -> MacPlan:
    """Return the plan of a Mac whose state is not known: unreachable, or blocked if it is unfit."""
    if name in session.unfit:
        return MacPlan(name, "blocked", reason=session.reasons[name])
    return unreachable(name, session.reasons[name])


def recheck_plan(session: Session, saved: Plan) -> Plan:
    """Plan again what a saved plan changes, and block each Mac whose plan is stale."""
    session.workspace.states.update(session.states)
    macs = (
        isolate(session, mac.name, partial(_recheck_mac, session, mac))
        or plan_without_state(session, mac.name)
        for mac in saved.macs
    )
    return session.workspace.artefacts.mark_fetched(Plan(tuple(macs)))


def _recheck_mac(session: Session, mac: MacPlan) -> MacPlan:
    if mac.state in {"unreachable", "blocked"}:
        return mac  # the saved plan leaves it alone
    if mac.name not in session.macs:
        return removed_from_lab(mac)
    if mac.name not in session.states:
        return plan_without_state(session, mac.name)
    try:
        find_own_files(session, [mac.name])
        if mac.name not in session.states:
            return plan_without_state(session, mac.name)
        target = find_target(session, mac.name)
        if is_short_of_disk(target):
            _measure_room(session, [mac.name])
            target = find_target(session, mac.name)
    except LockMissingError as error:  # the lab or the catalogue has changed since
        reason = f"{error.message} Plan again"
        return replace(mac, state="blocked", reason=reason, steps=(), disk=None)
    return recheck(mac, plan_mac(target))
