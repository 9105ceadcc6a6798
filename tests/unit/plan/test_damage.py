"""What Torchard reports of damaged files: whose package it is, and what to type."""

from __future__ import annotations

import json
from importlib import import_module

import locked
import pytest

from torchard.errors import TorchardError
from torchard.mac.state import InstalledConda, InstalledDist, Packages
from torchard.plan.damage import (
    Damage,
    FileReport,
    add_all_damage,
    add_damage,
    describe_damage,
    read_reports,
)
from torchard.plan.diff import list_installed, list_locked, list_names
from torchard.plan.drift import EnvironmentStatus
from torchard.plan.plan import MacPlan, Plan

GONE = Damage("torch", "1,204 of 12,003 files are gone, the first is torch/__init__.py")
MADE = Packages((InstalledConda("zstd", "1", "0"),), (InstalledDist("Torch", "2.9.1"),))
SAME = EnvironmentStatus("torch", "lab", "same", verification="verified")


def inspection():
    """Import the session only in a test: it patches threads, and a worker needs them before."""
    return import_module("torchard.session.inspection")


def answer(*rows, more=0, **others):
    """Return what a Mac says of `torch`, and of other environments by name."""
    told = {"files": 5, "damaged": list(rows), "more": more}
    return json.dumps({"torch": told, **others})


def test_a_macs_answer_is_read_and_cut():
    """A Mac may send a sentence of any length; Torchard keeps the beginning."""
    text = answer(
        {"name": GONE.name, "said": GONE.problem}, {"name": "x", "said": "y" * 9000}, more=3
    )
    report = read_reports(text, ["torch"])["torch"]
    assert report.damaged[0] == GONE
    assert len(report.damaged[1].problem) == 500
    assert report.more == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"torch": 1}', '{"torch": {"more": 1}}'])
def test_an_unexpected_answer_is_an_error(text):
    """It never counts as an environment without damage."""
    with pytest.raises(ValueError):
        read_reports(text, ["torch"])


def test_a_package_that_a_person_installed_is_marked():
    """The lock does not have it, so a rebuild does not bring it back."""
    report = FileReport((GONE, Damage("pytz", "its RECORD is gone")), more=1)
    assert describe_damage(report, list_names(list_installed(MADE.conda, MADE.dists))) == [
        f"torch: {GONE.problem}",
        "pytz (installed by hand): its RECORD is gone",
        "and 1 more package",
    ]
    assert describe_damage(report, None)[1] == "pytz: its RECORD is gone"


def test_status_names_the_damage_and_what_to_type():
    """The environment counts as modified, whatever its records say."""
    found = add_damage(SAME, FileReport((GONE,)), MADE, planned=False)
    assert found.since == "modified"
    assert found.remarks == (f"torch: {GONE.problem}; run `torchard apply --rebuild torch`",)
    planned = add_damage(SAME, FileReport((GONE,)), MADE, planned=True)
    assert planned.remarks == (f"torch: {GONE.problem}",)
    assert add_damage(SAME, FileReport(), MADE, planned=False) == SAME


def test_status_says_that_the_files_could_not_be_looked_at():
    """That is not damage, so the environment does not count as modified."""
    found = add_damage(SAME, FileReport(error="no space"), MADE, planned=False)
    assert found.since == "same"
    assert found.remarks == ("its files could not be looked at: no space",)


def fail(_script):
    raise TorchardError("there is no python")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda _: [answer()], None),
        (lambda _: ["noise", answer({"name": "torch", "said": "gone"})], "torch: gone"),
        (lambda _: [], "its files could not be looked at: the answer"),
        (fail, "its files could not be looked at: there is no python"),
    ],
)
def test_verify_fails_unless_a_mac_says_that_the_files_are_there(ask, said):
    """A Mac that does not answer fails too."""
    lock = locked.lock([locked.package("python")], [locked.wheel("torch")], "torch")
    assert list_names(list_locked(lock)) == {"python", "torch"}
    found = inspection().verify_files(locked.shown(lock), {"torch": lock}, (), ask)
    if said is None:
        assert found == {}
    else:
        assert found["torch"].startswith(said)


def test_only_what_torchard_built_and_that_is_active_is_looked_at():
    """A person's own environment and a dangling link are left out."""
    state = locked.mac(links={"mine": "/elsewhere", "torch": f"{locked.GENERATIONS}/torch-1"})
    assert inspection().inspect_files(state, fail) == {}


def test_the_damage_of_every_mac_is_added_to_its_own_status():
    """Also of a Mac that the plan does not have."""
    lock = locked.lock([locked.package("python")], [locked.wheel("torch")], "torch")
    state = locked.shown(lock, made=MADE)
    states = {"one": state, "two": locked.mac(), "three": state}
    reports = {"one": {"torch": FileReport((GONE,))}, "two": {}}
    plan = Plan((MacPlan("one", "up_to_date"), MacPlan("two", "up_to_date")))
    found = add_all_damage(plan, dict.fromkeys(states, (SAME,)), states, reports)
    assert {name: one.since for name, (one,) in found.items()} == {
        "one": "modified",
        "two": "same",
        "three": "same",
    }
