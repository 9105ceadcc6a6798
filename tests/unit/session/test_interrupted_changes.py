"""A run that is interrupted: a Mac on which nothing was begun did not fail."""

from __future__ import annotations

import torchard.session  # isort: skip  # noqa: F401  # patches the standard library, so it comes first

from types import SimpleNamespace

import pytest
from locked import lock, mac, package

from torchard.lab.model import MacHost
from torchard.plan.codec import document, dumps
from torchard.plan.leftover import find_left_behind
from torchard.plan.plan import Plan, plan_mac
from torchard.plan.result import MacRun
from torchard.plan.target import Target
from torchard.render.text import result_lines
from torchard.session import signals
from torchard.session.apply import _Work, apply_plan
from torchard.session.change import change_macs
from torchard.session.session import INTERRUPTED, INTERRUPTED_STEP, Session
from torchard.workspace.workspace import open_workspace

LOCK = lock([package("python", "3.12.13")])
PLANNED = plan_mac(Target(MacHost("studio-01"), mac(), locks={LOCK.environment: LOCK}))
PLAN = Plan((PLANNED,))
IDS = tuple(step.id for step in PLANNED.steps)


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A session of one Mac that a signal has ended before the work."""
    lab = tmp_path / "lab.yaml"
    lab.write_text("macs: {studio-01: {address: 192.0.2.11}}\n", encoding="utf-8")
    workspace = open_workspace(lab, locked=True)
    monkeypatch.setattr(signals, "_RECEIVED", signals._Received(130, KeyboardInterrupt()))
    with Session(workspace, tuple(workspace.lab.macs.values())) as session:
        assert session.interrupted == 130
        yield session


def outcomes(found):
    return [step.outcome for step in found.steps]


@pytest.mark.parametrize("change", [apply_plan, lambda *them: change_macs(*them, pytest.fail)])
def test_a_mac_on_which_nothing_was_begun_is_still_to_change(interrupted, tmp_path, change):
    """Its text, its JSON and --only-failed-from agree: not begun, and not failed."""
    result = change(interrupted, PLAN)
    (found,) = result.macs
    assert (found.state, found.reason) == ("change", INTERRUPTED)
    assert set(outcomes(found)) == {"not_started"}
    text = "\n".join(line.plain for line in result_lines(result))
    assert INTERRUPTED in text
    assert "failed" not in text
    report = tmp_path / "report.json"
    report.write_text(dumps(document(result)), encoding="utf-8")
    assert find_left_behind(report) == ("studio-01",)


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (MacRun(), "change"),  # for example, while pyinfra prepared its operations
        (MacRun(failed=IDS[:1]), "failed"),
        (MacRun(done=IDS), "failed"),
    ],
)
def test_only_a_step_that_had_begun_may_go_on_by_itself(run, state):
    """The sentence that says so is not printed of a Mac without such a step."""
    session = SimpleNamespace(reasons={"studio-01": INTERRUPTED_STEP})
    found = _Work(session, {"studio-01": PLANNED}, _runs={"studio-01": run})._report("studio-01")
    assert found.state == state
    assert (found.reason == INTERRUPTED_STEP) == (state == "failed")


def test_a_rollback_that_had_begun_says_which_step_goes_on():
    """Its one step did not end here, so it is not called not started."""
    session = SimpleNamespace(
        reasons={"studio-01": INTERRUPTED_STEP}, each=lambda *_, **_options: None
    )
    (found,) = change_macs(session, PLAN, pytest.fail).macs
    assert (found.state, set(outcomes(found))) == ("failed", {"failed"})
    session.reasons["studio-01"] = "another run works there"
    (found,) = change_macs(session, PLAN, pytest.fail).macs
    assert (found.state, set(outcomes(found))) == ("failed", {"not_started"})
