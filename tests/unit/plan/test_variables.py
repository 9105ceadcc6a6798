"""`variables:` of an environment: what they change in a plan, and what a status reports."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import VARIANT, built, lock, mac, package, path_of, shown, stamp, wheel

from torchard.lab.model import Environment, MacHost
from torchard.plan.drift import find_drift
from torchard.plan.file_changes import FileChange
from torchard.plan.plan import plan_mac
from torchard.plan.preconditions import hash_contents
from torchard.plan.target import Target

LOCK = lock([package("python", "3.12.13")], [wheel("torch", "2.2.2")], variant=VARIANT)
MAC = MacHost("studio-01", environments=("torch",))
STATE = "~/miniconda3/envs/torch/conda-meta/state"
LABS = {"A": "1", "B": "2"}


def plan(state, variables):
    """Plan a Mac whose lab has these variables."""
    wanted = Environment("torch", "3.12", None, variables=variables)
    return plan_mac(Target(MAC, state, locks={"torch": LOCK}, environments={"torch": wanted}))


def state_with(labs, found):
    """Return a Mac whose environment was built with variables; `found` says who set which."""
    return shown(LOCK, stamp={**stamp(LOCK), "variables": labs}, variables=found)


def test_a_new_environment_shows_its_variables():
    """Sorted, as a person types them."""
    (step,) = plan(mac(), {"B": "2", "A": "1"}).steps
    assert step.files == (FileChange(STATE, None, "A=1\nB=2\n"),)


def test_other_variables_build_the_same_packages_again():
    """The plan shows the difference, and a rollback goes back to the variables of before."""
    state = state_with({"A": "1"}, {"A": "same"})
    (step,) = plan(state, LABS).steps
    assert (step.action, step.reason, step.packages) == (
        "update", "the lab changes its variables", ()
    )  # fmt: skip
    assert step.files == (FileChange(STATE, "A=1\n", "A=1\nB=2\n"),)
    assert step.path == f"{path_of(LOCK)}.2"


def test_an_environment_with_the_labs_variables_is_up_to_date():
    """A person's own change nothing."""
    state = state_with(LABS, {"A": "same", "B": "same", "MINE": "own"})
    assert plan(state, LABS).state == "up_to_date"
    assert plan(shown(LOCK), {}).state == "up_to_date"
    (_, torch) = find_drift(MAC, state)
    assert torch.since == "unknown"  # this state has no list of what was built
    assert torch.remarks == ()


@pytest.mark.parametrize(
    ("labs", "owner"), [(LABS, "other"), ({"A": "1"}, "own")], ids=["changed", "set before"]
)
def test_a_persons_value_wins_and_is_named(labs, owner):
    """The warning says what to type for the lab's value, and Torchard builds nothing again."""
    state = state_with(labs, {"A": "same", "B": owner})
    planned = plan(state, LABS)
    assert planned.state == ("up_to_date" if owner == "other" else "change")
    (warning,) = planned.warnings
    assert "a person set or unset B in torch on this Mac, and that wins over the lab" in warning
    assert "`conda env config vars set -n torch B=2`" in warning


def test_drift_names_what_a_person_changed_but_not_the_value():
    """The value may be secret by now."""
    (_, torch) = find_drift(MAC, state_with(LABS, {"A": "other"}))
    assert torch.since == "modified"
    assert torch.remarks == (
        "a person set or unset A (conda env config vars)",
        "B was removed from its conda-meta/state",
    )


def test_a_variable_that_was_removed_by_hand_is_repaired():
    """As any other setting of the environment."""
    (step,) = plan(state_with(LABS, {"A": "same"}), LABS).steps
    assert step.reason == "B was removed from its conda-meta/state by hand"


def test_a_generation_with_these_variables_is_activated_again():
    """Going back to the variables of before does not build twice."""
    old = built(LOCK)
    new = built(
        LOCK,
        path=f"{path_of(LOCK)}.2",
        stamp={**stamp(LOCK), "variables": LABS},
        variables={"A": "same", "B": "same"},
    )
    (step,) = plan(mac(old, new, links={"torch": new.path}), {}).steps
    assert (step.action, step.path) == ("activate", old.path)
    assert step.files == (FileChange(STATE, "A=1\nB=2\n", ""),)


def test_a_persons_variable_changes_the_preconditions():
    """A saved plan then has to be made again."""
    one = built(LOCK)
    assert hash_contents(one) != hash_contents(replace(one, variables={"A": "own"}))
