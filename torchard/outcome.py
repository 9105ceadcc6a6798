"""What came of an apply or a verify on one Mac, from what is on its disk then. Pure data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torchard.plan import plan_mac

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torchard.plan import Intent, MacPlan


def applied(planned: MacPlan, intent: Intent, seconds: float | None) -> MacPlan:
    """Return what an apply came to: in order, if a plan of what is there now finds nothing to do.

    `planned` is what was to be done, `intent` holds what the Mac was found to have after it.
    """
    after = plan_mac(intent)
    if after.state != "in_order":
        left = after.reason or "; ".join(step.reason for step in after.steps)
        return failed(planned, f"not as planned: {left}", seconds)
    return replace(planned, state="in_order", seconds=seconds, proofs=tuple(_stamped(intent)))


def failed(planned: MacPlan, reason: str, seconds: float | None = None) -> MacPlan:
    """Return what an apply came to that did not get to its end."""
    return replace(planned, state="failed", reason=reason, seconds=seconds)


def proved(
    planned: MacPlan, proofs: Sequence[tuple[str, str]], failures: Sequence[tuple[str, str]]
) -> MacPlan:
    """Return what a verify came to; both are (environment, what was found) in the lab's order."""
    return replace(
        planned,
        state="failed" if failures else "in_order",
        reason="\n".join(f"{name}: {text}" for name, text in failures) or None,
        steps=(),
        proofs=tuple(proofs),
    )


def _stamped(intent: Intent) -> Iterator[tuple[str, str]]:
    for name in intent.locks:
        link = intent.state.links[name]
        stamp = intent.state.environments[link.target or ""].stamp or {}
        yield name, told(stamp.get("proof", {}))


def told(proof: Mapping[str, Any]) -> str:
    """Say in a few words what an environment proved."""
    words = [f"python {proof.get('python')} {proof.get('machine')}"]
    if "torch" in proof:
        words += [f"torch {proof['torch']}", "MPS works" if proof.get("mps") else "CPU"]
    return "proved: " + ", ".join(words)
