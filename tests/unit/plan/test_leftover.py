"""A report of an apply names the Macs that it left behind; what is no report is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import lock, mac, package, shown

from torchard.lab.model import MacHost
from torchard.plan.codec import dumps, plan_data
from torchard.plan.leftover import left_behind
from torchard.plan.plan import Plan, Target, plan_mac, unreachable
from torchard.plan.planfile import PlanFileError, save
from torchard.plan.result import Course, failed

LOCK = lock([package("python", "3.12.13")])


def planned(name, state):
    return plan_mac(Target(MacHost(name), state, locks={"torch": LOCK}))


CHANGE = planned("change", mac())
IN_ORDER = planned("in-order", shown(LOCK))
LEFT = (
    unreachable("off", "it is off"),
    planned("by-hand", mac(links={"torch": None})),
    failed(replace(CHANGE, name="failed"), Course(reason="pip failed")),
)


@pytest.fixture
def report(tmp_path):
    """Write what --json prints of some Macs."""

    def write(*macs):
        path = tmp_path / "report.json"
        path.write_text(dumps(plan_data(Plan(macs))), encoding="utf-8")
        return path

    return write


def test_what_failed_or_was_left_alone_is_named_in_its_order(report):
    """What is in order is not; where all is, nothing is left."""
    assert left_behind(report(LEFT[0], IN_ORDER, *LEFT[1:])) == ("off", "by-hand", "failed")
    assert left_behind(report(IN_ORDER)) == ()
    assert left_behind(report()) == ()


def test_a_plan_is_no_report(report, tmp_path):
    """Nothing was done by it yet, so nothing can have failed: neither saved nor printed."""
    saved = tmp_path / "plan.json"
    save(Plan(LEFT), tmp_path / "lab.yaml", saved)
    for path in (report(CHANGE, *LEFT), saved):
        with pytest.raises(PlanFileError) as caught:
            left_behind(path)
        assert caught.value.message == f"{path}: this is a plan, and tells nothing that was done."
        assert caught.value.instead == "Give it what `torchard apply --json` printed."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("macs: {}\n", "this is no whole plan"),
        ("[]", "this is JSON, but no plan"),
        ('{"format": 1, "macs": {"a": {}}, "summary": {}}', "this is no plan of Torchard"),
        (None, "cannot be read"),
    ],
)
def test_another_file_is_refused_with_what_it_is(tmp_path, text, says):
    """A lab file, other JSON, or none; what to give instead is said."""
    path = tmp_path / "report.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(PlanFileError, match=says) as caught:
        left_behind(path)
    assert caught.value.instead == "Give it what `torchard apply --json` printed."
