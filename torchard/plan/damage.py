"""What is wrong with the files of an environment's packages, as a Mac finds it. Pure.

`operations/scripts/intact.py` looks at the files on the Mac.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState, Packages
    from torchard.plan.drift import EnvironmentStatus
    from torchard.plan.plan import Plan

LONGEST = 500  # characters of a sentence of a Mac's


@dataclass(frozen=True)
class Damage:
    """One package whose files are not as its record says: `said` is what is wrong."""

    name: str
    said: str


@dataclass(frozen=True)
class FileReport:
    """The damaged packages of one environment: the first of them, and how many `more` there are.

    `trouble` is why its files could not be looked at.
    """

    damaged: tuple[Damage, ...] = ()
    more: int = 0
    trouble: str = ""


def read_reports(answer: str, environments: Iterable[str]) -> dict[str, FileReport]:
    """Read a Mac's answer, one line of JSON. Raise ValueError where it is none."""
    told = json.loads(answer)
    try:
        return {name: _read_report(told[name]) for name in environments}
    except (KeyError, TypeError) as error:
        raise ValueError("it lacks an environment, or a part of it") from error


def _read_report(told: Mapping[str, Any]) -> FileReport:
    rows = ((str(one["name"]), str(one["said"])) for one in told["damaged"])
    damaged = tuple(Damage(name[:LONGEST], said[:LONGEST]) for name, said in rows)
    return FileReport(damaged, int(told["more"]))


def locked_names(lock: Lock) -> frozenset[str]:
    """Return the names of the packages that a lock puts into an environment."""
    names = [one.name for one in lock.conda] + [one.name for one in lock.wheels]
    return frozenset(map(canonicalize_name, names))


def made_names(made: Packages | None) -> frozenset[str] | None:
    """Return the names of the packages that an environment was made with, None if unknown."""
    if made is None:
        return None
    names = [one.name for one in made.conda] + [one.name for one in made.dists]
    return frozenset(map(canonicalize_name, names))


def damage_lines(report: FileReport, ours: frozenset[str] | None) -> list[str]:
    """Return what is wrong, a line for each package; `ours` are those that Torchard installed."""
    if report.trouble:
        return [f"its files could not be looked at: {report.trouble}"]
    lines = []
    for one in report.damaged:
        theirs = ours is not None and canonicalize_name(one.name) not in ours
        by_hand = " (installed by hand)" if theirs else ""
        lines.append(f"{one.name}{by_hand}: {one.said}")
    if report.more:
        lines.append(f"and {report.more} more {'package' if report.more == 1 else 'packages'}")
    return lines


def way_out(environment: str) -> str:
    """Return what to type for an environment that is damaged."""
    return f"run `torchard apply --rebuild {environment}`"


def add_all_damage(
    plan: Plan,
    found: Mapping[str, tuple[EnvironmentStatus, ...]],
    states: Mapping[str, MacState],
    reports: Mapping[str, Mapping[str, FileReport]],
) -> dict[str, tuple[EnvironmentStatus, ...]]:
    """Return the status of every Mac with the damage to its environments' files."""
    steps = {mac.name: {step.environment for step in mac.steps} for mac in plan.macs}
    told = {}
    for name, statuses in found.items():
        planned = steps.get(name, set())
        told[name] = tuple(
            add_damage(
                one,
                reports.get(name, {}).get(one.environment or "", FileReport()),
                _made(states[name], one.environment),
                planned=one.environment in planned,
            )
            for one in statuses
        )
    return told


def _made(state: MacState, environment: str | None) -> Packages | None:
    link = state.links.get(environment or "")
    shown = state.environments.get(link.target or "") if link else None
    return shown.made if shown else None


def add_damage(
    standing: EnvironmentStatus, report: FileReport, made: Packages | None, *, planned: bool
) -> EnvironmentStatus:
    """Return an environment's status with the damage to its files.

    `planned` says that the next apply builds it anyway.
    """
    lines = damage_lines(report, made_names(made))
    if not lines:
        return standing
    if report.trouble:
        return replace(standing, remarks=(*standing.remarks, *lines))
    is_said = any("--rebuild" in one for one in standing.remarks)  # of a failed verification
    if not planned and not is_said and standing.owner == "lab":
        lines[-1] += f"; {way_out(standing.environment or '')}"
    since = standing.since if standing.since == "gone" else "modified"
    return replace(standing, since=since, remarks=(*standing.remarks, *lines))
