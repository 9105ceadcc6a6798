"""What people are shown of damaged files: whose package it is, and what to type."""

from __future__ import annotations

import json

import locked
import pytest

from torchard.errors import TorchardError
from torchard.mac.state import InstalledConda, InstalledDist, Packages
from torchard.plan.damage import (
    Damage,
    FileReport,
    add_damage,
    damage_lines,
    locked_names,
    made_names,
    read_reports,
)
from torchard.plan.drift import EnvironmentStatus
from torchard.session.inspection import inspect_files, verify_files

GONE = Damage("torch", "1,204 of 12,003 files are gone, the first is torch/__init__.py")
MADE = Packages((InstalledConda("zstd", "1", "0"),), (InstalledDist("Torch", "2.9.1"),))
SAME = EnvironmentStatus("torch", "lab", "same", verification="verified")


def answer(*rows, more=0, **others):
    """Return what a Mac says of `torch`, and of other environments by name."""
    told = {"files": 5, "damaged": list(rows), "more": more}
    return json.dumps({"torch": told, **others})


def test_a_macs_answer_is_read_and_cut():
    """However long a sentence is that a Mac sends, that much of it is kept."""
    text = answer({"name": GONE.name, "said": GONE.said}, {"name": "x", "said": "y" * 9000}, more=3)
    report = read_reports(text, ["torch"])["torch"]
    assert report.damaged[0] == GONE
    assert len(report.damaged[1].said) == 500
    assert report.more == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"torch": 1}', '{"torch": {"more": 1}}'])
def test_an_answer_that_says_something_else_is_an_error(text):
    """It is never taken for an environment without damage."""
    with pytest.raises(ValueError):
        read_reports(text, ["torch"])


def test_a_package_that_somebody_installed_is_named_as_theirs():
    """What the lock did not bring is not what Torchard builds again."""
    report = FileReport((GONE, Damage("pytz", "its RECORD is gone")), more=1)
    assert damage_lines(report, made_names(MADE)) == [
        f"torch: {GONE.said}",
        "pytz (installed by hand): its RECORD is gone",
        "and 1 more package",
    ]
    assert damage_lines(report, None)[1] == "pytz: its RECORD is gone"


def test_status_names_the_damage_and_what_to_type():
    """It has changed by hand, whatever the records say."""
    found = add_damage(SAME, FileReport((GONE,)), MADE, planned=False)
    assert found.since == "modified"
    assert found.remarks == (f"torch: {GONE.said}; run `torchard apply --rebuild torch`",)
    planned = add_damage(SAME, FileReport((GONE,)), MADE, planned=True)
    assert planned.remarks == (f"torch: {GONE.said}",)
    assert add_damage(SAME, FileReport(), MADE, planned=False) == SAME


def test_status_says_that_the_files_could_not_be_looked_at():
    """That is not damage: nobody knows."""
    found = add_damage(SAME, FileReport(trouble="no space"), MADE, planned=False)
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
    """A Mac that does not answer says nothing about drift."""
    lock = locked.lock([locked.package("python")], [locked.wheel("torch")], "torch")
    assert locked_names(lock) == {"python", "torch"}
    found = verify_files(locked.shown(lock), {"torch": lock}, (), ask)
    if said is None:
        assert found == {}
    else:
        assert found["torch"].startswith(said)


def test_only_what_torchard_built_and_that_is_active_is_looked_at():
    """A person's own environment, and a link to nothing, are not asked about."""
    state = locked.mac(links={"mine": "/elsewhere", "torch": f"{locked.GENERATIONS}/torch-1"})
    assert inspect_files(state, fail) == {}
