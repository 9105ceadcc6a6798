"""While a plan is made, only read-only commands reach a Mac."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pyinfra.api import StringCommand

from torchard.remote import read_guard
from torchard.remote.facts import Room


class Arch:
    """A fact that is not Torchard's."""

    def command(self):
        return "uname -m; uname"


class Connector:
    """A connector that keeps what reached its Mac."""

    def __init__(self):
        self.reached = []

    def run_shell_command(self, command, *_, **__):
        self.reached.append(str(command))
        return True, None

    def put_file(self, *what):
        self.reached.append(what)

    def get_file(self, *what):
        self.reached.append(what)

    def rsync(self, *what):
        self.reached.append(what)


@pytest.fixture
def state():
    state = SimpleNamespace()
    read_guard.guard_state(state)
    return state


@pytest.fixture
def host(state):
    host = SimpleNamespace(name="studio-01", connector=Connector(), connector_data={})
    host.get_fact = lambda fact: host.connector.run_shell_command(fact().command())
    read_guard.allow_command(host, state, "uname -m")
    return host


def test_a_read_only_command_passes(host, state):
    """Any number of times, and another one once it is allowed."""
    for command in ("uname -m", StringCommand("uname -m"), StringCommand("uname", "-m")):
        assert host.connector.run_shell_command(command) == (True, None)
    read_guard.allow_command(host, state, "sw_vers")
    host.connector.run_shell_command("sw_vers", print_output=False)
    assert host.connector.run_shell_command("uname -m")[0]


@pytest.mark.parametrize("command", ["touch x", "uname -m; touch x", "uname -m ", ""])
def test_any_other_command_is_stopped(host, command):
    """With an error, before it leaves."""
    reached = list(host.connector.reached)
    with pytest.raises(read_guard.WrittenTooEarlyError, match="run_shell_command on studio-01"):
        host.connector.run_shell_command(StringCommand(command))
    assert host.connector.reached == reached


@pytest.mark.parametrize("way", ["put_file", "get_file", "rsync"])
def test_no_file_is_moved(host, way):
    """In either direction."""
    with pytest.raises(read_guard.WrittenTooEarlyError, match=f"{way} on studio-01"):
        getattr(host.connector, way)("a", "b")
    assert host.connector.reached == []


def test_a_fact_of_another_package_passes(host):
    """An operation that a person added to deploy.py needs it; nothing else passes afterwards."""
    assert host.get_fact(Arch) == (True, None)
    assert host.connector.reached == ["uname -m; uname"]
    with pytest.raises(read_guard.WrittenTooEarlyError):
        host.connector.run_shell_command("uname -m; uname")


def test_a_fact_that_fails_opens_no_door(host):
    """Whatever it raises."""
    with pytest.raises(AttributeError):
        host.get_fact(object)
    with pytest.raises(read_guard.WrittenTooEarlyError):
        host.connector.run_shell_command("touch x")


def test_a_fact_of_torchard_must_be_known(host):
    """Its command must be known to read."""
    with pytest.raises(read_guard.WrittenTooEarlyError):
        host.get_fact(Room)


def test_everything_passes_during_execution(host):
    """The plan was approved."""
    read_guard.set_executing(host, executing=True)
    host.connector.run_shell_command("touch x")
    host.connector.put_file("a", "b")
    assert host.connector.reached == ["touch x", ("a", "b")]


def test_a_run_of_pyinfra_itself_has_no_guard():
    """Other people's operations have facts of their own, which are read while pyinfra prepares."""
    state = SimpleNamespace()
    connector = Connector()
    host = SimpleNamespace(name="studio-01", connector=connector, connector_data={})
    read_guard.allow_command(host, state, "uname -m")
    host.connector.run_shell_command("stat models")
    assert host.connector.reached == ["stat models"]
