"""What differs? A Mac's state against its locks, as steps and package changes. Pure data.

Text, JSON and exit code are all read from the Plan made here, so they cannot disagree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from torchard.lab.problem import quote
from torchard.mac.environments import view_kept_environment
from torchard.mac.generations import describe_failure
from torchard.mac.paths import shorten_path
from torchard.plan.blockers import describe_foreign, moved_prefix, old_python
from torchard.plan.conda_settings import find_conda_blockers
from torchard.plan.places import find_place_blockers, is_prefix_unreadable
from torchard.plan.preconditions import list_preconditions
from torchard.plan.shell_init import find_shell_blockers, plan_shell
from torchard.plan.steps import (
    environment_step,
    has_other_installer,
    miniconda_step,
    removal_steps,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torchard.catalog.installers import Installer
    from torchard.catalog.mac_class import MacClass
    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.plan.preconditions import Precondition
    from torchard.plan.steps import Step

PlanState = Literal["up_to_date", "change", "unreachable", "blocked", "failed"]


@dataclass(frozen=True)
class Target:
    """What one reached Mac should become, with everything that had to be looked up.

    `blockers` are reasons to do nothing to this Mac, `warnings` things worth saying. `locks` is
    keyed by environment; `rebuild` names those that are to be built again although they are in
    order.
    """

    mac: MacHost
    state: MacState
    mac_class: MacClass | None = None
    installer: Installer | None = None
    locks: Mapping[str, Lock] = field(default_factory=dict)
    blockers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rebuild: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Disk:
    """What a Mac's plan needs of its disk, and what is free there, in bytes."""

    needed: int
    free: int


@dataclass(frozen=True)
class MacPlan:
    """What would be done to one Mac; `reason` is why it was blocked, unreachable or failed.

    `preconditions` are the facts that the plan depends on.

    After an apply `state` is what was found then, `steps` are what was to be done, `done` names
    those that were and `failed_at` the one that was not, `seconds` is how long it took, and
    `verifications` what each verification found, as (environment, answer).
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
    preconditions: tuple[Precondition, ...] = ()
    done: tuple[str, ...] = ()
    failed_at: str | None = None
    seconds: float | None = None
    verifications: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Summary:
    """The counts of a plan's last line.

    `fetch_bytes` counts each artefact once for the lab, where its size is known, a Mac that is to
    change lacks it, and the controller's depot does too.
    """

    change: int
    up_to_date: int
    unreachable: int
    blocked: int
    failed: int
    fetch_bytes: int


@dataclass(frozen=True)
class Plan:
    """What would be done to a lab, Mac by Mac in the lab's order.

    `in_depot` is the sha256 of each artefact that the controller's depot holds already.
    """

    macs: tuple[MacPlan, ...]
    in_depot: frozenset[str] = frozenset()

    @property
    def summary(self) -> Summary:
        """Count the Macs by state and the bytes to fetch."""
        count = dict.fromkeys(("change", "up_to_date", "unreachable", "blocked", "failed"), 0)
        artefacts: dict[str, int] = {}
        for mac in self.macs:
            count[mac.state] += 1
            for step in mac.steps if mac.state == "change" else ():
                for package in step.packages:
                    if package.bytes and package.sha256 and package.sha256 not in self.in_depot:
                        artefacts[package.sha256] = package.bytes
        return Summary(**count, fetch_bytes=sum(artefacts.values()))

    @property
    def exit_code(self) -> int:
        """0 nothing to do, 2 changes, 3 some Mac unreachable or blocked, 1 some Mac failed."""
        summary = self.summary
        if summary.failed:
            return 1
        if summary.unreachable or summary.blocked:
            return 3
        return 2 if summary.change else 0


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
        preconditions=list_preconditions(target.mac, target.state, target.locks),
    )
    steps = _builds(target)
    reasons = _reasons(target, steps)
    if reasons:
        return replace(base, state="blocked", reason="; ".join(reasons))
    remarks = (*_failed_verifications(target, steps), *_disk_warnings(target.state, steps))
    base = replace(base, warnings=(*base.warnings, *remarks))
    steps += filter(None, (plan_shell(shell, target.state) for shell in target.mac.shells))
    if target.mac.prune:
        steps += removal_steps(target.mac.environments, target.state)
    disk = Disk(disk_needed(steps), target.state.free) if steps else None
    return replace(base, state="change" if steps else "up_to_date", steps=tuple(steps), disk=disk)


def _builds(target: Target) -> list[Step]:
    """Return what is to be made from artefacts: Miniconda, then the environments."""
    frozen = target.mac.frozen
    steps = [miniconda_step(target.state, target.installer)]
    steps += [
        environment_step(lock, target.state, frozen=frozen, rebuild=name in target.rebuild)
        for name, lock in target.locks.items()
    ]
    return [step for step in steps if step is not None]


def _failed_verifications(target: Target, builds: Sequence[Step]) -> Iterable[str]:
    """Say which environments failed their last verification, unless they are built again."""
    for name in target.locks:
        active = view_kept_environment(name, target.state).generation
        failure = describe_failure(active, name) if active else None
        if failure is not None and all(step.environment != name for step in builds):
            yield f"{name}: {failure}"


def disk_needed(steps: Iterable[Step]) -> int:
    """Return what steps need of a Mac's disk at least, in bytes."""
    return sum(step.disk for step in steps)


