"""Which steps are done of those that were planned: the same ones, or what is left of them."""

from __future__ import annotations

import pytest
from locked import GENERATIONS, HOME, PREFIX, built, lock, mac, package, path_of, wheel

from torchard.mac.generations import read_generation_name
from torchard.mac.paths import shorten_mac_path
from torchard.plan.steps import environment_step, is_rest_of

LOCK = lock([package("python", "3.12.13"), package("pip", "25.1")], [wheel("torch", "2.2.2")])
PATH = path_of(LOCK)
OTHER = lock([package("python", "3.12.12")])


@pytest.mark.parametrize(
    "before", [{}, {"links": {"torch": path_of(OTHER)}}, {"links": {"torch": f"{PREFIX}/gone"}}]
)
def test_what_an_earlier_run_built_since_is_the_rest_of_what_was_planned(before):
    """It was still at work when the plan was made: of that, only the link is left to do."""
    planned = environment_step(LOCK, mac(built(OTHER), **before))
    for path in (PATH, f"{PATH}.2"):
        left = environment_step(LOCK, mac(built(OTHER), built(LOCK, path), **before))
        assert left.action == "activate" != planned.action
        assert is_rest_of(left, planned)
        assert not is_rest_of(planned, left)
        assert not is_rest_of(left, left)
    assert not is_rest_of(environment_step(OTHER, mac(built(OTHER))), planned)


def test_a_step_with_other_changes_is_not_the_rest_of_a_planned_one():
    """Another environment is shown by now than the one that was compared with."""
    planned = environment_step(LOCK, mac(built(OTHER), links={"torch": path_of(OTHER)}))
    third = lock([package("python", "3.12.11")])
    left = environment_step(LOCK, mac(built(third), built(LOCK), links={"torch": path_of(third)}))
    assert left.action == "activate"
    assert not is_rest_of(left, planned)


@pytest.mark.parametrize(
    ("path", "short"),
    [
        (HOME, "~"),
        (f"{HOME}/miniconda3", "~/miniconda3"),
        (f"{HOME}-two/miniconda3", f"{HOME}-two/miniconda3"),
        ("/opt/conda", "/opt/conda"),
    ],
)
def test_a_path_in_the_home_has_a_tilde(path, short):
    """So that Macs with different accounts read the same."""
    assert shorten_mac_path(path, HOME) == short


@pytest.mark.parametrize(
    ("target", "name"),
    [(f"{GENERATIONS}/torch-abc.2", "torch-abc.2"), (GENERATIONS, None), (None, None)],
)
def test_a_generation_is_known_by_where_it_lies(target, name):
    """An absolute path, and one name below it."""
    assert read_generation_name(target, f"{HOME}/.torchard") == name
