"""What a plan says of all Macs together: its exit code and its summary."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import lock, mac, package, wheel

from torchard.lab.model import MacHost
from torchard.plan.plan import MacPlan, Plan, count_states, plan_mac, unreachable
from torchard.plan.target import Target

LOCK = lock([package("python", "3.12.13"), package("pip", "25.1")], [wheel("torch", "2.2.2")])


def plan_of(*states):
    steps = plan_mac(Target(MacHost("studio-01"), mac(), locks={"torch": LOCK})).steps
    return Plan(tuple(MacPlan(f"mac-{i}", state, steps=steps) for i, state in enumerate(states)))


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((), 0),
        (("up_to_date",), 0),
        (("up_to_date", "change"), 2),
        (("change", "unreachable"), 3),
        (("up_to_date", "blocked"), 3),
        (("unreachable", "failed", "change"), 1),
    ],
)
def test_the_exit_code_is_the_worst_of_all_macs(states, code):
    """1 wins over 3 over 2 over 0."""
    assert count_states(states).exit_code == code


def test_the_summary_counts_each_artefact_once_and_only_where_it_is_to_be_fetched():
    """A Mac that is up to date, or failed, needs nothing."""
    plan = plan_of("change", "change", "up_to_date", "failed")
    assert (plan.summary.change, plan.summary.up_to_date, plan.summary.failed) == (2, 1, 1)
    assert plan.summary.fetch_bytes == 1200
    assert plan_of("up_to_date", "failed").summary.fetch_bytes == 0


def test_an_unreachable_mac_has_a_reason_and_nothing_else():
    """Nothing is known of it."""
    assert unreachable("studio-01", "it is off") == MacPlan(
        "studio-01", "unreachable", reason="it is off"
    )


def test_a_mac_that_fetches_itself_needs_nothing_of_the_controller():
    """Its bytes are not to be fetched once for all."""
    plan = plan_of("change", "change")
    far = replace(plan.macs[0], fetches_from="the internet")
    assert Plan((far,)).summary.fetch_bytes == 0
    assert Plan((far, plan.macs[1])).summary.fetch_bytes == 1200
