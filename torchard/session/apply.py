"""Apply a plan: run deploy.py on every Mac that the plan changes, each at its own pace."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import pyinfra
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operations import run_host_op
from pyinfra_cli.util import exec_file

from torchard.operations.lease import end_run
from torchard.operations.report import FAILURE, PROGRESS
from torchard.plan.batches import describe_stop, split_batches
from torchard.plan.plan import Plan
from torchard.plan.result import (
    MacRun,
    Result,
    find_steps,
    report_apply,
    report_failure,
    report_not_started,
    report_skipped,
)
from torchard.remote import read_guard
from torchard.resources import find_resource
from torchard.session import inspection
from torchard.session.fetching import fetching_ahead
from torchard.session.plan import complete_plan, find_target, isolate, plan_as_locked
from torchard.session.session import INTERRUPTED, INTERRUPTED_STEP, NO_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from torchard.plan.batches import Batches
    from torchard.plan.plan import MacPlan
    from torchard.plan.result import MacResult
    from torchard.plan.steps import StepId
    from torchard.session.session import Session


def apply_plan(session: Session, plan: Plan, batches: Batches | None = None) -> Result:
    """Do what a plan says, and return what is on each Mac's disk afterwards.

    With `batches`, no batch begins before the one before it has ended.
    """
    session.workspace.planned = {mac.name: mac.steps for mac in plan.macs}
    work = _Work(session, {mac.name: mac for mac in plan.macs})
    names = [mac.name for mac in plan.macs if mac.state == "change"]
    stop = None
    for batch in split_batches(names, batches):
        if stop is None:
            work.change(batch)
            if batches is not None and session.interrupted is None:
                failed = [one for one in batch if work.results[one].state == "failed"]
                stop = describe_stop(failed, batch, batches)
        else:
            work.skip(batch, stop)
    return work.finish(plan)


def apply_as_planned(
    session: Session, show: Callable[[Plan, Plan | None], None]
) -> tuple[Plan, Result]:
    """Plan each Mac as soon as its locks are known, and do its plan at once.

    Before a Mac is changed, `show` gets the plan of it and of all that were planned since the last
    time; with the last part, it gets the plan of all Macs too. Return that, and the result.
    """
    session.workspace.planned = {}
    work = _Work(session, {})
    hidden: dict[str, MacPlan] = {}

    def plan() -> Iterator[str]:
        for plans in plan_as_locked(session):
            work.plans.update(plans)
            session.workspace.planned.update((name, mac.steps) for name, mac in plans.items())
            hidden.update(plans)
            changed = [name for name, mac in plans.items() if mac.state == "change"]
            is_last = len(work.plans) == len(session.macs)
            if changed or is_last:
                part = Plan(tuple(hidden[name] for name in session.macs if name in hidden))
                hidden.clear()
                whole = complete_plan(session, work.plans) if is_last else None
                show(session.workspace.artefacts.mark_fetched(part), whole)
            yield from changed

    work.change(plan())
    for name in session.macs:
        if name not in work.plans:  # a signal came first
            session.reasons.setdefault(name, INTERRUPTED)
    planned = complete_plan(session, work.plans)
    rest = [mac for mac in planned.macs if mac.name in hidden or mac.name not in work.plans]
    if rest:
        show(Plan(tuple(rest)), planned)
    return planned, work.finish(planned)


@dataclass
class _Work:
    """The work on the Macs of one run; `results` has each Mac on which it has ended."""

    session: Session
    plans: dict[str, MacPlan]
    results: dict[str, MacResult] = field(default_factory=dict)
    _runs: dict[str, MacRun] = field(default_factory=dict)
    _warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def change(self, names: Iterable[str]) -> None:
        """Change some Macs at once, and find out what they have then."""
        with identify_operations_by_line():
            begun = self.session.each(names, self._change_mac, is_executing=False)
        for name in begun:
            if name not in self.results:
                self.results[name] = self._report(name)

    def finish(self, plan: Plan) -> Result:
        """Return the result for all Macs of a plan."""
        macs = (self.results.get(mac.name) or report_skipped(mac) for mac in plan.macs)
        return Result(tuple(macs))

    def skip(self, names: Iterable[str], reason: str) -> None:
        """Leave some Macs as they are."""
        for name in names:
            self.results[name] = report_not_started(self.plans[name], reason)

    def _change_mac(self, name: str) -> None:
        try:
            self._run_deploy(name)
        except Exception:
            self.session.progress.report_end(name, "failed")
            raise
        self.results[name] = self._report(name)
        is_failed = self.results[name].state == "failed"
        self.session.progress.report_end(name, "failed" if is_failed else "done")

    def _run_deploy(self, name: str) -> None:
        session, host = self.session, self.session.hosts[name]
        exec_file(str(find_resource("deploy.py")))  # pyinfra only prepares its operations
        read_guard.set_executing(host, executing=True)
        start = time.monotonic()
        self._runs[name] = MacRun()
        try:
            with fetching_ahead(session, name):
                for run in _run_operations(session, name):
                    self._runs[name] = run
        finally:
            end_run(host)
            self._runs[name] = replace(self._runs[name], seconds=time.monotonic() - start)
        if name in session.reasons:
            return
        session.read_state(name)
        if any(step.kind == "environment" for step in session.workspace.planned[name]):
            locks, ask = find_target(session, name).locks, partial(session.run_read_only, name)
            self._warnings[name] = inspection.describe_account(session.states[name], locks, ask)

    def _report(self, name: str) -> MacResult:
        run, planned = self._runs.get(name, MacRun()), self.plans[name]
        reasons = self.session.reasons
        is_interrupted = reasons.get(name) in {INTERRUPTED, INTERRUPTED_STEP}
        if is_interrupted and not (run.done or run.failed):
            return report_not_started(planned, INTERRUPTED)

        def report() -> MacResult:
            made = report_apply(planned, find_target(self.session, name), run)
            return replace(made, warnings=(*made.warnings, *self._warnings.get(name, ())))

        done = None if name in reasons else isolate(self.session, name, report)
        return done or report_failure(planned, replace(run, reason=reasons[name]))


def _run_operations(session: Session, name: str) -> Iterator[MacRun]:
    """Run the operations of deploy.py on one Mac until one fails.

    Yield how far the work is: before each operation as it is if that one is interrupted.
    """
    host = session.hosts[name]
    planned = session.workspace.planned[name]
    done: list[StepId] = []
    report = partial(session.progress.report_mac, name)
    host.connector_data[PROGRESS] = lambda _host, *what: report(*what)
    for op_hash in list(host.op_hash_order):
        operation = next(iter(session.state.get_op_meta(op_hash).names))
        steps = find_steps(operation, planned)
        before = tuple(one for one in done if one not in steps)
        yield MacRun(before, steps)
        try:
            ok = run_host_op(session.state, host, op_hash)
        except PyinfraError:
            ok = False  # raised because no host is left without a failure
        if not ok:
            meta = session.state.get_op_data_for_host(host, op_hash).operation_meta
            found = host.connector_data.pop(FAILURE, None) or meta.stderr.strip()
            reason = session.find_lost_connection(name) or found or NO_OUTPUT
            session.reasons[name] = reason
            yield MacRun(before, steps, reason)
            return
        done.extend(steps)
    yield MacRun(tuple(done))


@contextmanager
def identify_operations_by_line() -> Iterator[None]:
    """Let pyinfra identify the operations of deploy.py by their lines, as its command does."""
    before, pyinfra.is_cli = pyinfra.is_cli, True
    try:
        yield
    finally:
        pyinfra.is_cli = before
