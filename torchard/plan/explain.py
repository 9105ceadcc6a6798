"""Why does one Mac get what its plan says? Every answer on the way, as data. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from torchard.catalog.choose import choose, explain_choice
from torchard.catalog.mac_class import MacClass, find_exact_class, widen_class
from torchard.catalog.variant import Refusal, Variant
from torchard.lab.model import Source
from torchard.lock.lockfile import lock_path
from torchard.mac.environments import view_environment
from torchard.mac.generations import explain_not_whole
from torchard.mac.paths import shorten_mac_path
from torchard.plan.blockers import find_blockers
from torchard.plan.steps import StepId
from torchard.plan.warnings import find_torch_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from torchard.catalog.rows import Advisory, Catalogue
    from torchard.catalog.variant import Choice
    from torchard.lab.model import Environment, Lab, MacHost, Position, Request
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.plan.plan import MacPlan
    from torchard.plan.steps import Step
    from torchard.plan.target import Target

_SOURCES: tuple[Source, ...] = get_args(Source)


@dataclass(frozen=True)
class UsedLock:
    """The lock of an environment: where it is kept, and whether this plan wrote it just now."""

    path: Path
    lock: Lock
    written: bool


@dataclass(frozen=True)
class Answer:
    """One environment: what the lab asks for, and which PyTorch and lock that leads to.

    `found` is a phrase on what the Mac has under its name, empty if the Mac was not read.
    `elsewhere` has the torch that each other source would have given, None where it has none;
    `advisories` are about the torch that is locked.
    """

    environment: Environment
    where: str
    found: str = ""
    considered: Choice | None = None
    elsewhere: tuple[tuple[str, str | None], ...] = ()
    used: UsedLock | None = None
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True)
class Part:
    """What is to be done for one part of a Mac and why; no `step` if it is up to date."""

    id: StepId
    step: Step | None
    reason: str


@dataclass(frozen=True)
class Explanation:
    """Everything that leads to the plan of one Mac.

    A Mac that was not read has no `state`. Its class is then what the lab file says.
    `class_reason` is a phrase.
    """

    mac: MacHost
    where: str
    planned: MacPlan
    state: MacState | None
    mac_class: MacClass | None
    thresholds: tuple[str, ...]
    class_reason: str
    answers: tuple[Answer, ...]
    parts: tuple[Part, ...]
    blockers: tuple[str, ...]


def explain(  # noqa: PLR0917  # each is one part of what is explained
    mac: MacHost,
    planned: MacPlan,
    target: Target | None,
    lab: Lab,
    catalogue: Catalogue,
    written: Collection[Path] = (),
) -> Explanation:
    """Gather what led to a plan. Without a `target`, the Mac was not read."""
    state = target.state if target else None
    arch, macos = (state.arch, state.macos) if state else (mac.arch or "", mac.macos or "")
    exact = find_exact_class(arch, macos, catalogue) if state or (arch and macos) else None
    own = exact if isinstance(exact, MacClass) else None
    return Explanation(
        mac=mac,
        where=_line(mac.where),
        planned=planned,
        state=state,
        mac_class=widen_class(own, catalogue) if own else None,
        thresholds=catalogue.thresholds(own.arch) if own else (),
        class_reason=_class_reason(exact, macos, mac, read=state is not None),
        answers=tuple(
            _answer(lab.environments[name], own, target, lab, catalogue, written)
            for name in mac.environments
        ),
        parts=tuple(_parts(planned, target)) if target else (),
        blockers=find_blockers(target) if target else (planned.reason or "",),
    )


def _line(where: Position) -> str:
    return f"{where.file}:{where.line}"


def _class_reason(group: MacClass | Refusal | None, macos: str, mac: MacHost, *, read: bool) -> str:
    if group is None:
        return f"its arch and macOS were not read, and {_line(mac.where)} does not say them"
    if isinstance(group, Refusal):
        return f"{group.reason} {group.instead}"
    source = "" if read else f" ({_line(mac.where)} says so; it was not read)"
    return f"the major version of macOS {macos}, or the highest threshold in it{source}"


def _answer(  # noqa: PLR0917  # each is one part of the question
    environment: Environment,
    group: MacClass | None,
    target: Target | None,
    lab: Lab,
    catalogue: Catalogue,
    written: Collection[Path],
) -> Answer:
    request = environment.pytorch
    lock = target.locks.get(environment.name) if target else None
    answer = Answer(
        environment,
        _line(environment.where),
        found=_found(environment.name, target.state) if target else "",
    )
    if lock is not None:
        path = lock_path(lab.path, environment.name, lock.mac_class)
        answer = replace(
            answer,
            used=UsedLock(path, lock, written=path in written),
            advisories=catalogue.advisories_on(find_torch_version(lock, catalogue)),
        )
    if request is None or group is None:
        return answer
    return replace(
        answer,
        considered=explain_choice(request, group, catalogue),
        elsewhere=tuple(_elsewhere(request, group, catalogue)),
    )


def _elsewhere(
    request: Request, group: MacClass, catalogue: Catalogue
) -> Iterator[tuple[str, str | None]]:
    """Yield what the same request gets from each other source; nightly builds have one."""
    own = "wheels" if request.source == "auto" else request.source
    for source in _SOURCES if request.release != "nightly" else ():
        if source not in {"auto", own}:
            answer = choose(replace(request, source=source), group, catalogue)
            packages = answer.packages if isinstance(answer, Variant) else {"torch": None}
            yield source, next(iter(packages.values()))


def _found(name: str, state: MacState) -> str:
    """Say what is under the name of an environment."""
    view = view_environment(name, state)
    if view.found == "nothing":
        return f"nothing at {shorten_mac_path(f'{state.prefix}/envs/{name}', state.home)}"
    found, active = view.describe(state.home), view.generation
    if view.is_foreign:
        return f"{found}, so Torchard did not make it"
    if active is None:
        return f"{found}, which leads nowhere"
    if not active.whole:
        return f"{found}: {', and '.join(explain_not_whole(active))}"
    lock, verified = active.lock_digest, active.verification is not None
    built = "without a stamp" if lock is None else f"built from the lock {lock[:8]}"
    return f"{found}, {built}, {'verified' if verified else 'never verified'}"


def _parts(planned: MacPlan, target: Target) -> Iterator[Part]:
    """Yield what is done for each part with its cause; of one up to date, why it is."""
    if planned.state == "blocked":
        return
    steps = {step.id: step for step in planned.steps}
    reasons = {StepId("miniconda"): _why_kept(target.state)}
    for name, lock in target.locks.items():
        reasons[StepId("environment", name)] = _why_up_to_date(lock, target.state)
    for one in dict.fromkeys((*reasons, *steps)):
        step = steps.get(one)
        yield Part(one, step, step.reason if step else reasons[one])


def _why_kept(state: MacState) -> str:
    conda = f"conda {state.conda_version or 'of an unknown version'} is whole"
    if state.prefix_ours is None:
        return f"{conda}; a person installed it, and it is kept whatever its version"
    return f"{conda}; Torchard installed it, and the lab names no other"


def _why_up_to_date(lock: Lock, state: MacState) -> str:
    target = shorten_mac_path(view_environment(lock.environment, state).target or "", state.home)
    count = len(lock.conda) + len(lock.wheels)
    return (
        f"{target} was built from this lock and verified; each of its {count} packages is the"
        " lock's, and no other is there"
    )
