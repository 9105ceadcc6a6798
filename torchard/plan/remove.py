"""A removal: what is taken off a Mac with one environment, whatever the lab names. Pure data.

It needs no lock file, no index and no catalogue. `torchard.plan.steps` finds the steps for a prune,
and a removal is one of them that a person asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torchard.mac.environments import view_environment
from torchard.mac.paths import shorten_mac_path
from torchard.plan.blockers import find_mac_blockers, find_old_python
from torchard.plan.conflicts import find_other_run
from torchard.plan.kernels import has_kernel
from torchard.plan.own_files import list_removal_questions
from torchard.plan.plan import MacPlan
from torchard.plan.result import MacRun, report_failure, report_mac
from torchard.plan.steps import removal_steps
from torchard.plan.warnings import find_run_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.version import Version

    from torchard.lab.model import MacHost
    from torchard.mac.state import MacState
    from torchard.plan.own_files import Question
    from torchard.plan.result import MacResult
    from torchard.plan.steps import Step

REASON = "you asked to remove it"


def find_removal(environment: str, state: MacState) -> Step | None:
    """Return the step that removes an environment with all its generations; None without one.

    What a person made under that name, and a generation that a person's link leads to, stay.
    """
    steps = removal_steps((), state)
    found = next((one for one in steps if one.environment == environment), None)
    return None if found is None else replace(found, reason=REASON)


def list_own_questions(environment: str, state: MacState) -> tuple[Question, ...]:
    """Return what to ask a Mac about a person's files before the removal is planned."""
    step = find_removal(environment, state)
    return () if step is None else list_removal_questions(step, state)


def plan_removal(
    environment: str, mac: MacHost, states: Mapping[str, MacState], oldest_conda: Version
) -> MacPlan:
    """Return the plan that removes an environment from a Mac, or says why that is not possible.

    `states` is of all Macs of the lab that were read, by name: two may share a home.
    """
    state = states[mac.name]
    step = find_removal(environment, state)
    base = MacPlan(
        mac.name,
        "up_to_date",
        arch=state.arch,
        macos=state.macos,
        warnings=find_run_warnings(state.lock),
    )
    blockers = tuple(_find_blockers(environment, mac, states, step, oldest_conda))
    if blockers:
        return replace(base, state="blocked", reason="; ".join(blockers))
    if step is None:
        return base
    if environment in mac.environments:
        again = (
            f"the lab gives {environment} to this Mac, so the next apply builds it again; take it"
            " out of `environments:`"
        )
        base = replace(base, warnings=(*base.warnings, again))
    elif has_kernel(environment, state):
        left = "Jupyter offers its kernel, which does not start, until the next `torchard apply`"
        base = replace(base, warnings=(*base.warnings, left))
    return replace(base, state="change", steps=(step,))


def _find_blockers(
    environment: str,
    mac: MacHost,
    states: Mapping[str, MacState],
    step: Step | None,
    oldest_conda: Version,
) -> Iterator[str]:
    """Yield why nothing can be removed from a Mac."""
    state = states[mac.name]
    prefix = shorten_mac_path(state.prefix, state.home)
    view = view_environment(environment, state)
    if view.is_foreign:
        yield (
            f"{prefix}/envs/{environment} is {view.describe(state.home)}, so Torchard did not make"
            " it; remove it yourself if nobody needs it"
        )
        return
    if step is None:
        return
    other = find_other_run(mac.name, state.lock)
    if other is not None:
        yield other
    yield from find_mac_blockers(mac, states, oldest_conda)
    yield from find_old_python(state, None)
    if state.prefix_state != "whole" or state.is_prefix_moved:
        yield (
            f"Torchard removes with the python of {prefix}, and there is no whole Miniconda; run"
            " `torchard apply`, then remove it"
        )


def report_removal(
    environment: str, planned: MacPlan, state: MacState, seconds: float
) -> MacResult:
    """Return the result of a removal, from what the Mac was found to have after it."""
    (step,) = planned.steps
    left = find_removal(environment, state)
    if left is not None:
        reason = f"not as planned: {left.place} is still there; run it again"
        return report_failure(planned, MacRun(reason=reason, seconds=seconds))
    return report_mac(planned, MacRun(done=(step.id,), seconds=seconds), "up_to_date")
