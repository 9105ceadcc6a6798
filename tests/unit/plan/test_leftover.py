"""A report of an apply names the Macs that it left behind; any other file is an error."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import lock, mac, package, shown

from torchard.lab.model import MacHost
from torchard.plan.codec import document, dumps
from torchard.plan.leftover import find_left_behind
from torchard.plan.plan import Plan, plan_mac, unreachable
from torchard.plan.planfile import PlanFileError, save
from torchard.plan.result import MacRun, Result, report_failure, report_skipped
from torchard.plan.target import Target
from torchard.render.status import status_document

LOCK = lock([package("python", "3.12.13")])


def planned(name, state):
    return plan_mac(Target(MacHost(name), state, locks={"torch": LOCK}))


CHANGE = planned("change", mac())
UP_TO_DATE = report_skipped(planned("up-to-date", shown(LOCK)))
PLANS = (CHANGE, unreachable("off", "it is off"), planned("by-hand", mac(links={"torch": None})))
LEFT = (
    *map(report_skipped, PLANS[1:]),
    report_failure(replace(CHANGE, name="failed"), MacRun(reason="pip failed")),
)


@pytest.fixture
def report(tmp_path):
    """Write what --json prints of some Macs."""

    def write(*macs, kind=Result):
        path = tmp_path / "report.json"
        path.write_text(dumps(document(kind(macs))), encoding="utf-8")
        return path

    return write


def test_what_failed_or_was_left_alone_is_named_in_its_order(report):
    """An up-to-date Mac is not; if all Macs are, nothing is left."""
    assert find_left_behind(report(LEFT[0], UP_TO_DATE, *LEFT[1:])) == ("off", "by-hand", "failed")
    assert find_left_behind(report(UP_TO_DATE)) == ()
    assert find_left_behind(report()) == ()


def test_a_plan_is_not_a_report(report, tmp_path):
    """Nothing was done by it yet, so nothing can have failed: neither saved nor printed."""
    saved = tmp_path / "plan.json"
    save(Plan(PLANS), tmp_path / "lab.yaml", saved)
    for path in (report(*PLANS, kind=Plan), saved):
        with pytest.raises(PlanFileError) as caught:
            find_left_behind(path)
        assert caught.value.message == f"{path}: this is a plan, and says nothing that was done."
        assert caught.value.instead == "Give it what `torchard apply --json` printed."
    status = tmp_path / "status.json"
    status.write_text(dumps(status_document(Plan(PLANS), {})), encoding="utf-8")
    with pytest.raises(PlanFileError, match="this is a status, and says nothing that was done"):
        find_left_behind(status)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("macs: {}\n", "this is not a whole plan"),
        ("[]", "this is JSON, but not a plan"),
        ('{"format": 2, "macs": {"a": {}}, "summary": {}}', "this is not a plan of Torchard"),
        (None, "cannot be read"),
    ],
)
def test_another_file_is_refused_with_what_it_is(tmp_path, text, says):
    """A lab file, other JSON, or no file; the error says what to give instead."""
    path = tmp_path / "report.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(PlanFileError, match=says) as caught:
        find_left_behind(path)
    assert caught.value.instead == "Give it what `torchard apply --json` printed."
