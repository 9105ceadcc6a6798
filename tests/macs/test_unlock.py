"""Who holds a Mac's run lock; `torchard unlock` removes what a dead run left, and only that."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from on_a_mac import CONTROLLER, let_go
from test_scripts_lock import dead_pid, start_of

from simlab import macs
from simlab.lab import SimLab
from torchard.mac.state import RunLock
from torchard.operations import change_scripts

GONE = "Thu Jan  1 00:00:00 2026"
ID = "41-0123456789abcdef"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot):
    """A Mac that nobody has touched; neither locks nor packages are needed."""
    with SimLab(tmp_path_factory.mktemp("unlock") / "lab", 1, simlab_depot.root) as lab:
        yield lab


@pytest.fixture
def lock(lab):
    """Where the Mac's run lock is; it is gone after each test."""
    path = lab.macs["studio-01"].home / ".torchard/lock"
    yield path
    for file in path.glob("*"):
        file.unlink()
    if path.exists():
        path.rmdir()


def hold(lock, running: str, owner: str = f"{ID} 1700000000 ada@desk\n") -> None:
    lock.mkdir(parents=True)
    (lock / "owner").write_text(owner)
    (lock / "running").write_text(running)


def unlock(torchard, lab, *options):
    return torchard("unlock", "studio-01", lab.lab_file, *options, TZ="UTC")


def test_a_lock_that_nobody_holds_is_nothing_to_remove(lab, lock, torchard):
    """It is reported, and nothing is written: not even locks beside the lab file."""
    before = lab.snapshot()
    for options in ((), ("--holder", ID)):
        done = unlock(torchard, lab, *options)
        assert (done.returncode, done.stdout) == (0, "No run holds the lock of studio-01.\n")
    assert lab.snapshot() == before
    assert not (lab.directory / "locks").exists()


def test_what_a_dead_run_left_is_reported_with_the_id_that_removes_it(lab, lock, torchard):
    """Who, since when, that it is gone, and the very command; a wrong id changes nothing."""
    hold(lock, f"{dead_pid()}\n{GONE}\n")
    before = lab.snapshot()
    asked = unlock(torchard, lab)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr == (
        "ada@desk holds the run lock of studio-01 since 2023-11-14 22:13 UTC, but its process has"
        " ended.\n  The next run removes the lock, or run `torchard unlock studio-01"
        f" {lab.lab_file} --holder {ID}`.\n"
    )
    wrong = unlock(torchard, lab, "--holder", "42-fedcba9876543210")
    assert wrong.returncode == 1
    assert " Nothing was changed: its ID is not 42-fedcba9876543210." in wrong.stderr
    assert lab.snapshot() == before
    done = unlock(torchard, lab, "--holder", ID)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "The run lock of ada@desk on studio-01 is removed.\n"
    assert not lock.exists()
    assert not lock.with_name("lock.breaking").exists()


@pytest.mark.parametrize("signed", ["running", "step"])
def test_the_lock_of_a_run_that_is_still_there_is_never_removed(lab, lock, torchard, signed):
    """Also with the right ID: the message names what to end, and the lock goes with it."""
    environment = macs.environment(lab.macs["studio-01"].root)
    process, other = (subprocess.Popen(["/bin/sleep", "600"], env=environment) for _ in range(2))
    try:
        hold(lock, f"{dead_pid()}\n{GONE}\n2026-01-01 00:00 UTC\n")
        (lock / signed).write_text(f"{process.pid}\n{start_of(process.pid)}\n")
        before = lab.snapshot()
        for options in ((), ("--holder", ID)):
            done = unlock(torchard, lab, *options)
            assert done.returncode == 1
            assert re.search(
                rf"^ada@desk holds .* and is at work: process {process.pid}\.\n"
                rf"  Let it finish\. If it hangs, end it on the Mac with `kill {process.pid}`, or",
                done.stderr,
            )
        assert lab.snapshot() == before
        for name, pid in (("running", process.pid), ("step", other.pid)):
            (lock / name).write_text(f"{pid}\n{start_of(pid)}\n")
        both = sorted((process.pid, other.pid))
        said = re.search(r"is at work: processes (\d+) and (\d+)\.", unlock(torchard, lab).stderr)
        assert sorted(map(int, said.groups())) == both
    finally:
        for one in (process, other):
            one.kill()
            one.wait()
    assert unlock(torchard, lab, "--holder", ID).returncode == 0
    assert not lock.exists()


def test_a_lock_that_nobody_signed_expires_by_itself(lab, lock, torchard):
    """There is no id to give for it."""
    lock.mkdir(parents=True)
    done = unlock(torchard, lab)
    assert done.returncode == 1
    assert (
        "but the lock has no ID.\n  It expires by itself a minute after it was made.\n"
        in done.stderr
    )
    assert lock.exists()


def test_a_mac_is_named_by_its_name_alone(lab, torchard):
    """No pattern and no group: one lock is removed at a time."""
    for name in ("studio-*", "elsewhere"):
        done = torchard("unlock", name, lab.lab_file)
        assert done.returncode == 1
        assert done.stderr == (f"There is no Mac {name} in lab.yaml.\n  There are: studio-01.\n")


def test_a_mac_that_is_off_is_3(lab, torchard):
    """Who holds its lock cannot be known."""
    lab.macs["studio-01"].set(fault="refuse")
    try:
        done = unlock(torchard, lab)
    finally:
        lab.macs["studio-01"].set(fault=None)
    assert done.returncode == 3
    assert done.stderr.startswith("studio-01 is unreachable: 127.0.0.1:")


@pytest.mark.parametrize(("token", "way"), [(ID, f"--holder {ID}`."), ("", "remove ~/.torchard/")])
def test_the_lock_of_another_mac_is_reported_with_what_to_do(token, way):
    """Nobody but that Mac knows whether its run has ended, so a person looks there."""
    lock = RunLock(token, "ada@desk", 0, elsewhere="studio-02.local")
    # Imported only here: the command patches threads, and a worker needs them before.
    said = import_module("torchard.cli.unlock")._refuse(
        "studio-01", Path("lab.yaml"), lock, None, "~/.torchard"
    )
    assert said.message == (
        "ada@desk holds the run lock of studio-01, from studio-02.local, another Mac with the same"
        " home."
    )
    assert said.instead.startswith("Only that Mac knows whether its run has ended.")
    assert way in said.instead


def test_everything_is_judged_again_on_the_mac(mac):
    """Between the look and the removal, another run may have come, or this one come to life."""
    script = change_scripts.remove_lock(replace(CONTROLLER, ended=ID))
    assert mac.run(script).returncode == 0
    holder = mac.hold("bob@lab")
    another = mac.run(script)
    assert another.returncode == 1
    assert another.stderr == "another run holds the lock now; nothing was changed\n"
    (mac.lock / "owner").write_text(f"{ID} 1700000000 ada@desk\n")
    alive = mac.run(script)
    assert alive.returncode == 1
    assert alive.stderr == "ada@desk is still at work there; nothing was changed\n"
    assert mac.lock.exists()
    assert let_go(holder) == 0
