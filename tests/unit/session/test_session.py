"""A session before it connects."""

from __future__ import annotations

import torchard.session  # isort: skip  # noqa: F401  # patches the standard library, so it comes first

import subprocess
import sys

import pytest
from gevent.event import Event
from pyinfra.api.state import StateStage

from torchard.errors import TorchardError
from torchard.remote import read_guard
from torchard.session import signals
from torchard.session.session import INTERRUPTED, Session
from torchard.workspace.workspace import open_workspace


@pytest.fixture
def session(tmp_path):
    """A session with one Mac, which nobody contacts."""
    lab = tmp_path / "lab.yaml"
    lab.write_text("macs: {studio-01: {address: 192.0.2.11}}\n", encoding="utf-8")
    workspace = open_workspace(lab, locked=True)
    return Session(workspace, tuple(workspace.lab.macs.values()))


def test_a_session_sends_only_commands_that_are_known_to_read(session):
    """Until it executes a plan."""
    host = session.hosts["studio-01"]
    read_guard.allow_command(host, session.state, "uname -m")
    with pytest.raises(read_guard.WrittenTooEarlyError):
        host.connector.run_shell_command("touch x")


def test_what_goes_wrong_with_one_mac_is_its_reason(session):
    """And ends no other's work, except for a command that must never be sent."""

    def fail(_name):
        raise TorchardError("its disk is full")

    session.each(["studio-01"], fail, is_executing=False)
    assert session.reasons == {"studio-01": "its disk is full"}

    def write(name):
        session.hosts[name].connector.run_shell_command("touch x")

    read_guard.allow_command(session.hosts["studio-01"], session.state, "uname -m")
    with pytest.raises(read_guard.WrittenTooEarlyError):
        session.each(["studio-01"], write, is_executing=False)


def test_a_signal_that_came_before_a_wait_ends_the_run(session, monkeypatch):
    """Nothing is done any more, and no Mac is contacted; the command prints what it knows."""
    received = signals._Received(143, SystemExit(143))
    monkeypatch.setattr(signals, "_RECEIVED", received)
    done = []
    assert session.until_interrupted(lambda: done.append("solved")) is None
    with session:
        assert session.interrupted == 143
    session.until_interrupted(lambda: done.append("the rest"))
    assert (done, session.reasons) == (["the rest"], {"studio-01": INTERRUPTED})


def test_a_task_that_a_signal_ends_returns_nothing(session):
    """Ctrl-C has the exit code 130."""

    def press():
        raise KeyboardInterrupt

    assert session.until_interrupted(lambda: 7) == 7
    assert session.until_interrupted(press) is None
    assert session.interrupted == 130


def test_each_mac_has_a_stage_of_its_own(tmp_path):
    """While one Mac is changed, another one is still only read."""
    lab = tmp_path / "lab.yaml"
    lab.write_text("macs: {a: {address: 192.0.2.11}, b: {address: 192.0.2.12}}\n")
    workspace = open_workspace(lab, locked=True)
    session = Session(workspace, tuple(workspace.lab.macs.values()))
    is_changing, is_read = Event(), Event()
    stages = {}

    def work(name):
        if name == "a":
            read_guard.set_executing(session.hosts[name], executing=True)
            is_changing.set()
            is_read.wait()
        else:
            is_changing.wait()
        stages[name] = (session.state.is_executing, session.state.current_stage)
        is_read.set()

    session.each(["a", "b"], work, is_executing=False)
    assert stages == {"a": (True, StateStage.Execute), "b": (False, StateStage.Prepare)}


def test_a_library_that_nobody_needs_is_not_imported():
    """Another part of the same process may still import it."""
    script = (
        "import sys, torchard.session.session; print('invoke' in sys.modules); import invoke;"
        " print('invoke' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "False\nTrue\n"), done.stderr
