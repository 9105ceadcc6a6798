"""Planning a session: what is known of each Mac decides, and no Mac is contacted here."""

from __future__ import annotations

import torchard.session  # isort: skip  # noqa: F401  # patches the standard library, so it comes first

from types import SimpleNamespace

import pytest
from locked import lock, mac, package

from torchard.lab.model import MacHost
from torchard.plan.plan import MacPlan, Plan, plan_mac
from torchard.plan.target import Target
from torchard.session.plan import make_plan, recheck_plan
from torchard.workspace.locks import LockMissingError

LOCK = lock([package("python", "3.12.13")])
STATE = mac()


class Workspace:
    """A workspace whose locks are known; or, with `missing`, one whose lock files are missing."""

    def __init__(self, *, missing=False):
        self.states = {}
        self.missing = missing
        self.artefacts = SimpleNamespace(mark_fetched=lambda plan: plan)

    def find_target(self, host, state):
        if self.missing:
            raise LockMissingError("The lock locks/torch.json is missing.")
        return Target(host, state, locks={LOCK.environment: LOCK})


def a_session(*names, missing=False, **reasons):
    """A session with these Macs; those with a reason could not be read."""
    return SimpleNamespace(
        workspace=Workspace(missing=missing),
        macs={name: MacHost(name, address="192.0.2.11") for name in names},
        states={name: STATE for name in names if name not in reasons},
        reasons=reasons,
        unfit=set(),
        interrupted=None,
        until_interrupted=lambda task: task(),
        each=lambda names, _task, **_options: list(names),
        wait_for_locks=lambda names, _count=None: list(names),
        wait_for_all_locks=lambda: None,
    )


def test_every_mac_has_a_plan_in_the_order_of_the_lab():
    """One that was read is compared; one that was not is unreachable, with the reason."""
    session = a_session("attic", "studio", attic="it does not answer")
    plan = make_plan(session)
    assert [(one.name, one.state) for one in plan.macs] == [
        ("attic", "unreachable"),
        ("studio", "change"),
    ]
    assert plan.macs[0].reason == "it does not answer"
    assert session.workspace.states == {"studio": STATE}


def test_a_mac_that_cannot_be_managed_is_blocked():
    """It answered, so it is not unreachable."""
    session = a_session("pi", pi="it runs Linux, not macOS")
    session.unfit.add("pi")
    (planned,) = make_plan(session).macs
    assert (planned.state, planned.reason) == ("blocked", "it runs Linux, not macOS")


def test_a_saved_plan_is_done_if_its_mac_has_not_changed():
    session = a_session("studio")
    saved = make_plan(session)
    assert recheck_plan(session, saved) == saved


@pytest.mark.parametrize(
    ("session", "state", "reason"),
    [
        (a_session(), "unreachable", "does not name it any more"),
        (a_session("studio", studio="it does not answer"), "unreachable", "it does not answer"),
        (a_session("studio", missing=True), "blocked", "is missing. Plan again"),
    ],
    ids=["removed from the lab", "unreachable now", "its lock file is missing"],
)
def test_a_saved_plan_is_not_done_where_its_mac_has_changed(session, state, reason):
    saved = plan_mac(Target(MacHost("studio"), STATE, locks={LOCK.environment: LOCK}))
    (planned,) = recheck_plan(session, Plan((saved,))).macs
    assert (planned.state, planned.steps) == (state, ())
    assert reason in planned.reason


@pytest.mark.parametrize("state", ["unreachable", "blocked"])
def test_a_mac_that_a_saved_plan_leaves_alone_stays_so(state):
    """Also if it answers by now."""
    saved = MacPlan("studio", state, reason="it did not answer")
    assert recheck_plan(a_session("studio"), Plan((saved,))).macs == (saved,)
