"""What would be done to a lab's Macs: steps and package changes, Mac by Mac. Pure data.

Text, JSON and exit code are all read from the Plan made here, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from torchard.json_schema import Count  # noqa: TC001  # msgspec reads the types of fields
from torchard.plan.blockers import list_blockers
from torchard.plan.disk import Disk, disk_needed
from torchard.plan.kernels import plan_kernels
from torchard.plan.preconditions import list_preconditions
from torchard.plan.sharing import plan_sharing
from torchard.plan.shell_init import plan_shell
from torchard.plan.steps import leftover_step, removal_steps
from torchard.plan.target import build_steps
from torchard.plan.warnings import find_build_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchard.plan.preconditions import Precondition
    from torchard.plan.steps import Step
    from torchard.plan.target import Target

PlanState = Literal["up_to_date", "change", "unreachable", "blocked"]
ResultState = Literal["up_to_date", "change", "unreachable", "blocked", "failed"]


@dataclass(frozen=True)
class MacPlan:
    """What would be done to one Mac; `reason` says why it is blocked or unreachable.

    `fetches_from` is where it fetches its packages itself, empty if the controller pushes them.
    `preconditions` are the facts that the plan depends on.
    """

    name: str
    state: PlanState
    mac_class: str | None = None
    arch: str | None = None
    macos: str | None = None
    reason: str | None = None
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    disk: Disk | None = None
    fetches_from: str = ""
    preconditions: tuple[Precondition, ...] = ()


@dataclass(frozen=True)
class Summary:
    """The number of Macs in each state. Every Mac counts once.

    `fetch_bytes` is the size of all artefacts that the controller must fetch. Each artefact counts
    once, if its size is known, and the controller's depot and a Mac that is to change lack it. A
    Mac that fetches from somewhere itself does not count.
    """

    change: Count
    up_to_date: Count
    unreachable: Count
    blocked: Count
    failed: Count
    fetch_bytes: Count = 0

    @property
    def exit_code(self) -> int:
        """0 nothing to do, 2 changes, 3 some Mac unreachable or blocked, 1 some Mac failed."""
        if self.failed:
            return 1
        if self.unreachable or self.blocked:
            return 3
        return 2 if self.change else 0


@dataclass(frozen=True)
class Plan:
    """What would be done to a lab, Mac by Mac in the lab's order.

    `in_depot` is the sha256 of each artefact that the controller's depot has already.
    """

    macs: tuple[MacPlan, ...]
    in_depot: frozenset[str] = frozenset()

    @property
    def summary(self) -> Summary:
        """Count the Macs by state and the bytes to fetch."""
        artefacts = {
            package.sha256: package.bytes
            for mac in self.macs
            for step in (mac.steps if mac.state == "change" and not mac.fetches_from else ())
            for package in step.packages
            if package.bytes and package.sha256 and package.sha256 not in self.in_depot
        }
        counts = count_states(mac.state for mac in self.macs)
        return replace(counts, fetch_bytes=sum(artefacts.values()))


def count_states(states: Iterable[ResultState]) -> Summary:
    """Count Macs by their states."""
    counts = dict.fromkeys(get_args(ResultState), 0)
    for state in states:
        counts[state] += 1
    return Summary(**counts)


def unreachable(name: str, reason: str) -> MacPlan:
    """Return the plan of a Mac that could not be read."""
    return MacPlan(name, "unreachable", reason=reason)


def plan_mac(target: Target) -> MacPlan:
    """Compare one Mac with what it should become."""
    base = MacPlan(
        target.mac.name,
        "up_to_date",
        mac_class=str(target.mac_class) if target.mac_class else None,
        arch=target.state.arch,
        macos=target.state.macos,
        warnings=target.warnings,
        fetches_from=target.mac.delivery.place,
        preconditions=list_preconditions(target.mac, target.state, target.locks),
    )
    steps = build_steps(target)
    blockers = list_blockers(target, steps)
    if blockers:
        return replace(base, state="blocked", reason="; ".join(blockers))
    base = replace(base, warnings=(*base.warnings, *find_build_warnings(target, steps)))
    steps = [*plan_sharing(target), *steps]
    steps += filter(None, (plan_shell(shell, target.state) for shell in target.mac.shells))
    steps += plan_kernels(target)
    if target.mac.prune:
        steps += removal_steps(target.mac.environments, target.state)
    lock = target.state.lock
    if lock is None or not lock.is_busy:  # else they are of the run that is at work
        steps += filter(None, [leftover_step(target.state, steps)])
    disk = Disk(disk_needed(steps), target.state.free) if steps else None
    return replace(base, state="change" if steps else "up_to_date", steps=tuple(steps), disk=disk)
