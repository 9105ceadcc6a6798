"""What holds in every story: a plan's JSON, its text and the exit code say the same."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

SCHEMA = Path(__file__).parents[2] / "schemas/plan.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))

# Whatever is not here leaves every Mac as it is; `verify` writes only where it notes a failure.
CHANGES_MACS = {"apply", "rollback", "unlock"}

COUNTED = {
    "to change": "change",
    "still to change": "change",
    "up to date": "up_to_date",
    "unreachable": "unreachable",
    "blocked": "blocked",
    "failed": "failed",
}
_COUNT = re.compile(rf"(\d+) (?:Macs? )?({'|'.join(COUNTED)})")
_LAST = re.compile(r"^(?:Plan|Done): .*", re.MULTILINE)


@dataclass(frozen=True)
class Note:
    """One run of `torchard` within a command line, as command.py notes it."""

    arguments: list[str]
    code: int
    plans: list[dict[str, Any]]

    @property
    def command(self) -> str:
        """Which of its commands it was."""
        return next((one for one in self.arguments if not one.startswith("-")), "")

    @property
    def may_write(self) -> bool:
        """Tell whether the run may change a Mac."""
        return self.command in CHANGES_MACS or (self.command, self.code) == ("verify", 1)


def exit_code(plan: dict[str, Any]) -> int:
    """Return what a command ends with that shows this plan last."""
    count = plan["summary"]
    if count["failed"]:
        return 1
    if count["unreachable"] or count["blocked"]:
        return 3
    return 2 if count["change"] else 0


def check(note: Note, stdout: str, stderr: str) -> None:
    """Hold the plans that a run showed against what it printed and its exit code."""
    for plan in note.plans:
        VALIDATOR.validate(plan)
        states = [mac["state"] for mac in plan["macs"].values()]
        count = dict(plan["summary"])
        count.pop("fetch_bytes")
        assert count == {state: states.count(state) for state in count}
    if not note.plans:
        return
    last = note.plans[-1]
    if not (note.may_write and stderr):  # one that did not do what it showed says so there
        assert note.code == exit_code(last), f"{last['summary']} ends with {note.code}"
    if "--json" in note.arguments:
        assert json.loads(stdout) == last
        return
    sentences = _LAST.findall(stdout)
    assert len(sentences) == len(note.plans), "each plan ends with its sentence"
    for plan, sentence in zip(note.plans, sentences, strict=True):
        told = {COUNTED[what]: int(number) for number, what in _COUNT.findall(sentence)}
        count = plan["summary"]
        assert told == {state: count[state] for state in told}, sentence
        assert all(state in told for state in COUNTED.values() if count[state]), sentence
