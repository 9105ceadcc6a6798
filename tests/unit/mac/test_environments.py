"""What is under an environment's name on a Mac: exactly one of five cases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drawn import labs
from hypothesis import given
from locked import GENERATIONS, HOME, PREFIX, built, lock, mac

from torchard.mac.environments import EnvironmentView, view_environment, view_kept_environment
from torchard.mac.state import Link

LOCK = lock()
ONE = built(LOCK)
GONE = f"{GENERATIONS}/torch-00000000"
FORMER = f"/Users/former/.torchard/generations/torch-{LOCK.digest[:8]}"


def state_with(target, *environments, moved=False):
    """A Mac with one link of that target."""
    return replace(mac(*environments), links={"torch": Link("torch", target, moved)})


@pytest.mark.parametrize(
    ("state", "view", "words"),
    [
        (mac(ONE), EnvironmentView("torch"), "not there"),
        (state_with(None, ONE), EnvironmentView("torch", "directory"), "not a link"),
        (
            state_with("/opt/mine"),
            EnvironmentView("torch", "foreign_link", "/opt/mine"),
            "a link to /opt/mine",
        ),
        (
            state_with(f"{PREFIX}/envs/mine", built(LOCK, f"{PREFIX}/envs/mine")),
            EnvironmentView("torch", "foreign_link", f"{PREFIX}/envs/mine"),
            "a link to ~/miniconda3/envs/mine",
        ),
        (
            state_with("/Users/former/.torchard/generations/other-00000000", moved=True),
            EnvironmentView(
                "torch",
                "foreign_link",
                "/Users/former/.torchard/generations/other-00000000",
                has_moved=True,
            ),
            "a link to /Users/former/.torchard/generations/other-00000000",
        ),
        (
            state_with(GONE, ONE),
            EnvironmentView("torch", "dangling_link", GONE, is_ours=True),
            "a link to ~/.torchard/generations/torch-00000000",
        ),
        (
            state_with(f"{GENERATIONS}/mine"),
            EnvironmentView("torch", "dangling_link", f"{GENERATIONS}/mine"),
            "a link to ~/.torchard/generations/mine",
        ),
        (
            state_with(ONE.path, ONE),
            EnvironmentView("torch", "generation", ONE.path, ONE, is_ours=True),
            f"a link to ~/.torchard/generations/torch-{LOCK.digest[:8]}",
        ),
        (
            state_with(FORMER, ONE, moved=True),
            EnvironmentView("torch", "generation", FORMER, ONE, has_moved=True, is_ours=True),
            f"a link to {FORMER}",
        ),
        (
            state_with(f"{FORMER}.2", ONE, moved=True),
            EnvironmentView("torch", "dangling_link", f"{FORMER}.2", has_moved=True, is_ours=True),
            f"a link to {FORMER}.2",
        ),
        (
            state_with("/Users/former/elsewhere", moved=True),
            EnvironmentView("torch", "foreign_link", "/Users/former/elsewhere", has_moved=True),
            "a link to /Users/former/elsewhere",
        ),
    ],
)
def test_each_case_has_its_example(state, view, words):
    """With the words that describe it."""
    assert view_environment("torch", state) == view
    assert view.describe(HOME) == words


@pytest.mark.parametrize(
    ("name", "stamp", "ours"),
    [
        ("torch-00000000", {"environment": "torch"}, True),
        ("torch-00000000.2", None, True),
        ("torch-00000000", {"environment": "other"}, False),
        ("torch-0", {"environment": "torch"}, True),
        ("torch-0", None, False),
        ("other-00000000", {}, False),
        ("torch-00000000", {"environment": 5}, True),
    ],
)
def test_the_stamp_says_whose_a_generation_is_and_its_name_if_there_is_none(name, stamp, ours):
    """A person may make a link to another environment's generation."""
    one = built(LOCK, f"{GENERATIONS}/{name}", stamp=stamp)
    view = view_environment("torch", state_with(one.path, one))
    assert (view.found, view.is_ours) == ("generation", ours)


@pytest.mark.parametrize("prefix_state", ["absent", "half", "foreign"])
def test_a_plan_counts_on_nothing_in_a_prefix_that_is_not_whole(prefix_state):
    """Torchard sets it aside with all its links."""
    state = replace(state_with(ONE.path, ONE), prefix_state=prefix_state)
    assert view_environment("torch", state).generation == ONE
    assert view_kept_environment("torch", state) == EnvironmentView("torch")


@given(labs())
def test_exactly_one_case_holds_for_every_state(target):
    """And its fields agree with it."""
    state = target.state
    for name in {*state.links, "torch", "absent"}:
        view = view_environment(name, state)
        cases = {
            "nothing": name not in state.links,
            "directory": name in state.links and view.target is None,
            "foreign_link": view.target is not None and view.is_foreign,
            "dangling_link": view.target is not None
            and not view.is_foreign
            and view.generation is None,
            "generation": view.generation is not None,
        }
        assert [case for case, holds in cases.items() if holds] == [view.found]
        assert view.generation is None or view.generation in state.environments.values()
        assert not view.is_ours or view.found in {"dangling_link", "generation"}
        assert view_kept_environment(name, state) in (view, EnvironmentView(name))


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"whole": False}, False),
        ({"damaged": True}, False),
        ({"stamp": None}, False),
        ({"stamp": {"verification": "yes"}}, False),
        ({"failed": ("2026-11-29", "it lacks a package")}, False),
    ],
)
def test_only_a_whole_and_verified_generation_is_usable(changes, usable):
    """A failed verification counts more than an earlier one."""
    assert replace(ONE, **changes).is_usable is usable


@pytest.mark.parametrize("date", [None, 5, "yesterday", "2026-11-26x"])
def test_a_stamp_says_a_day_or_nothing(date):
    """Anybody can write a stamp."""
    assert replace(ONE, stamp={"date": date}).built_on is None
    assert replace(ONE, stamp={"date": "2026-11-26 10:31:22"}).built_on == "2026-11-26"


def test_conda_has_two_platforms_on_macs():
    """By the hardware, not by what the shell runs under."""
    assert (mac().subdir, mac(arch="x86_64").subdir) == ("osx-arm64", "osx-64")
