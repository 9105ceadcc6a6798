"""A rollback: which generation would become active on a Mac, by its own records. Pure data.

A rollback needs no lock file, no index and no catalogue.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from torchard.errors import TorchardError
from torchard.mac.environments import view_environment
from torchard.mac.paths import shorten_mac_path
from torchard.plan.blockers import describe_foreign
from torchard.plan.conflicts import find_other_run
from torchard.plan.diff import diff, list_installed
from torchard.plan.plan import MacPlan
from torchard.plan.result import MacRun, describe_verification, report_failure, report_mac
from torchard.plan.sharing import find_access_faults
from torchard.plan.steps import Step
from torchard.plan.warnings import find_run_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torchard.lab.model import Lab, MacHost
    from torchard.mac.state import InstalledEnvironment, MacState
    from torchard.plan.result import MacResult


def find_macs_with(environment: str, lab: Lab, macs: Iterable[MacHost]) -> tuple[MacHost, ...]:
    """Return the Macs that the lab gives an environment to. Raise TorchardError for none."""
    if environment not in lab.environments:
        close = get_close_matches(environment, lab.environments, 1)
        known = f"There are: {', '.join(lab.environments)}." if lab.environments else ""
        raise TorchardError(
            f"There is no environment {environment} in {lab.path.name}.",
            f"Did you mean {close[0]}?" if close else known,
        )
    found = tuple(mac for mac in macs if environment in mac.environments)
    if not found:
        raise TorchardError(
            f"None of these Macs has {environment} in {lab.path.name}.",
            "Name a Mac that has it with --limit, or the environment that you mean.",
        )
    return found


def plan_rollback(environment: str, mac: MacHost, state: MacState) -> MacPlan:
    """Return the plan that activates the previous generation, or says why there is none."""
    base = MacPlan(
        mac.name,
        "blocked",
        arch=state.arch,
        macos=state.macos,
        warnings=find_run_warnings(state.lock),
    )
    other = find_other_run(mac.name, state.lock)
    blockers = (*((other,) if other else ()), *find_access_faults(state))
    if blockers:
        return replace(base, reason="; ".join(blockers))
    found = _before(environment, state)
    if isinstance(found, str):
        return replace(base, reason=f"{environment}: {found}")
    active = view_environment(environment, state).generation
    before = list_installed(active.conda, active.dists) if active else {}
    changes, kept = diff(before, list_installed(found.conda, found.dists))
    step = Step(
        "environment",
        "activate",
        environment,
        reason=_reason(found),
        path=found.path,
        place=shorten_mac_path(found.path, state.home),
        packages=changes,
        kept=kept,
    )
    return replace(base, state="change", steps=(step,))


def _before(environment: str, state: MacState) -> InstalledEnvironment | str:
    """Return the generation that was active before this one, or why there is none."""
    view = view_environment(environment, state)
    if view.found == "nothing":
        return "it is not there; `torchard apply` builds it"
    if view.is_foreign:
        return describe_foreign(view, state)
    order = [
        path
        for path in state.last_activated
        if (one := state.environments.get(path)) and one.built_for == environment
    ]
    now = view.generation
    at = order.index(now.path) if now and now.path in order else -1
    before = order[at + 1 :]
    if not before:
        return (
            "it was rolled back already: the active generation is the oldest that is kept;"
            " `torchard apply` goes forward again"
            if at > 0
            else "there is no generation before the active one"
        )
    # A generation that is not whole is skipped: the sweep removes it first, too.
    found = next((path for path in before if state.environments[path].is_usable), None)
    if found is None:
        return (
            f"the generation before, {before[0].rpartition('/')[2]}, is not whole any more;"
            " `torchard apply` builds what the lab describes"
        )
    return state.environments[found]


def _reason(found: InstalledEnvironment) -> str:
    # Without the time: Macs that were built within minutes are reported together.
    return f"the generation before{f', built on {found.built_on}' if found.built_on else ''}"


def report_rollback(
    planned: MacPlan, state: MacState, verification: Mapping[str, object] | str, seconds: float
) -> MacResult:
    """Return the result of a rollback, from what the Mac was found to have after it.

    `verification` is what the generation's verification found, or why it failed. If it failed, the
    generation stays active and the Mac is reported as failed.
    """
    (step,) = planned.steps
    name = step.environment or ""
    link = state.links.get(name)
    if link is None or link.target != step.path:
        reason = "not as planned: another generation is active now"
        return report_failure(planned, MacRun(reason=reason, seconds=seconds))
    if isinstance(verification, str):
        reason = f"it is active again, but its verification failed: {verification}"
        reason += "\n`torchard apply` goes forward again."
        return report_failure(planned, MacRun(failed=(step.id,), reason=reason, seconds=seconds))
    done = report_mac(planned, MacRun(done=(step.id,), seconds=seconds), "up_to_date")
    return replace(done, verifications=((name, describe_verification(verification)),))
