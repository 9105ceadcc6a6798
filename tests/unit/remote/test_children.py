"""Programs on the controller end in time, with their children; a flood of output is cut."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import gevent
import gevent.subprocess
import pytest

from torchard.remote import children, open_files
from torchard.remote.openssh import Configurations
from torchard.remote.ssh_config import Destination
from torchard.remote.unreachable import ReachError


def test_the_output_of_a_program_is_returned():
    """Both outputs, apart."""
    assert children.run_program(["sh", "-c", "echo out; echo err >&2"], 20) == ("out\n", "err\n")


def test_the_exit_status_is_known_even_if_gevent_waits_for_the_process():
    """After gevent has started any process, its loop takes the status of every child."""
    gevent.subprocess.Popen(["true"]).wait()
    statuses = []
    for number in range(20):
        child = children.Child(["sh", "-c", "exit 7"])
        gevent.sleep(number % 2 * 0.02)
        assert child.wait(20)
        statuses.append(child.status)
    assert statuses == [7] * 20


# In a process of its own: its first child ends before gevent waits for any.
ENDED_BEFORE = """
from gevent import monkey
monkey.patch_all()
import os
from torchard.remote import children

child = children.Child(["echo", "fine"], reads=True)
os.waitid(os.P_PID, child._pid, os.WEXITED | os.WNOWAIT)
assert child.wait(3600)
assert (child.status, child.out) == (0, "fine\\n")
"""


def test_the_output_of_a_program_that_has_ended_already_is_not_waited_for():
    """No end of its pipes stays open here, or each wait would take as long as it may."""
    subprocess.run([sys.executable, "-c", ENDED_BEFORE], check=True, timeout=60)


def test_a_flood_is_cut():
    """The program still runs to its end."""
    answer = children.run_program([sys.executable, "-c", "print('x' * 10**7)"], 60)
    assert answer is not None
    assert len(answer[0]) == children.MOST_BYTES


def test_a_program_that_does_not_end_is_ended_with_what_it_started(tmp_path):
    """A `Match exec` that waits does not stop a run."""
    script = f"sleep 600 & echo $! >{tmp_path / 'pid'}; wait"
    assert children.run_program(["sh", "-c", script], 0.5) is None
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if "zombie" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    pytest.fail("it runs on")


def test_a_missing_program_is_an_error():
    """With Python's message; no descriptor stays open."""
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        children.run_program(["/nowhere/ssh"], 5)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_machine_without_ssh_says_what_to_install(monkeypatch):
    """In a sentence, for each Mac."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ReachError, match="this machine has no OpenSSH client"):
        Configurations().evaluate(Destination("mini"))


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    """Put a program in place of ssh; return the file of its arguments."""
    folder = tmp_path / "bin"
    folder.mkdir()
    asked = tmp_path / "asked"

    def write(script):
        program = folder / "ssh"
        program.write_text(f'#!/bin/sh\necho "$*" >>{asked}\n{script}\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return asked

    return write


def test_ssh_is_asked_once_for_a_host_and_the_folder_goes(ssh):
    """It is private while it exists."""
    asked = ssh("echo user ada; echo hostname mini; echo port 22")
    known = Configurations()
    folder = known.folder
    try:
        for _ in range(3):
            assert known.evaluate(Destination("mini")).user == "ada"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(asked.read_text().splitlines()) == 1
    finally:
        known.close()
    assert not folder.exists()


def test_an_older_ssh_is_asked_again_without_what_it_lacks(ssh):
    """One name after another, as it rejects one at a time."""
    ssh(
        'for name in SessionType StdinNull; do if grep -q "$name" "$2"; then'
        ' echo "$2 line 9: Bad configuration option: $name" >&2; exit 255; fi; done\n'
        "echo user ada; echo hostname mini; echo port 22"
    )
    known = Configurations()
    try:
        assert known.evaluate(Destination("mini")).hostname == "mini"
    finally:
        known.close()


def test_a_configuration_with_odd_paths_is_read(ssh, tmp_path):
    """Through a link without them; ssh's messages name the person's own file."""
    config = tmp_path / "my config*"
    config.write_text("", encoding="utf-8")
    ssh('echo "$(sed -n \'s/.*Include //p\' "$2") line 1: Bad thing" >&2; exit 255')
    known = Configurations()
    try:
        with pytest.raises(ReachError) as error:
            known.evaluate(Destination("mini", config=str(config)))
        assert f"{config} line 1: Bad thing" in str(error.value)
    finally:
        known.close()


def test_few_open_files_shrink_the_pool(monkeypatch):
    """256 as on macOS: the soft limit is raised, or else fewer Macs run at a time."""
    set_to = []
    monkeypatch.setattr(open_files.resource, "getrlimit", lambda _: (256, 1024))
    monkeypatch.setattr(open_files.resource, "setrlimit", lambda _, both: set_to.append(both))
    assert open_files.raise_limit(open_files.count_needed(100)) == open_files.count_needed(100)
    assert open_files.raise_limit(10**6) == 1024
    assert set_to == [(open_files.count_needed(100), 1024), (1024, 1024)]

    def refuse(*_):
        raise ValueError("not allowed")

    monkeypatch.setattr(open_files.resource, "setrlimit", refuse)
    assert open_files.raise_limit(10**6) == 256
    assert open_files.limit_parallel(256) == 48
    assert open_files.limit_parallel(10) == 1
    set_to.clear()
    monkeypatch.setattr(open_files.resource, "setrlimit", lambda _, both: set_to.append(both))
    assert open_files.raise_limit(200) == 200
    assert set_to == []
