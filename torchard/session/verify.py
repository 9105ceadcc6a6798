"""Verify every environment, and let each Mac remember which ones failed.

What fails is noted beside the stamp of its generation, under the Mac's run lock, so that a plan and
a status can say so; the note goes when the environment is verified again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from pyinfra.api import StringCommand

from torchard.mac.generations import generation_at
from torchard.mac.probe import LONGEST_REASON
from torchard.operations import script_text, upload
from torchard.plan.damage import way_out
from torchard.plan.plan import Plan, plan_mac
from torchard.plan.result import told, verified
from torchard.plan.steps import environment_step
from torchard.redact import redact
from torchard.remote import read_guard
from torchard.remote.quoting import for_any_shell
from torchard.session import inspection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.lock.lockfile import Lock
    from torchard.plan.plan import MacPlan, Target
    from torchard.session.session import Session

Notes = tuple[tuple[str, "Mapping[str, str] | None"], ...]


def verify(session: Session) -> Plan:
    """Verify every environment of every Mac; nothing but the note of it is written."""
    verified = verify_environments(session)
    targets = session.targets()
    notes = {
        mac.name: found
        for mac in verified.macs
        if mac.name in targets
        and (found := tuple(_notes(mac, targets[mac.name], session.unverified.get(mac.name, {}))))
    }
    said: dict[str, list[str]] = {name: [] for name in notes}

    def errand(name: str) -> None:
        for environment, failure in notes[name]:
            script = script_text.note_failure(
                session.states[name], environment, failure, upload.controller()
            )
            busy = session.run(name, script)
            if busy:
                said[name].append(_not_noted(environment, failure, f"{busy[-1]} is at work there"))

    session.work([*notes], errand)
    for name in notes:
        if name in session.why:
            environment, failure = notes[name][0]
            said[name].append(_not_noted(environment, failure, session.why[name]))
    return Plan(tuple(_told(mac, notes.get(mac.name, ()), said) for mac in verified.macs))


def verify_environments(session: Session) -> Plan:
    """Verify every environment of every Mac, and its account; nothing is written."""
    targets = session.targets()
    results: dict[str, MacPlan] = {}

    def errand(name: str) -> None:
        planned = plan_mac(targets[name])
        if planned.state == "blocked":
            results[name] = planned
            return
        session.progress.mac(name, "verifying")
        locks, state, ask = targets[name].locks, session.states[name], partial(session.ask, name)
        steps = {step.environment for step in planned.steps}
        damage = inspection.verify_files(state, locks, steps, ask)
        failures: dict[str, str] = {}
        verifications: list[tuple[str, str]] = []
        for lock in locks.values():
            ok, text = _verify(session, name, lock)
            damaged = damage.get(lock.environment)
            if ok and not damaged:
                verifications.append((lock.environment, text))
            else:
                failures[lock.environment] = "\n".join(filter(None, (damaged, "" if ok else text)))
        session.unverified[name] = failures
        account = inspection.inspect_account(state, locks, ask, broken=failures)
        planned = replace(planned, warnings=(*planned.warnings, *account.warnings))
        results[name] = verified(planned, verifications, [*failures.items(), *account.failures])

    session.work([*targets], errand, reads=True)
    return Plan(
        tuple(results[name] if name in results else session.unread(name) for name in session.macs)
    )


def _verify(session: Session, name: str, lock: Lock) -> tuple[bool, str]:
    """Verify one environment by its own python; return whether it is right, and what was said."""
    state, host = session.states[name], session.hosts[name]
    if lock.environment not in state.links:
        return False, "it is not there; run `torchard apply`"
    command = for_any_shell(script_text.verify_environment(state, lock))
    read_guard.admit(host, session.state, command)
    ok, output = host.run_shell_command(StringCommand(command))
    if not ok:
        return False, output.stderr.strip() or "its python does not run"
    step = environment_step(lock, state, frozen=session.macs[name].frozen)
    if step is not None:
        return False, f"{step.reason}; run `torchard plan`"
    return True, told(json.loads(output.stdout_lines[-1]))


def _notes(
    mac: MacPlan, target: Target, failures: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, str] | None]]:
    """Yield what is to be noted of a Mac: a failure, or None where a note is to go.

    What an apply would build again needs no note: its plan says so already.
    """
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    verifications = dict(mac.verifications)
    for name, lock in target.locks.items():
        active = generation_at(target.state.links.get(name), target.state)
        if active is None or active.stamp is None:
            continue
        if name in failures:
            if environment_step(lock, target.state, frozen=target.mac.frozen) is None:
                # What to type is added each time this is shown.
                reason = " ".join(failures[name].replace(f"; {way_out(name)}", "").split())
                yield name, {"date": date, "reason": redact(reason)[:LONGEST_REASON]}
        elif name in verifications and active.failed is not None:
            yield name, None


def _not_noted(environment: str, failure: object, why: str) -> str:
    what = "failed verification" if failure else "verification"
    return f"the {what} of {environment} was not noted on this Mac: {why}"


def _told(mac: MacPlan, notes: Notes, said: Mapping[str, list[str]]) -> MacPlan:
    """Return what came of a Mac, with how to repair what failed and what could not be noted."""
    reason = mac.reason or ""
    again = [name for name, failure in notes if failure and way_out(name) not in reason]
    if again:
        names = " ".join(f"--rebuild {name}" for name in again)
        reason += f"\n`torchard apply {names}` builds what failed again."
    return replace(mac, reason=reason or None, warnings=(*mac.warnings, *said.get(mac.name, ())))
