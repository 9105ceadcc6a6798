"""Does a saved plan still hold? A Mac's plan as it is now against the one that was saved. Pure.

It holds where nothing that it rests on has moved, but for what the plan itself has done already:
one that was stopped half-way can be applied again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torchard.plan.plan import unreachable
from torchard.plan.preconditions import ENVIRONMENT, HOLDS, LOCK, MINICONDA, SHELL
from torchard.plan.steps import same_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.plan.plan import MacPlan
    from torchard.plan.steps import Step

NAMED = 3  # packages that are named; the rest is counted
_SAID = {
    "way": "it was to be reached as {0}, and the lab says {1} now",
    "arch": "its processor was {0}, and is {1} now",
    "macos": "its macOS was {0}, and is {1} now",
    "account": "its account was {0}, and is {1} now",
    MINICONDA: "its Miniconda was {0}, and is {1} now",
}


def recheck(saved: MacPlan, now: MacPlan) -> MacPlan:
    """Return what of a saved plan is to be done on a Mac; `now` is what was planned anew.

    That is a refusal where something has moved, with what it is.
    """
    if now.state in {"unreachable", "blocked"}:
        return now
    done = {_part(step) for step in saved.steps if _is_done(step, now)}
    moved = list(_moved(saved, now, done))
    if not moved:
        left = [step for step in saved.steps if _part(step) not in done]
        if _differ(left, now.steps):
            moved = ["the lab asks for other steps there now"]
    if moved:
        reason = f"not as it was when the plan was saved: {'; '.join(moved)}. Plan again"
        return replace(now, state="blocked", reason=reason, steps=(), disk=None)
    return now


def removed_from_lab(saved: MacPlan) -> MacPlan:
    """Return what becomes of a Mac that the lab does not name any more."""
    return unreachable(saved.name, "the lab file does not name it any more")


def _part(step: Step) -> str:
    return MINICONDA if step.kind == "miniconda" else f"{step.kind} {step.label}"


def _is_done(step: Step, now: MacPlan) -> bool:
    """Tell whether what is there now is what this very step makes."""
    if any(_part(one) == _part(step) for one in now.steps):
        return False
    parts = dict(now.basis)
    if step.kind == "miniconda":
        return f"from installer {(step.digest or '')[:8]}" in parts[MINICONDA]
    if step.kind == "environment" and step.action == "remove":
        return parts.get(_part(step), "not there") == "not there"
    if step.kind == "environment":
        return parts.get(_part(step), "").startswith(f"a link to {step.place},")
    # A shell's file is as the step makes it, or it would be a step again, if the lab still asks.
    return _part(step) in parts


def _moved(saved: MacPlan, now: MacPlan, done: set[str]) -> Iterator[str]:
    before, after = dict(saved.basis), dict(now.basis)
    for part in (*before, *(part for part in after if part not in before)):
        was, now_is = before.get(part), after.get(part)
        if was == now_is or part in done:
            continue
        kind, _, name = part.partition(" ")
        if part in _SAID:
            yield _SAID[part].format(was, now_is)
        elif was is None or now_is is None:
            if kind in {ENVIRONMENT.strip(), SHELL.strip()}:
                verb = "asks" if was is None else "does not ask"
                yield f"the lab {verb} for {name} {'now' if was is None else 'any more'}"
        elif kind == LOCK.strip():
            yield f"the lock of {name} has changed{_told(_wanted(saved, now, name))}"
        else:
            yield _environment(name, was, now_is) or (
                f"{name} has changed on the Mac{_told(_found(saved, now, name))}"
            )


def _environment(name: str, was: str, now: str) -> str | None:
    """Say where an environment was and is, if that is not the same place."""
    before, after = (text.partition(HOLDS)[0] for text in (was, now))
    return None if before == after else f"{name} was {before}, and is {after} now"


def _told(differences: Mapping[str, tuple[str | None, str | None]]) -> str:
    """Name the first packages that differ."""
    lines = [
        f"{name} {was or 'none'} -> {now or 'none'}"
        for name, (was, now) in sorted(differences.items())
        if was != now
    ]
    more = f" and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    return f": {', '.join(lines[:NAMED])}{more}" if lines else ""


def _changes(plan: MacPlan, name: str) -> dict[str, tuple[str | None, str | None]]:
    return {
        one.name: (one.before, one.after)
        for step in plan.steps
        if step.environment == name
        for one in step.packages
    }


def _wanted(saved: MacPlan, now: MacPlan, name: str) -> dict[str, tuple[str | None, str | None]]:
    """Return what two locks want of packages; one that no plan changes is there as it is wanted."""
    old, new = _changes(saved, name), _changes(now, name)
    return {
        one: (
            old[one][1] if one in old else new[one][0],
            new[one][1] if one in new else old[one][0],
        )
        for one in {**old, **new}
    }


def _found(saved: MacPlan, now: MacPlan, name: str) -> dict[str, tuple[str | None, str | None]]:
    """Return what was and is there of packages; one that no plan changes is there as locked."""
    old, new = _changes(saved, name), _changes(now, name)
    return {
        one: (
            old[one][0] if one in old else new[one][1],
            new[one][0] if one in new else old[one][1],
        )
        for one in {**old, **new}
    }


def _differ(left: list[Step], now: tuple[Step, ...]) -> bool:
    return len(left) != len(now) or any(
        not same_step(one, other) for one, other in zip(left, now, strict=True)
    )
