"""What a plan asks a Mac about a person's files, and how it reads the answer. Pure.

Only a plan that updates or removes an environment asks, and `status`.
`operations/scripts/describe_own_files.py` answers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from torchard.mac.environments import view_environment, view_kept_environment
from torchard.mac.generations import read_generation_name
from torchard.mac.state import NO_FILES, OwnFiles, OwnReport
from torchard.plan.steps import removal_steps
from torchard.plan.target import build_steps
from torchard.plan.unneeded import list_halves, list_removable, list_unneeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.mac.state import InstalledEnvironment, MacState
    from torchard.plan.steps import Step
    from torchard.plan.target import Target

NAMES = 10  # of files that are read
LONGEST = 500  # characters of a name or a sentence from a Mac


@dataclass(frozen=True)
class Question:
    """What to find out about the generation at `path`.

    `next` is the generation that gets its files, if that exists. What one of the `others` has goes
    on in that one. `half` says that a build may have been killed there.
    """

    path: str
    next: str = ""
    others: tuple[str, ...] = ()
    half: bool = False


def list_questions(target: Target) -> tuple[Question, ...]:
    """Return what to ask a Mac before its plan is complete: of each generation that is replaced."""
    state = target.state
    steps = [step for step in build_steps(target) if step.kind == "environment"]
    if target.mac.prune:
        steps += removal_steps(target.mac.environments, state)
    questions: dict[str, Question] = {}
    for step in steps:
        rebuilt = step.digest or "" if step.environment in target.rebuild else ""
        for one in _ask(step, state, rebuilt):
            questions.setdefault(one.path, one)
    return tuple(questions.values())


def list_removal_questions(step: Step, state: MacState) -> tuple[Question, ...]:
    """Return what to ask a Mac before a step removes an environment."""
    return tuple(_ask(step, state, ""))


def list_active_questions(state: MacState) -> tuple[Question, ...]:
    """Return the question for each active environment that Torchard built."""
    views = (view_environment(name, state) for name in state.links)
    return tuple(Question(view.generation.path) for view in views if view.generation)


def _ask(step: Step, state: MacState, rebuilt: str) -> Iterator[Question]:
    name = step.environment or ""
    active = view_kept_environment(name, state).generation
    if step.kind == "prune":
        yield from _ask_removed(list_removable(name, state), state)
        return
    after = step.path if step.action == "activate" else ""
    removed = list_unneeded(name, state, active, step.path, rebuilt)
    if active is not None and active.path != step.path:
        others = _list_others(state, [*removed, active])
        yield Question(active.path, after, others)
    yield from _ask_removed([one for one in removed if one is not active], state)
    yield from (
        Question(one.path, others=_list_others(state, [one]), half=True)
        for one in list_halves(name, state)
    )


def _ask_removed(removed: list[InstalledEnvironment], state: MacState) -> Iterator[Question]:
    for number, one in enumerate(removed, 1):
        yield Question(one.path, others=_list_others(state, removed[:number]))


def _list_others(state: MacState, removed: Iterable[InstalledEnvironment]) -> tuple[str, ...]:
    gone = {one.path for one in removed}
    return tuple(
        path
        for path in state.environments
        if path not in gone and read_generation_name(path, state.root)
    )


def read_answer(answer: str, questions: Iterable[Question]) -> dict[str, OwnReport]:
    """Read a Mac's answer, one line of JSON. Raise ValueError if it is anything else."""
    try:
        reports = json.loads(answer)
        return {one.path: _read_report(reports[one.path]) for one in questions}
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("it lacks a generation, or a part of it") from error


def _read_report(report: Mapping[str, Any]) -> OwnReport:
    if "error" in report:
        return OwnReport(error=str(report["error"])[:LONGEST] or "no reason")
    return OwnReport(
        _read_files(report["carried"]), _read_files(report["left"]), _read_files(report["unsaved"])
    )


def _read_files(part: Mapping[str, Any]) -> OwnFiles:
    count, size = part["count"], part["bytes"]
    if not (isinstance(count, int) and isinstance(size, int) and count >= 0 and size >= 0):
        raise TypeError("not a number of files")
    return OwnFiles(count, size, tuple(str(one)[:LONGEST] for one in part["names"][:NAMES]))


def add_reports(state: MacState, reports: Mapping[str, OwnReport]) -> MacState:
    """Return a Mac's state with what a person made in its generations."""
    environments = {
        path: replace(one, own=reports.get(path, one.own))
        for path, one in state.environments.items()
    }
    return replace(state, environments=environments)


def join_files(report: OwnReport | None) -> OwnFiles:
    """Return all that a person made in a generation."""
    if report is None:
        return NO_FILES
    parts = (report.carried, report.left)
    names = dict.fromkeys(name for part in parts for name in part.names)
    return OwnFiles(
        sum(part.count for part in parts),
        sum(part.bytes for part in parts),
        tuple(names)[:NAMES],
    )