def is_short_of_disk(target: Target) -> bool:
    """Tell whether df finds too little room, and nobody has asked macOS yet what it would make."""
    state, installer = target.state, target.installer
    most = 3 * sum(lock.size for lock in target.locks.values())
    most += installer.disk if installer else 0
    if state.room is not None or state.free >= most:
        return False
    return state.free < disk_needed(_builds(target))


def _disk_remarks(state: MacState, builds: Sequence[Step]) -> Iterable[tuple[bool, str]]:
    """Say where df finds too little room, and whether that stops the builds, as far as is known.

    df leaves out what macOS removes by itself when room is wanted for something important. The
    installers ask df themselves, and stop (conda/constructor, header.sh).
    """
    needed = disk_needed(builds)
    if state.free >= needed:
        return
    by_installer = disk_needed(one for one in builds if one.kind == "miniconda")
    who = ["Miniconda"] if by_installer else []
    who += ["these packages"] if any(one.kind == "environment" for one in builds) else []
    said = (
        f"its disk has {state.free // 10**6} MB free, and {' and '.join(who)}"
        f" need{'s' if who == ['Miniconda'] else ''} more than {needed // 10**6} MB"
    )
    room = state.room or 0
    if room <= state.free or state.free < by_installer:
        yield True, f"{said}; make room"
    elif room < needed:
        yield True, f"{said}; macOS would make room for {room // 10**6} MB only; make more room"
    else:
        yield False, f"{said}; macOS says that it makes room for {room // 10**6} MB when needed"


def _disk_warnings(state: MacState, builds: Sequence[Step]) -> Iterable[str]:
    return (said for stops, said in _disk_remarks(state, builds) if not stops)


def find_blockers(target: Target) -> tuple[str, ...]:
    """Return every reason to leave a Mac alone."""
    return _reasons(target, _builds(target))


def _reasons(target: Target, builds: Sequence[Step]) -> tuple[str, ...]:
    return (
        *target.blockers,
        *find_place_blockers(target.mac, target.state),
        *_standing_in_the_way(target),
        *old_python(target.state, target.installer),
        *_beyond_the_account(target.state, builds),
        *(said for stops, said in _disk_remarks(target.state, builds) if stops),
        *(find_conda_blockers(target.state, target.locks) if builds else ()),
        *find_shell_blockers(target.mac.shells, target.state),
    )


def _standing_in_the_way(target: Target) -> Iterable[str]:
    """Name what stands where something of ours would go, and is not ours to replace."""
    state = target.state
    prefix = shorten_path(state.prefix, state.home)
    if state.prefix_state == "foreign" and not is_prefix_unreadable(state):
        yield (
            f"{prefix} is there, and is neither a whole Miniconda nor what an interrupted installer"
            " leaves; move it away, or set miniconda.prefix to another path"
        )
    theirs = [
        one.path.rpartition("/")[2]
        for one in state.environments.values()
        if one.whole and one.path.startswith(f"{state.prefix}/envs/")
    ]
    if state.prefix_state == "half" and theirs:
        yield (
            f"the Miniconda at {prefix} is half installed, and setting it aside would take its"
            f" environments along ({', '.join(theirs)}); repair it with its installer's -u, or move"
            " it away"
        )
    if has_other_installer(state, target.installer) and theirs:
        yield (
            f"setting the Miniconda at {prefix} aside for another version would take its"
            f" environments along ({', '.join(theirs)}); remove them, or leave out the version"
        )
    if state.prefix_state == "whole" and state.prefix_arch not in {None, state.arch}:
        yield (
            f"the Miniconda at {prefix} is built for {state.prefix_arch}, but this Mac is"
            f" {state.arch}; move it away (mv {prefix} {prefix}-{state.prefix_arch}),"
            " or set miniconda.prefix to another path"
        )
    yield from moved_prefix(state, theirs)
    if state.other_prefix is not None:
        other = shorten_path(state.other_prefix, state.home)
        yield (
            f"its environments belong to the Miniconda at {other}, and the lab says {prefix}:"
            f" Torchard moves none; write `miniconda: {{prefix: {other}}}`, or remove the links in"
            f" {other}/envs first"
        )
    for name in target.locks:
        view = view_kept_environment(name, state)
        if view.is_foreign:
            yield describe_foreign(view, state)


def _beyond_the_account(state: MacState, builds: Sequence[Step]) -> Iterable[str]:
    """Name what keeps the account from doing what there is to do."""
    if re.search(r"\s", state.home):
        yield (
            f"its home is {state.home}, and conda cannot live in a path with spaces: name"
            " another account in ssh.user"
        )
    if not builds:
        return
    for path in () if is_prefix_unreadable(state) else state.unwritable:
        yield (
            f"{state.user} may not write to {shorten_path(path, state.home)}; name another account"
            " in ssh.user, or set miniconda.prefix to a path below its home"
        )
    if state.noise:
        yield (
            f"its shell prints {quote(state.noise)} whenever it is started, which no file that is"
            " sent over SSH survives; let the account's startup files, such as ~/.zshenv, print"
            " only to a terminal ([ -t 1 ])"
        )
