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

from torchard.operations import upload
from torchard.plan.result import Course, applied, failed
from torchard.resources import resource
from torchard.session import inspection
from torchard.session.plan import find_target
from torchard.session.session import NO_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torchard.plan.plan import MacPlan, Plan
    from torchard.session.session import Session


def apply_plan(session: Session, plan: Plan) -> Plan:
    """Do what a plan says, and return what is on each Mac's disk afterwards."""
    session.workspace.planned = {mac.name: mac.steps for mac in plan.macs}
    names = [mac.name for mac in plan.macs if mac.state == "change"]
    courses = dict.fromkeys(names, Course())
    warnings: dict[str, tuple[str, ...]] = {}

    def run_operations(name: str) -> None:
        start = time.monotonic()
        try:
            courses[name] = _run_operations(session, name)
        finally:
            courses[name] = replace(courses[name], seconds=time.monotonic() - start)
            session.progress.report_end(name, "failed" if name in session.reasons else "done")

    def inspect_account(name: str) -> None:
        if any(step.kind == "environment" for step in session.workspace.planned[name]):
            locks, ask = find_target(session, name).locks, partial(session.run_read_only, name)
            warnings[name] = inspection.describe_account(session.states[name], locks, ask)

    session.state.set_stage(StateStage.Prepare)
    with identify_operations_by_line():
        session.each(names, lambda _: exec_file(str(resource("deploy.py"))), is_executing=False)
    session.state.set_stage(StateStage.Execute)
    for task in (run_operations, session.read_state, inspect_account):
        left = [name for name in names if name not in session.reasons]
        session.each(left, task, is_executing=True)

    def result(mac: MacPlan) -> MacPlan:
        if mac.state != "change":
            return mac
        if mac.name in session.reasons:
            return failed(mac, replace(courses[mac.name], reason=session.reasons[mac.name]))
        made = applied(mac, find_target(session, mac.name), courses[mac.name])
        return replace(made, warnings=(*made.warnings, *warnings.get(mac.name, ())))

    return replace(plan, macs=tuple(result(mac) for mac in plan.macs))


def _run_operations(session: Session, name: str) -> Course:
    """Run the operations of deploy.py on one Mac until one fails."""
    host = session.hosts[name]
    done: list[str] = []
    report = partial(session.progress.report_mac, name)
    host.connector_data[upload.PROGRESS] = lambda _host, *what: report(*what)
    for op_hash in list(host.op_hash_order):
        label = _step_label(session.state.get_op_meta(op_hash).names)
        try:
            ok = run_host_op(session.state, host, op_hash)
        except PyinfraError:
            ok = False  # raised because no host is left without a failure
        if not ok:
            meta = session.state.get_op_data_for_host(host, op_hash).operation_meta
            found = host.connector_data.pop(upload.FAILURE, None) or meta.stderr.strip()
            session.reasons[name] = session.find_lost_connection(name) or found or NO_OUTPUT
            return Course(tuple(one for one in done if one != label), label)
        done.append(label)
    return Course(tuple(done))


def _step_label(names: Iterable[str]) -> str:
    """Return the label of the step that an operation belongs to: `Verify torch` is of torch."""
    name = next(iter(names))
    return name.partition(" ")[2] or name.lower()


@contextmanager
def identify_operations_by_line() -> Iterator[None]:
    """Let pyinfra identify the operations of deploy.py by their lines, as its command does."""
    before, pyinfra.is_cli = pyinfra.is_cli, True
    try:
        yield
    finally:
        pyinfra.is_cli = before
