"""Between the scripts of a run no process holds the run lock; a lease keeps it for a while."""

from __future__ import annotations

import os
import re
import time

import pytest
import shells
from on_a_mac import let_go, locked

from torchard.operations import change_scripts
from torchard.operations.controller import Controller

TAKE = "take_lock; echo taken"
RUN = "41-0123456789abcdef-3f9a12c4"
LEASE = 600  # seconds


def script(body: str = TAKE, **more: object) -> str:
    """Return a script of a run that leaves a lease."""
    return locked(body, run=RUN, lease=LEASE, **more)


def others(body: str = TAKE, **more: object) -> str:
    """Return a script of another person's run."""
    return locked(body, "bob@lab", run="42-fedcba9876543210-3f9a12c4", **more)


def leave_lease(mac, age: int = 0) -> None:
    """Leave the lock of a run whose last script ended so many seconds ago."""
    assert mac.run(script()).stdout == "taken\n"
    change_lease(mac, 2, str(int(time.time()) - age))


def change_lease(mac, line: int, text: str) -> None:
    lease = mac.lock / "lease"
    lines = lease.read_text().splitlines()
    lines[line] = text
    lease.write_text("".join(f"{one}\n" for one in lines))


def is_free(mac) -> bool:
    """Tell whether the lock is free for another run, as its script and as the probe sees it."""
    seen = mac.state.lock
    done = mac.run(others())
    free = done.stdout == "taken\n"
    assert free or "; nothing was done\n" in done.stderr
    assert free == (seen is None or not seen.is_busy)
    return free


@pytest.mark.parametrize("shell", shells.EVERY)
def test_a_run_keeps_the_lock_between_its_scripts(mac, shell):
    """Another run reports who works, since when and until when; the run itself goes on."""
    assert mac.run(script(), shell=shell).stdout == "taken\n"
    since = (mac.lock / "running").read_text().splitlines()[2]
    for _ in range(2):
        refused = mac.run(others(), shell=shell)
        assert refused.stdout == ""
        assert re.fullmatch(
            rf"ada@desk is at work on this Mac since {since}; its lock ends at \d\d:\d\d \w+ if it"
            r" does not go on; nothing was done\n",
            refused.stderr,
        )
        again = mac.run(script("take_lock; need_lock; echo on", resumes=True), shell=shell)
        assert (again.stdout, again.stderr) == ("on\n", "")
    lock = mac.state.lock
    assert (lock.token, lock.who, lock.processes) == (RUN, "ada@desk", ())
    assert abs(lock.until - time.time() - LEASE) < LEASE / 2
    assert (mac.lock / "running").read_text().splitlines()[2] == since
    assert sorted(path.name for path in mac.torchard.glob("lock*")) == ["lock"]


@pytest.mark.parametrize(
    ("age", "free"),
    [
        (LEASE - 60, False),
        (LEASE + 1, True),
        (60 - LEASE, False),
        (-LEASE - 60, True),
        (-(10**9), True),
    ],
)
def test_a_lease_ends_by_itself(mac, age, free):
    """Whichever way somebody sets the Mac's clock, it lasts no longer than it is long."""
    leave_lease(mac, age)
    assert is_free(mac) == free


def test_the_directories_for_uploads_are_made_first(mac):
    """Nobody else can write to them, whatever umask the account has."""
    begin = change_scripts.begin_run(Controller("ada@desk", RUN, lease=LEASE))
    assert mac.run(f"umask 000; {begin}").returncode == 0
    made = [mac.torchard, mac.torchard / "depot", mac.incoming]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o755] * 3


@pytest.mark.parametrize("text", ["", "x", "9" * 40])
def test_a_lease_that_cannot_be_read_has_ended(mac, text):
    """A disk that was full, or a person, left half of it."""
    leave_lease(mac)
    change_lease(mac, 2, text)
    assert is_free(mac)


def test_a_restart_ends_a_lease(mac):
    """The boot session that it names is over."""
    leave_lease(mac)
    change_lease(mac, 1, "00000000-0000-4000-8000-000000000000")
    assert is_free(mac)


def test_a_lease_of_another_mac_ends_as_well(mac):
    """Two Macs may share a home: nothing but time passes the same on both."""
    leave_lease(mac)
    change_lease(mac, 0, "00000000-0000-4000-8000-000000000000")
    change_lease(mac, 1, "00000000-0000-4000-8000-000000000000")
    running = mac.lock / "running"
    lines = running.read_text().splitlines()
    lines[3] = "00000000-0000-4000-8000-000000000000"
    running.write_text("".join(f"{line}\n" for line in lines))
    assert not is_free(mac)
    change_lease(mac, 2, str(int(time.time()) - LEASE))
    assert is_free(mac)


@pytest.mark.parametrize(("age", "free"), [(30, False), (300, True), (-7200, True)])
def test_an_upload_that_grows_keeps_the_lease(mac, age, free):
    """A large file may take longer than the lease; bytes of it are a sign of life."""
    leave_lease(mac, LEASE)
    file = mac.incoming / f"{'a' * 64}.{RUN}"
    file.write_text("half")
    os.utime(file, (time.time() - age,) * 2)
    assert is_free(mac) == free


