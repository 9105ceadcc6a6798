"""Verify every environment, and let each Mac remember which ones failed.

What fails is noted beside the stamp of its generation, under the Mac's run lock, so that a plan and
a status can say so; the note goes when the environment is verified again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from torchard.credentials import hidden
from torchard.damage import way_out
from torchard.generations import generation_at
from torchard.operations import commands, transfer
from torchard.plan import Plan
from torchard.probe import LONGEST_REASON
from torchard.steps import environment_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.plan import Intent, MacPlan
    from torchard.session import Session

Notes = tuple[tuple[str, "Mapping[str, str] | None"], ...]


def verify(session: Session) -> Plan:
    """Verify every environment of every Mac; nothing but the note of it is written."""
    verified = session.verify()
    intents = session.intents()
    notes = {
        mac.name: found
        for mac in verified.macs
        if mac.name in intents
        and (found := tuple(_notes(mac, intents[mac.name], session.unproved.get(mac.name, {}))))
    }
    said: dict[str, list[str]] = {name: [] for name in notes}

    def errand(name: str) -> None:
        for environment, failure in notes[name]:
            script = commands.note_failure(
                session.states[name], environment, failure, transfer.controller()
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


def _notes(
    mac: MacPlan, intent: Intent, failures: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, str] | None]]:
    """Yield what is to be noted of a Mac: a failure, or None where a note is to go.

    What an apply would build again needs no note: its plan says so already.
    """
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    proofs = dict(mac.proofs)
    for name, lock in intent.locks.items():
        active = generation_at(intent.state.links.get(name), intent.state)
        if active is None or active.stamp is None:
            continue
        if name in failures:
            if environment_step(lock, intent.state, frozen=intent.mac.frozen) is None:
                # What to type is said anew whenever this is.
                reason = " ".join(failures[name].replace(f"; {way_out(name)}", "").split())
                yield name, {"date": date, "reason": hidden(reason)[:LONGEST_REASON]}
        elif name in proofs and active.failed is not None:
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
