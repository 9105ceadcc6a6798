"""Apply a plan: run deploy.py on every Mac that the plan changes, each at its own pace."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pyinfra
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operations import run_host_op
from pyinfra.api.state import StateStage
from pyinfra_cli.util import exec_file

from torchard.operations.lease import end_run
from torchard.operations.report import FAILURE, PROGRESS
from torchard.plan.result import (
    MacRun,
    Result,
    find_steps,
    report_apply,
    report_failure,
    report_skipped,
)
from torchard.resources import find_resource
from torchard.session import inspection
from torchard.session.plan import find_target, isolate
from torchard.session.session import NO_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.plan.plan import MacPlan, Plan
    from torchard.plan.result import MacResult
    from torchard.plan.steps import StepId
    from torchard.session.session import Session


def apply_plan(session: Session, plan: Plan) -> Result:
    """Do what a plan says, and return what is on each Mac's disk afterwards."""
    session.workspace.planned = {mac.name: mac.steps for mac in plan.macs}
    names = [mac.name for mac in plan.macs if mac.state == "change"]
    runs = dict.fromkeys(names, MacRun())
    warnings: dict[str, tuple[str, ...]] = {}

    def work(name: str) -> None:
        start = time.monotonic()
        try:
            for run in _run_operations(session, name):
                runs[name] = run
        finally:
            end_run(session.hosts[name])
            runs[name] = replace(runs[name], seconds=time.monotonic() - start)
            session.progress.report_end(name, "failed" if name in session.reasons else "done")
        if name in session.reasons:
            return
        session.read_state(name)
        if any(step.kind == "environment" for step in session.workspace.planned[name]):
            locks, ask = find_target(session, name).locks, partial(session.run_read_only, name)
            warnings[name] = inspection.describe_account(session.states[name], locks, ask)

    session.state.set_stage(StateStage.Prepare)
    with identify_operations_by_line():
        session.each(
            names, lambda _: exec_file(str(find_resource("deploy.py"))), is_executing=False
        )
    session.state.set_stage(StateStage.Execute)
    left = [name for name in names if name not in session.reasons]
    session.each(left, work, is_executing=True)

    def report(mac: MacPlan) -> MacResult:
        made = report_apply(mac, find_target(session, mac.name), runs[mac.name])
        return replace(made, warnings=(*made.warnings, *warnings.get(mac.name, ())))

    def result(mac: MacPlan) -> MacResult:
        if mac.state != "change":
            return report_skipped(mac)
        name = mac.name
        done = None if name in session.reasons else isolate(session, name, partial(report, mac))
        return done or report_failure(mac, replace(runs[name], reason=session.reasons[name]))

    return Result(tuple(result(mac) for mac in plan.macs))


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