@pytest.mark.parametrize("shell", shells.EVERY)
def test_a_script_that_fails_leaves_no_lease(mac, shell):
    """The run ends there."""
    assert mac.run(script("take_lock; die no"), shell=shell).returncode == 1
    assert not mac.lock.exists()
    assert mac.run(script("take_lock; false"), shell=shell).returncode == 1
    assert not mac.lock.exists()


@pytest.mark.parametrize("taken", [True, False])
def test_a_run_whose_lease_has_ended_stops(mac, taken):
    """Another run may have worked since, or works now: nothing of this one is done beside it."""
    leave_lease(mac, LEASE)
    holder = mac.start(others("take_lock; echo taken; read -r line"))
    assert holder.stdout.readline() == "taken\n"
    if not taken:
        assert let_go(holder) == 0
    late = mac.run(script("take_lock; echo on", resumes=True))
    assert (late.returncode, late.stdout) == (1, "")
    assert late.stderr.startswith("this run's lock on the Mac has ended, ")
    assert late.stderr.endswith("; it stopped where it was; run it again\n")
    assert mac.lock.exists() == taken


def test_an_ended_lease_that_nobody_took_is_resumed(mac):
    """Nobody was in between, so the run goes on."""
    leave_lease(mac, 10 * LEASE)
    assert mac.run(script(resumes=True)).stdout == "taken\n"


def test_the_end_of_a_run_ends_its_lease(mac):
    """At once, and no other run's."""
    leave_lease(mac)
    assert mac.run(change_scripts.end_lease(Controller("bob@lab", "42-other"))).returncode == 0
    assert mac.lock.exists()
    assert mac.run(change_scripts.end_lease(Controller("ada@desk", RUN))).returncode == 0
    assert not list(mac.torchard.glob("lock*"))


def test_a_script_that_outlives_its_controller_leaves_no_lease(mac):
    """A controller that is interrupted says so, and the script that still works ends the lock."""
    worker = mac.start(script("take_lock; echo taken; read -r line"))
    assert worker.stdout.readline() == "taken\n"
    assert mac.run(change_scripts.end_lease(Controller("ada@desk", RUN))).returncode == 0
    assert "ada@desk is at work on this Mac since " in mac.run(others()).stderr
    assert let_go(worker) == 0
    assert not mac.lock.exists()


def test_a_run_that_has_ended_holds_nobody_up(mac):
    """The same computer knows that it has: its script is waited for, its lease is not."""
    waiting = mac.tell_of_waiting()
    worker = mac.start(script("take_lock; echo taken; read -r line"))
    assert worker.stdout.readline() == "taken\n"
    again = mac.start(locked(TAKE, run="43-ab-cd", ended=RUN))
    assert waiting.read_text() == "\n"
    assert let_go(worker) == 0
    assert again.communicate(timeout=60) == ("taken\n", "")


def test_of_many_that_meet_at_an_ended_lease_exactly_one_gets_it(mac):
    """Its own run is among them: it goes on or stops, and never works beside another."""
    mac.tool("sleep", "exec /bin/sleep 0.02")
    for _ in range(3):
        leave_lease(mac, LEASE)
        body = "echo ready; read -r go; take_lock; echo taken; read -r done"
        crowd = [mac.start(script(body, resumes=True))]
        crowd += [
            mac.start(locked(body, f"c{n}@lab", run=f"{n}-ab-cd", lease=LEASE)) for n in range(4)
        ]
        assert [one.stdout.readline() for one in crowd] == ["ready\n"] * 5
        for one in crowd:
            one.stdin.write("go\n")
            one.stdin.flush()
        answers = [one.stdout.readline() for one in crowd]
        assert sorted(answers) == [""] * 4 + ["taken\n"]
        winner = answers.index("taken\n")
        who = f"c{winner - 1}@lab" if winner else "ada@desk"
        for number, one in enumerate(crowd):
            _, errors = one.communicate("\n", timeout=60)
            if number == 0 != winner:
                assert errors.startswith("this run's lock on the Mac has ended, ")
            elif number != winner:
                assert errors.startswith(f"{who} is at work on this Mac since ")
        token = RUN if winner == 0 else f"{winner - 1}-ab-cd"
        assert mac.run(change_scripts.end_lease(Controller("", token))).returncode == 0
        assert not list(mac.torchard.glob("lock*"))
        mac.started.clear()


def test_unlock_ends_a_lease(mac):
    """A person who knows that the run has ended need not wait for its lease."""
    leave_lease(mac)
    wrong = mac.run(change_scripts.remove_lock(Controller("", "t", ended="42-other")))
    assert wrong.stderr == "another run holds the lock now; nothing was changed\n"
    assert mac.run(change_scripts.remove_lock(Controller("", "t", ended=RUN))).returncode == 0
    assert not mac.lock.exists()
