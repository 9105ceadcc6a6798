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
from torchard.session.plan import find_target
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

    def run_operations(name: str) -> None:
        start = time.monotonic()
        try:
            runs[name] = _run_operations(session, name)
        finally:
            runs[name] = replace(runs[name], seconds=time.monotonic() - start)
            session.progress.report_end(name, "failed" if name in session.reasons else "done")

    def inspect_account(name: str) -> None:
        if any(step.kind == "environment" for step in session.workspace.planned[name]):
            locks, ask = find_target(session, name).locks, partial(session.run_read_only, name)
            warnings[name] = inspection.describe_account(session.states[name], locks, ask)

    session.state.set_stage(StateStage.Prepare)
    with identify_operations_by_line():
        session.each(
            names, lambda _: exec_file(str(find_resource("deploy.py"))), is_executing=False
        )
    session.state.set_stage(StateStage.Execute)
    for task in (run_operations, session.read_state, inspect_account):
        left = [name for name in names if name not in session.reasons]
        session.each(left, task, is_executing=True)

    def result(mac: MacPlan) -> MacResult:
        if mac.state != "change":
            return report_skipped(mac)
        if mac.name in session.reasons:
            return report_failure(mac, replace(runs[mac.name], reason=session.reasons[mac.name]))
        made = report_apply(mac, find_target(session, mac.name), runs[mac.name])
        return replace(made, warnings=(*made.warnings, *warnings.get(mac.name, ())))

    return Result(tuple(result(mac) for mac in plan.macs))


def _run_operations(session: Session, name: str) -> MacRun:
    """Run the operations of deploy.py on one Mac until one fails."""
    host = session.hosts[name]
    planned = session.workspace.planned[name]
    done: list[StepId] = []
    report = partial(session.progress.report_mac, name)
    host.connector_data[PROGRESS] = lambda _host, *what: report(*what)
    for op_hash in list(host.op_hash_order):
        operation = next(iter(session.state.get_op_meta(op_hash).names))
        steps = find_steps(operation, planned)
        try:
            ok = run_host_op(session.state, host, op_hash)
        except PyinfraError:
            ok = False  # raised because no host is left without a failure
        if not ok:
            meta = session.state.get_op_data_for_host(host, op_hash).operation_meta
            found = host.connector_data.pop(FAILURE, None) or meta.stderr.strip()
            reason = session.find_lost_connection(name) or found or NO_OUTPUT
            session.reasons[name] = reason
            return MacRun(tuple(one for one in done if one not in steps), steps, reason)
        done.extend(steps)
    return MacRun(tuple(done))


@contextmanager
def identify_operations_by_line() -> Iterator[None]:
    """Let pyinfra identify the operations of deploy.py by their lines, as its command does."""
    before, pyinfra.is_cli = pyinfra.is_cli, True
    try:
        yield
    finally:
        pyinfra.is_cli = before
