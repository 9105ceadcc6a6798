"""Can a saved plan still be applied? The plan of a Mac as saved against its plan of now. Pure.

It can if no precondition has changed, except those that the plan itself has changed: you can apply
a plan again after it was interrupted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from torchard.mac.environments import EnvironmentView, Found
from torchard.plan.plan import unreachable
from torchard.plan.steps import is_same_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.plan.plan import MacPlan
    from torchard.plan.preconditions import Kind
    from torchard.plan.steps import Step

    Key = tuple[Kind, str]
    Facts = Mapping[Key, str | None]

NAMED = 3  # packages that are named; the rest is counted
_OF_MINICONDA: tuple[Kind, ...] = ("prefix_state", "conda", "installer", "prefix_made_for")
_OF_ENVIRONMENT: tuple[Kind, ...] = ("environment", "target", "contents")
_SENTENCES: Mapping[Kind, str] = {
    "address": "Torchard was to reach it as {0}, and the lab says {1} now",
    "delivery": "its packages were to come by {0}, and the lab says {1} now",
    "arch": "its processor was {0}, and is {1} now",
    "macos": "its macOS was {0}, and is {1} now",
    "user": "its account was {0}, and is {1} now",
    "home": "its home was {0}, and is {1} now",
    "prefix": "Miniconda was to be at {0}, and the lab says {1} now",
    "prefix_state": "its Miniconda was {0}, and is {1} now",
    "conda": "its conda was {0}, and is {1} now",
    "installer": "its Miniconda was {0}, and is {1} now",
    "prefix_made_for": "its Miniconda was {0}, and is {1} now",
}


def recheck(saved: MacPlan, now: MacPlan) -> MacPlan:
    """Return what of a saved plan is still to be done on a Mac; `now` is its plan of now.

    If a precondition has changed, the Mac is blocked, with what it was and is as the reason.
    """
    if now.state in {"unreachable", "blocked"}:
        return now
    done = [step for step in saved.steps if _is_done(step, now)]
    ours = {key for step in done for key in _keys(step)}
    changes = list(dict.fromkeys(_describe_changes(saved, now, ours)))
    # A run of this plan may have been stopped. What that left does not make the plan stale.
    if not any(step.is_of_leftovers for step in saved.steps):
        rest = tuple(step for step in now.steps if not step.is_of_leftovers)
        now = replace(now, steps=rest, state="change" if rest else "up_to_date")
    left = [step for step in saved.steps if step not in done]
    if not changes and _is_different(left, now.steps):
        changes = ["the lab asks for other steps there now"]
    if changes:
        reason = f"it has changed since the plan was saved: {'; '.join(changes)}. Plan again"
        return replace(now, state="blocked", reason=reason, steps=(), disk=None)
    return now


def removed_from_lab(saved: MacPlan) -> MacPlan:
    """Return what becomes of a Mac that the lab does not name any more."""
    return unreachable(saved.name, "the lab file does not name it any more")


def _keys(step: Step) -> tuple[Key, ...]:
    """Return the preconditions that a step changes."""
    if step.kind == "miniconda":
        return tuple((kind, "") for kind in _OF_MINICONDA)
    if step.is_of_leftovers:
        return ()
    if step.environment is not None:
        return tuple((kind, step.environment) for kind in _OF_ENVIRONMENT)
    return ((cast("Kind", step.kind), step.place),)


def _facts(plan: MacPlan) -> Facts:
    return {(one.kind, one.subject): one.value for one in plan.preconditions}


def _is_done(step: Step, now: MacPlan) -> bool:
    """Tell whether the Mac already has what this step makes."""
    if any(_keys(one) == _keys(step) for one in now.steps):
        return False
    facts = _facts(now)
    if step.is_of_leftovers:
        return True
    if step.kind == "miniconda":
        return facts["installer", ""] == step.digest
    if step.kind == "prune":
        return facts.get(("environment", step.id.name)) in {None, "nothing"}
    if step.environment is not None:
        return facts.get(("target", step.environment)) == step.path
    # Where the file is not as this step makes it, `now` has the step too, if the lab still asks.
    return (step.kind, step.place) in facts


def _describe_changes(saved: MacPlan, now: MacPlan, ours: set[Key]) -> Iterator[str]:
    """Yield a sentence for each thing that has changed, except `ours`, which the plan changed."""
    before, after = _facts(saved), _facts(now)
    keys = [key for key in {**before, **after} if key not in ours]
    described: set[Key] = set()
    for key in keys:
        kind, subject = key
        if key in before and key in after and before[key] == after[key]:
            continue
        # Of several facts about one thing, the first one says it: a new Miniconda has a new conda.
        part = next((one[0] for one in (_OF_MINICONDA, _OF_ENVIRONMENT) if kind in one), kind)
        if (part, subject) in described:
            continue
        described.add((part, subject))
        if key in before and key in after:
            yield _describe_change(key, before, after, saved, now)
        elif kind == "environment" and ("lock", subject) not in {**before, **after}:
            verb = "finds" if key in after else "does not find"
            yield f"Torchard {verb} {subject} to remove {'now' if key in after else 'any more'}"
        else:
            verb = "asks" if key in after else "does not ask"
            yield f"the lab {verb} for {subject} {'now' if key in after else 'any more'}"


def _describe_change(key: Key, before: Facts, after: Facts, saved: MacPlan, now: MacPlan) -> str:
    kind, subject = key
    if kind == "lock":
        return f"the lock of {subject} has changed{_list_packages(_wanted(saved, now, subject))}"
    if kind == "contents":
        return f"{subject} has changed on the Mac{_list_packages(_found(saved, now, subject))}"
    if kind in _OF_ENVIRONMENT:
        was, is_now = _describe_view(subject, before), _describe_view(subject, after)
        return f"{subject} was {was}, and is {is_now} now"
    if kind == "kernel":
        return f"the Jupyter kernel {subject} has changed"
    if kind == "sharing":
        return f"{subject} has changed"
    if kind == "shell":
        was, is_now = _describe_block(before[key]), _describe_block(after[key])
        return f"{subject} was {was}, and is {is_now} now"
    return _SENTENCES[kind].format(_describe(kind, before[key]), _describe(kind, after[key]))


def _describe(kind: Kind, value: str | None) -> str:
    if kind == "installer":
        return "a person's" if value is None else f"from installer {value[:8]}"
    if kind == "prefix_made_for":
        return "where it was installed" if value is None else f"moved from {value}"
    return "of an unknown version" if value is None else value


def _describe_view(name: str, facts: Facts) -> str:
    found = cast("Found", facts["environment", name])
    view = EnvironmentView(name, found, facts["target", name])
    return view.describe(facts["home", ""] or "")


def _describe_block(sha256: str | None) -> str:
    return "without a block of conda" if sha256 is None else f"with the block {sha256[:12]}"


def _list_packages(differences: Mapping[str, tuple[str | None, str | None]]) -> str:
    """Name the first packages that differ, and count the others."""
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
    """Return the versions of two locks. What a plan does not change is already as locked."""
    old, new = _changes(saved, name), _changes(now, name)
    return {
        one: (
            old[one][1] if one in old else new[one][0],
            new[one][1] if one in new else old[one][0],
        )
        for one in {**old, **new}
    }


def _found(saved: MacPlan, now: MacPlan, name: str) -> dict[str, tuple[str | None, str | None]]:
    """Return the versions then and now on the Mac. What a plan does not change is as locked."""
    old, new = _changes(saved, name), _changes(now, name)
    return {
        one: (
            old[one][0] if one in old else new[one][1],
            new[one][0] if one in new else old[one][1],
        )
        for one in {**old, **new}
    }


def _is_different(left: list[Step], now: tuple[Step, ...]) -> bool:
    return len(left) != len(now) or any(
        not is_same_step(one, other) for one, other in zip(left, now, strict=True)
    )
