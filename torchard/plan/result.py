"""What came of an apply or a verify on one Mac, from what is on its disk then. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from torchard.mac.environments import view_environment
from torchard.plan.plan import plan_mac

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torchard.plan.plan import MacPlan, Target


@dataclass(frozen=True)
class Course:
    """How the work on one Mac went.

    `done` names the steps that came to their end, `failed_at` the one that did not; `reason` is
    why it failed, or None. `seconds` is how long it all took, or None where nothing was begun.
    """

    done: tuple[str, ...] = ()
    failed_at: str | None = None
    reason: str | None = None
    seconds: float | None = None


def applied(planned: MacPlan, target: Target, course: Course) -> MacPlan:
    """Return what an apply came to: up to date, if a plan of what is there now finds nothing to do.

    `planned` is what was to be done, `target` holds what the Mac was found to have after it.
    """
    after = plan_mac(replace(target, rebuild=frozenset()))  # what was asked for was done once
    if after.state != "up_to_date":
        left = after.reason or "; ".join(step.reason for step in after.steps)
        return failed(planned, replace(course, reason=f"not as planned: {left}"))
    verifications = tuple(_stamped(target))
    return replace(_took(planned, course), state="up_to_date", verifications=verifications)


def failed(planned: MacPlan, course: Course) -> MacPlan:
    """Return what an apply came to that did not get to its end."""
    return replace(_took(planned, course), state="failed", reason=course.reason)


def _took(planned: MacPlan, course: Course) -> MacPlan:
    labels = [step.label for step in planned.steps]
    return replace(
        planned,
        done=tuple(label for label in labels if label in course.done),
        failed_at=course.failed_at if course.failed_at in labels else None,
        seconds=course.seconds,
    )


def verified(
    planned: MacPlan, verifications: Sequence[tuple[str, str]], failures: Sequence[tuple[str, str]]
) -> MacPlan:
    """Return what a verify came to; both are (environment, what was found) in the lab's order."""
    return replace(
        planned,
        state="failed" if failures else "up_to_date",
        reason="\n".join(f"{name}: {text}" for name, text in failures) or None,
        steps=(),
        verifications=tuple(verifications),
    )


def _stamped(target: Target) -> Iterator[tuple[str, str]]:
    for name in target.locks:
        active = view_environment(name, target.state).generation
        yield name, told((active and active.verification) or {})


def told(verification: Mapping[str, Any], date: str | None = None) -> str:
    """Say in a few words what a verification found, and when."""
    words = [f"python {verification.get('python')} {verification.get('machine')}"]
    if "torch" in verification:
        device = "MPS works" if verification.get("mps") else "CPU"
        words += [f"torch {verification['torch']}", device]
    return f"verified{f' {date}' if date else ''}: {', '.join(words)}"
