"""Locks are found or solved beside the work on Macs, and a Mac waits only for its own."""

from __future__ import annotations

import torchard.session  # isort: skip  # noqa: F401  # patches the standard library, so it comes first

from dataclasses import replace
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event
from locked import mac

from torchard.errors import TorchardError
from torchard.session.plan import plan_as_locked
from torchard.session.session import Session
from torchard.workspace.locks import LabLocks
from torchard.workspace.workspace import open_workspace

LAB = """\
environments: {torch: {python: "3.12"}}
macs:
  new: {address: 192.0.2.11, environments: [torch]}
  old: {address: 192.0.2.12, environments: [torch], arch: arm64, macos: "14.2"}
  twin: {address: 192.0.2.13, environments: [torch]}
  off: {address: 192.0.2.14, environments: [torch]}
"""


@pytest.fixture
def solving(monkeypatch):
    """Let each class be solved by an event of its own, and note what was asked for."""
    asked = []
    done = {"osx-arm64-macos14": Event(), "osx-arm64-macos15": Event()}

    def find(_locks, _environment, group, _mac):
        asked.append(str(group))
        done[str(group)].wait()
        raise TorchardError("The solver found nothing.")

    monkeypatch.setattr(LabLocks, "find", find)
    return SimpleNamespace(asked=asked, done=done)


@pytest.fixture
def session(tmp_path):
    """A session in which all Macs but one were read; `old` is of another class than the rest."""
    path = tmp_path / "lab.yaml"
    path.write_text(LAB, encoding="utf-8")
    space = open_workspace(path)
    made = Session(space, tuple(space.lab.macs.values()), locks_ahead=True)
    made.reasons["off"] = "it is off"
    states = {"new": mac(macos="15.0"), "twin": mac(macos="15.0"), "old": mac(macos="14.2")}
    for number, (name, state) in enumerate(states.items()):
        made.states[name] = (
            replace(state, serial=str(number)) if hasattr(state, "serial") else state
        )
        made.locking.start(made.macs[name], state)
    yield made
    made.locking.stop()


def test_a_mac_waits_only_for_its_own_lock(session, solving):
    """All Macs of a class ask for one lock. An unreachable Mac waits for nothing."""
    groups = plan_as_locked(session)
    assert list(next(groups)) == ["off"]
    gevent.sleep(0)
    assert solving.asked == ["osx-arm64-macos15", "osx-arm64-macos14"]
    solving.done["osx-arm64-macos14"].set()
    (old,) = next(groups).values()
    assert (old.name, old.state) == ("old", "blocked")
    solving.done["osx-arm64-macos15"].set()
    assert list(next(groups)) == ["new", "twin"]
    assert list(groups) == []


def test_a_lock_begins_before_its_mac_is_read(tmp_path, solving):
    """If the lab file says the class."""
    path = tmp_path / "lab.yaml"
    path.write_text(LAB, encoding="utf-8")
    space = open_workspace(path)
    made = Session(space, (space.lab.macs["old"],), locks_ahead=True)
    made.each = lambda *_, **__: gevent.sleep(0)  # it connects
    with made:
        assert solving.asked == ["osx-arm64-macos14"]


def test_what_is_still_solved_ends_with_the_session(session, solving):
    """No solver outlives its run."""
    gevent.sleep(0)
    (job,) = session.locking.list_unfinished(session.macs["new"], session.states["new"])
    session.__exit__()
    assert job.ready()
