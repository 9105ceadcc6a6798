"""Verify every environment, and note on each Mac which ones failed.

A failure is noted beside the stamp of its generation, under the Mac's run lock, so that `plan` and
`status` show it. A later verification that succeeds removes the note.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from pyinfra.api import StringCommand

from torchard.mac.environments import view_environment
from torchard.mac.fields import LONGEST_REASON
from torchard.operations import change_scripts, read_scripts
from torchard.operations.lease import run_once
from torchard.plan.damage import suggest_rebuild
from torchard.plan.plan import plan_mac
from torchard.plan.result import (
    Result,
    describe_verification,
    report_skipped,
    report_verification,
)
from torchard.plan.steps import environment_step
from torchard.plan.target import plan_environment
from torchard.redact import redact
from torchard.remote import read_guard
from torchard.remote.limits import limit_verification
from torchard.remote.quoting import for_any_shell
from torchard.session import inspection
from torchard.session.plan import find_targets, isolate, plan_without_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.lock.lockfile import Lock
    from torchard.plan.result import MacResult
    from torchard.plan.target import Target
    from torchard.session.session import Session

Notes = tuple[tuple[str, "Mapping[str, str] | None"], ...]


def verify_macs(session: Session) -> Result:
    """Verify every environment of every Mac, and note what failed; write nothing else."""
    result, failures = verify_environments(session)
    targets = find_targets(session)

    def find_notes(mac: MacResult) -> Notes:
        return tuple(_notes(mac, targets[mac.name], failures.get(mac.name, {})))

    notes = {
        mac.name: found
        for mac in result.macs
        if mac.name in targets and (found := isolate(session, mac.name, partial(find_notes, mac)))
    }
    warnings: dict[str, list[str]] = {name: [] for name in notes}

    def write_notes(name: str) -> None:
        controller = run_once(session.hosts[name], session.macs[name], session.states[name].lock)
        for environment, failure in notes[name]:
            script = change_scripts.note_failure(
                session.states[name], environment, failure, controller
            )
            busy = session.run(name, script)
            if busy:
                reason = f"{busy[-1]} is at work there"
                warnings[name].append(_not_noted(environment, failure, reason))

    session.each(notes, write_notes, is_executing=True)
    for name in notes:
        if name in session.reasons:
            environment, failure = notes[name][0]
            warnings[name].append(_not_noted(environment, failure, session.reasons[name]))
    macs = (_add_remedy(mac, notes.get(mac.name, ()), warnings) for mac in result.macs)
    return replace(result, macs=tuple(macs))


def verify_environments(session: Session) -> tuple[Result, dict[str, dict[str, str]]]:
    """Verify every environment of every Mac, and its account; write nothing.

    Return the results, and for each Mac the environments that failed with their reasons.
    """
    targets = find_targets(session)
    results: dict[str, MacResult] = {}
    all_failures: dict[str, dict[str, str]] = {}

    def verify_mac(name: str) -> None:
        planned = plan_mac(targets[name])
        if planned.state == "blocked":
            results[name] = report_skipped(planned)
            return
        session.progress.report_mac(name, "verifying")
        locks, state = targets[name].locks, session.states[name]
        ask = partial(session.run_read_only, name)
        steps = {step.environment for step in planned.steps}
        damage = inspection.verify_files(state, locks, steps, ask)
        failures: dict[str, str] = {}
        verifications: list[tuple[str, str]] = []
        for lock in locks.values():
            ok, text = _verify_environment(session, name, lock)
            damaged = damage.get(lock.environment)
            if ok and not damaged:
                verifications.append((lock.environment, text))
            else:
                failures[lock.environment] = "\n".join(filter(None, (damaged, "" if ok else text)))
        all_failures[name] = failures
        account = inspection.inspect_account(state, locks, ask, broken=failures)
        planned = replace(planned, warnings=(*planned.warnings, *account.warnings))
        failed = [*failures.items(), *account.failures, *inspection.verify_sharing(state, ask)]
        results[name] = report_verification(planned, verifications, failed)

    session.each(targets, verify_mac, is_executing=False)
    macs = (
        results.get(name) or report_skipped(plan_without_state(session, name))
        for name in session.macs
    )
    return Result(tuple(macs), "verification"), all_failures


def _verify_environment(session: Session, name: str, lock: Lock) -> tuple[bool, str]:
    """Verify one environment with its own python; return whether it is right, and the finding."""
    state, host = session.states[name], session.hosts[name]
    if lock.environment not in state.links:
        return False, "it is not there; run `torchard apply`"
    mac = session.macs[name]
    script = read_scripts.verify_environment(state, lock, mac.timeouts.verification)
    command = for_any_shell(script)
    read_guard.allow_command(host, session.state, command)
    limit = limit_verification(mac)
    ok, output = host.run_shell_command(StringCommand(command), _timeout=limit)
    if not ok:
        return False, output.stderr.strip() or "its python does not run"
    variables = session.workspace.lab.environments[lock.environment].variables
    step = environment_step(lock, state, frozen=mac.frozen, variables=variables)
    if step is not None:
        return False, f"{step.reason}; run `torchard plan`"
    try:
        return True, describe_verification(dict(json.loads(output.stdout_lines[-1])))
    except (IndexError, ValueError, TypeError, RecursionError):
        return False, "the answer of its python cannot be read"


def _notes(
    mac: MacResult, target: Target, failures: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, str] | None]]:
    """Yield the notes to write on a Mac: a failure, or None to remove a note.

    An environment that an apply would build again needs no note: its plan already says so.
    """
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    verifications = dict(mac.verifications)
    for name in target.locks:
        active = view_environment(name, target.state).generation
        if active is None or active.stamp is None:
            continue
        if name in failures:
            if plan_environment(target, name) is None:
                # What to type is added each time this is shown.
                reason = " ".join(failures[name].replace(f"; {suggest_rebuild(name)}", "").split())
                yield name, {"date": date, "reason": redact(reason)[:LONGEST_REASON]}
        elif name in verifications and active.failed is not None:
            yield name, None


def _not_noted(environment: str, failure: object, why: str) -> str:
    what = "failed verification" if failure else "verification"
    return f"the {what} of {environment} was not noted on this Mac: {why}"


def _add_remedy(mac: MacResult, notes: Notes, warnings: Mapping[str, list[str]]) -> MacResult:
    """Return the result of a Mac with the command that repairs it, and what was not noted."""
    reason = mac.reason or ""
    again = [name for name, failure in notes if failure and suggest_rebuild(name) not in reason]
    if again:
        names = " ".join(f"--rebuild {name}" for name in again)
        reason += f"\n`torchard apply {names}` builds what failed again."
    added = (*mac.warnings, *warnings.get(mac.name, ()))
    return replace(mac, reason=reason or None, warnings=added)
