"""Damaged files of an environment's packages, as a Mac reports them. Pure.

`operations/scripts/check_files.py` checks the files on the Mac.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from torchard.mac.environments import view_environment
from torchard.plan.diff import list_installed, list_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torchard.mac.state import MacState, Packages
    from torchard.plan.drift import EnvironmentStatus
    from torchard.plan.plan import Plan

LONGEST = 500  # characters that are kept of a sentence from a Mac


@dataclass(frozen=True)
class Damage:
    """One package whose files differ from its record; `problem` says how."""

    name: str
    problem: str


@dataclass(frozen=True)
class FileReport:
    """The first damaged packages of one environment, and how many `more` there are.

    `error` says why Torchard could not check its files, and is empty if it could.
    """

    damaged: tuple[Damage, ...] = ()
    more: int = 0
    error: str = ""


def read_reports(answer: str, environments: Iterable[str]) -> dict[str, FileReport]:
    """Read a Mac's answer, one line of JSON. Raise ValueError if it is anything else."""
    reports = json.loads(answer)
    try:
        return {name: _read_report(reports[name]) for name in environments}
    except (KeyError, TypeError) as error:
        raise ValueError("it lacks an environment, or a part of it") from error


def _read_report(report: Mapping[str, Any]) -> FileReport:
    rows = ((str(one["name"]), str(one["said"])) for one in report["damaged"])
    damaged = tuple(Damage(name[:LONGEST], problem[:LONGEST]) for name, problem in rows)
    return FileReport(damaged, int(report["more"]))


def describe_damage(report: FileReport, ours: frozenset[str] | None) -> list[str]:
    """Return a line for each damaged package; `ours` are the names that Torchard installed."""
    if report.error:
        return [f"its files could not be looked at: {report.error}"]
    lines = []
    for one in report.damaged:
        is_foreign = ours is not None and canonicalize_name(one.name) not in ours
        by_hand = " (installed by hand)" if is_foreign else ""
        lines.append(f"{one.name}{by_hand}: {one.problem}")
    if report.more:
        lines.append(f"and {report.more} more {'package' if report.more == 1 else 'packages'}")
    return lines


def suggest_rebuild(environment: str) -> str:
    """Say what to type for a damaged environment."""
    return f"run `torchard apply --rebuild {environment}`"


def add_all_damage(
    plan: Plan,
    found: Mapping[str, tuple[EnvironmentStatus, ...]],
    states: Mapping[str, MacState],
    reports: Mapping[str, Mapping[str, FileReport]],
) -> dict[str, tuple[EnvironmentStatus, ...]]:
    """Return the environments of every Mac with the damage to their files.

    All mappings are keyed by Mac, and `reports` then by environment.
    """
    steps = {mac.name: {step.environment for step in mac.steps} for mac in plan.macs}
    results = {}
    for name, statuses in found.items():
        planned = steps.get(name, set())
        results[name] = tuple(
            add_damage(
                one,
                reports.get(name, {}).get(one.environment or "", FileReport()),
                _made(states[name], one.environment),
                planned=one.environment in planned,
            )
            for one in statuses
        )
    return results


def _made(state: MacState, environment: str | None) -> Packages | None:
    active = view_environment(environment or "", state).generation
    return active.made if active else None


def add_damage(
    status: EnvironmentStatus, report: FileReport, made: Packages | None, *, planned: bool
) -> EnvironmentStatus:
    """Return the status of an environment with the damage to its files.

    `planned` says that the next apply builds the environment anyway.
    """
    ours = None if made is None else list_names(list_installed(made.conda, made.dists))
    lines = describe_damage(report, ours)
    if not lines:
        return status
    if report.error:
        return replace(status, remarks=(*status.remarks, *lines))
    is_suggested = any("--rebuild" in one for one in status.remarks)  # by a failed verification
    if not planned and not is_suggested and status.owner == "lab":
        lines[-1] += f"; {suggest_rebuild(status.environment or '')}"
    since = status.since if status.since == "gone" else "modified"
    return replace(status, since=since, remarks=(*status.remarks, *lines))
