"""What an apply, a rollback or a verify did on each Mac, and what was found after it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from torchard.mac.environments import view_environment
from torchard.plan.plan import count_states, plan_mac
from torchard.plan.steps import Step, StepId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torchard.plan.plan import MacPlan, ResultState, Summary
    from torchard.plan.target import Target

Outcome = Literal["done", "failed", "not_started"]


@dataclass(frozen=True)
class StepResult(Step):
    """A step of a plan, and what became of it; `error` says why it failed."""

    outcome: Outcome = "not_started"
    error: str | None = None


@dataclass(frozen=True)
class MacResult:
    """What was done on one Mac, and the state that was found after it.

    `reason` says why the Mac is blocked, unreachable, failed or not begun. `seconds` is how long
    the work took, None if none was started. `verifications` has what each verification found, as
    (environment, answer).
    """

    name: str
    state: ResultState
    mac_class: str | None = None
    arch: str | None = None
    macos: str | None = None
    reason: str | None = None
    steps: tuple[StepResult, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float | None = None
    verifications: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Result:
    """What was done on a lab's Macs, in the lab's order; `kind` says by which sort of command."""

    macs: tuple[MacResult, ...]
    kind: Literal["result", "verification"] = "result"

    @property
    def summary(self) -> Summary:
        """Count the Macs by state."""
        return count_states(mac.state for mac in self.macs)


@dataclass(frozen=True)
class MacRun:
    """How the work on one Mac went, as far as its commands tell.

    `done` names the steps whose commands succeeded, `failed` those whose command did not. `reason`
    says why the work stopped early. `seconds` is how long it took, None if none was started.
    """

    done: tuple[StepId, ...] = ()
    failed: tuple[StepId, ...] = ()
    reason: str | None = None
    seconds: float | None = None


def find_steps(operation: str, steps: Sequence[Step]) -> tuple[StepId, ...]:
    """Return the steps that an operation of deploy.py belongs to: `Verify torch` is of torch.

    `Prune` is one operation for every step that removes an environment.
    """
    word, _, name = operation.partition(" ")
    kind = "environment" if word == "Verify" else word.lower()
    ids = (step.id for step in steps)
    return tuple(one for one in ids if one.kind == kind and name in {"", one.name})


def report_skipped(planned: MacPlan) -> MacResult:
    """Return the result for a Mac on which nothing was done."""
    return report_mac(planned, MacRun(), planned.state, planned.reason)


def report_not_started(planned: MacPlan, reason: str) -> MacResult:
    """Return the result for a Mac that is still to change; `reason` says why it was not begun."""
    return report_mac(planned, MacRun(), planned.state, reason)


def report_apply(planned: MacPlan, target: Target, run: MacRun) -> MacResult:
    """Return the result of an apply whose commands all succeeded.

    `planned` is what was to be done, `target` has what the Mac was found to have after it. The Mac
    is up to date if a new plan for it is empty. Otherwise it failed.
    """
    after = plan_mac(replace(target, rebuild=frozenset()))  # a rebuild is asked for once
    if after.state != "up_to_date":
        left = after.reason or "; ".join(step.reason for step in after.steps)
        return report_failure(planned, replace(run, reason=f"not as planned: {left}"))
    made = report_mac(planned, run, "up_to_date")
    steps = (replace(step, outcome="done") for step in made.steps)
    return replace(made, steps=tuple(steps), verifications=tuple(_read_verifications(target)))


def report_failure(planned: MacPlan, run: MacRun) -> MacResult:
    """Return the result for a Mac on which the work failed."""
    return report_mac(planned, run, "failed", run.reason)


def report_mac(
    planned: MacPlan, run: MacRun, state: ResultState, reason: str | None = None
) -> MacResult:
    """Return the result for a Mac: its plan, with what became of each step."""
    return MacResult(
        planned.name,
        state,
        mac_class=planned.mac_class,
        arch=planned.arch,
        macos=planned.macos,
        reason=reason,
        steps=tuple(_step_result(step, run) for step in planned.steps),
        warnings=planned.warnings,
        seconds=run.seconds,
    )


def _step_result(step: Step, run: MacRun) -> StepResult:
    if step.id in run.failed:
        return StepResult(**vars(step), outcome="failed", error=run.reason)
    return StepResult(**vars(step), outcome="done" if step.id in run.done else "not_started")


def report_verification(
    planned: MacPlan, verifications: Sequence[tuple[str, str]], failures: Sequence[tuple[str, str]]
) -> MacResult:
    """Return the result of a verify; both lists are (environment, what was found)."""
    return replace(
        report_skipped(replace(planned, steps=())),
        state="failed" if failures else "up_to_date",
        reason="\n".join(f"{name}: {text}" for name, text in failures) or None,
        verifications=tuple(verifications),
    )


def _read_verifications(target: Target) -> Iterator[tuple[str, str]]:
    """Yield what the stamp of each active environment says of its verification.

    A warning has the ones whose last verification failed.
    """
    for name in target.locks:
        active = view_environment(name, target.state).generation
        if active is None or active.failed is None:
            yield name, describe_verification((active and active.verification) or {})


def describe_verification(verification: Mapping[str, Any], date: str | None = None) -> str:
    """Say in a few words what a verification found, and when."""
    words = [f"python {verification.get('python')} {verification.get('machine')}"]
    if "torch" in verification:
        device = "MPS works" if verification.get("mps") else "CPU"
        words += [f"torch {verification['torch']}", device]
    return f"verified{f' {date}' if date else ''}: {', '.join(words)}"
