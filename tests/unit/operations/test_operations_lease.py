"""A run takes a Mac's lock once, and ends it with its work or its connection."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import gevent
import pytest

from torchard.lab.model import MacHost, Timeouts
from torchard.mac.state import RunLock
from torchard.operations import lease, report
from torchard.workspace import runs

MAC = MacHost("studio-01")


class Host:
    """A host of pyinfra that keeps the commands it is given, and answers as it must."""

    name = "studio-01"

    def __init__(self, *answers: object) -> None:
        self.connector_data: dict[str, object] = {}
        self.commands: list[str] = []
        self.limits: list[int | None] = []
        self.answers = [*answers]
        self.disconnected = 0

    def run_shell_command(self, command, _timeout=None):
        self.commands.append(command.get_raw_value())
        self.limits.append(_timeout)
        answer = self.answers.pop(0) if self.answers else "yes"
        if isinstance(answer, Exception):
            raise answer
        return answer == "yes", SimpleNamespace(
            stdout_lines=[], stderr="bob@lab is at work on this Mac; nothing was done\n"
        )

    def disconnect(self):
        self.disconnected += 1

    def log_styled(self, *_: object, **__: object) -> None:
        """Print nothing."""


@pytest.fixture(autouse=True)
def _no_file_of_this_run(monkeypatch):
    monkeypatch.setattr(runs, "register_run", lambda: None)


def begin(host, mac=MAC):
    command = lease.begin_run(mac, None)
    return command.function(None, host, *command.args)


def test_the_lock_is_taken_once():
    """The first operation that changes something takes it; the others go on with it."""
    host = Host()
    assert begin(host)
    assert begin(host)
    assert len(host.commands) == 1


def test_a_run_that_comes_too_late_fails_before_it_sends_anything():
    """The reason says who works there."""
    host = Host("no")
    assert not begin(host)
    said = host.connector_data[report.FAILURE]
    assert said == "bob@lab is at work on this Mac; nothing was done"


def test_the_end_of_a_connection_ends_the_run():
    """However the run ends: with its work, an error, or Ctrl-C."""
    host = Host()
    host.disconnect()
    assert host.commands == []
    begin(host)
    host.disconnect()
    assert (len(host.commands), host.disconnected) == (2, 2)
    lease.end_run(host)
    assert len(host.commands) == 2


@pytest.mark.parametrize("error", [OSError(), EOFError()])
def test_a_lock_that_cannot_be_ended_ends_by_itself(error):
    """A lost connection fails nothing."""
    host = Host("yes", error)
    begin(host)
    host.disconnect()
    assert host.disconnected == 1


def test_a_mac_that_does_not_answer_is_left_after_a_while(monkeypatch):
    """The run ends without it."""
    monkeypatch.setattr(lease, "_RELEASE_SECONDS", 0)
    host = Host()
    begin(host)
    host.run_shell_command = lambda *_, **__: gevent.sleep(600)
    host.disconnect()
    assert host.disconnected == 1


def test_the_lock_of_an_ended_run_is_named():
    """The script on the Mac does not wait for that run's lease."""
    ours = f"{runs.this_run()}-00000000"
    assert lease.run_once(Host(), MAC, RunLock(ours, "ada", 1)).ended == ours
    assert lease.run_once(Host(), MAC, RunLock("12-ab-cd", "ada", 1)).ended == ""
    assert lease.run_once(Host(), MAC, None).ended == ""


def test_a_lease_is_renewed_while_something_is_fetched():
    """A download may take longer than the lease. A renewal may fail, and it has a time limit."""
    host = Host("yes", OSError())
    with lease.renewed_lease(host, MAC):
        gevent.sleep(0.05)
    assert host.commands == []
    begin(host, replace(MAC, timeouts=Timeouts(lease=0.03)))
    with lease.renewed_lease(host, MAC):
        while len(host.commands) < 4:
            gevent.sleep(0.01)
    count = len(host.commands)
    gevent.sleep(0.05)
    assert len(host.commands) == count
    assert set(host.limits[1:]) == {MAC.timeouts.transfer}
