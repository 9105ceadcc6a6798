"""One controller at a time works on a Mac, whatever becomes of the others."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import shells
from on_a_mac import let_go, locked

if TYPE_CHECKING:
    from pathlib import Path

TAKE = "take_lock; echo taken"
CONTENT = b"whatever was pushed"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def leave_lock(mac, running: str | None) -> None:
    """Leave the lock of a run that is gone."""
    mac.lock.mkdir(parents=True)
    (mac.lock / "owner").write_text("old 1700000000 ada@desk\n")
    if running is not None:
        (mac.lock / "running").write_text(running)


def dead_pid() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    return process.pid


def start_of(pid: int) -> str:
    """Return when a process started, as run_lock.sh asks a Mac's ps, which fills 28 columns."""
    asked = ["ps", "-o", "lstart=", "-p", str(pid)]
    environment = {**os.environ, "TZ": "UTC0", "LC_ALL": "C"}
    return (
        subprocess.run(asked, capture_output=True, text=True, env=environment, check=True)
        .stdout.rstrip("\n")
        .ljust(28)
    )


@pytest.mark.parametrize("shell", shells.EVERY)
def test_the_lock_is_taken_and_released(mac, shell):
    """While a run works its lock names it and its controller; afterwards it is gone."""
    process = mac.hold(shell=shell)
    assert (mac.lock / "running").read_text().splitlines()[:2] == [
        str(process.pid),
        start_of(process.pid),
    ]
    assert re.fullmatch(r"a-token \d+ ada@desk\n", (mac.lock / "owner").read_text())
    assert let_go(process) == 0
    assert not mac.lock.exists()


@pytest.mark.parametrize("shell", shells.EVERY)
def test_another_controller_is_refused_with_who_and_since_when(mac, shell):
    """The second controller reports, in one sentence with a date, whose work it would disturb."""
    holder = mac.hold("ada lovelace@desk")
    refused = mac.run(locked(TAKE, "bob@lab"), shell=shell)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert re.fullmatch(
        r"ada lovelace@desk is at work on this Mac since 20\d\d-\d\d-\d\d \d\d:\d\d \w+;"
        r" nothing was done\n",
        refused.stderr,
    )
    assert let_go(holder) == 0


def test_the_same_controller_waits_for_what_it_left(mac):
    """A run whose connection dropped is waited for by the next one of its controller."""
    waiting = mac.tell_of_waiting()
    left = mac.hold()
    again = mac.start(locked(TAKE))
    assert waiting.read_text() == "\n"
    assert let_go(left) == 0
    assert again.communicate(timeout=60) == ("taken\n", "")


def test_the_lock_of_a_dead_process_is_broken(mac):
    """What a killed run left holds nobody up."""
    leave_lock(mac, f"{dead_pid()}\nThu Jan  1 00:00:00 2026\n")
    assert mac.run(locked(TAKE, "bob@lab")).stdout == "taken\n"


def test_a_number_without_a_start_is_nobodys(mac):
    """A signature that was cut off after the number of a dead process holds nobody up."""
    leave_lock(mac, f"{dead_pid()}\n")
    assert mac.run(locked(TAKE, "bob@lab")).stdout == "taken\n"


def test_a_number_that_was_given_again_counts_as_dead(mac):
    """A process that has the number of the lock, and another start, is not its owner."""
    other = mac.start("read -r line")
    leave_lock(mac, f"{other.pid}\nThu Jan  1 00:00:00 2026\n")
    assert mac.run(locked(TAKE, "bob@lab")).stdout == "taken\n"


def test_a_lock_outlives_a_change_of_the_time_zone(mac):
    """Two shells in different time zones see the same start of the same process."""
    holder = mac.hold(TZ="JST-9")
    refused = mac.run(locked(TAKE, "bob@lab"), TZ="EST5")
    assert "ada@desk is at work on this Mac" in refused.stderr
    assert let_go(holder) == 0


def test_a_young_unsigned_lock_is_respected_and_an_old_one_broken(mac):
    """Between taking and signing a lock is a moment; two minutes are more than that."""
    waiting = mac.tell_of_waiting()
    leave_lock(mac, None)
    other = mac.start(locked(TAKE, "bob@lab"))
    assert waiting.read_text() == "\n"
    old = time.time() - 130
    os.utime(mac.lock, (old, old))
    assert other.communicate(timeout=60) == ("taken\n", "")


def test_a_killed_breaker_holds_nobody_up(mac):
    """The mark of one that was killed while it broke a lock is broken in its turn."""
    leave_lock(mac, f"{dead_pid()}\nThu Jan  1 00:00:00 2026\n")
    breaking = mac.torchard / "lock.breaking"
    breaking.mkdir()
    old = time.time() - 130
    os.utime(breaking, (old, old))
    assert mac.run(locked(TAKE, "bob@lab")).stdout == "taken\n"
    assert not breaking.exists()


def test_a_dead_lock_that_cannot_be_removed_is_an_error(mac):
    """Such as one that another account made: the run does not try again and again."""
    leave_lock(mac, f"{dead_pid()}\nThu Jan  1 00:00:00 2026\n")
    perl = (mac.root / "bin/perl").rename(mac.root / "bin/perl-itself")
    mac.tool("perl", f'case "$*" in *" {mac.lock} "*) exit 1 ;; esac\nexec \'{perl}\' "$@"')
    refused = mac.run(locked(TAKE, "bob@lab"))
    assert f"the lock of a dead run, {mac.lock}, cannot be removed" in refused.stderr
    assert (refused.stdout, refused.returncode) == ("", 1)
    assert not (mac.torchard / "lock.breaking").exists()


@pytest.mark.parametrize("shell", shells.EVERY)
def test_of_many_that_break_a_stale_lock_exactly_one_gets_it(mac, shell):
    """Twelve controllers meet at the lock of a dead run: one works, eleven report that."""
    mac.tool("sleep", "exec /bin/sleep 0.02")
    leave_lock(mac, f"{dead_pid()}\nThu Jan  1 00:00:00 2026\n")
    body = "echo ready; read -r go; take_lock; echo taken; read -r done"
    crowd = [mac.start(locked(body, f"c{n}@lab"), shell=shell) for n in range(12)]
    for one in crowd:
        assert one.stdout.readline() == "ready\n"
    for one in crowd:
        one.stdin.write("go\n")
        one.stdin.flush()
    answers = [one.stdout.readline() for one in crowd]
    assert sorted(answers) == [""] * 11 + ["taken\n"]
    winner = answers.index("taken\n")
    for number, one in enumerate(crowd):
        _, errors = one.communicate("\n", timeout=60)
        if number != winner:
            assert errors.startswith(f"c{winner}@lab is at work on this Mac since ")
    assert not mac.lock.exists()


def test_runs_of_one_controller_work_one_after_the_other(mac):
    """Eight runs that wait for each other all work, and never two at once."""
    mac.tool("sleep", "exec /bin/sleep 0.02")
    inside = mac.home / "inside"
    body = f"take_lock; mkdir '{inside}' && rmdir '{inside}' && echo alone"
    crowd = [mac.start(locked(body)) for _ in range(8)]
    assert [one.communicate(timeout=60) for one in crowd] == [("alone\n", "")] * 8


@pytest.mark.parametrize("shell", shells.EVERY)
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_releases_the_lock(mac, name, shell):
    """A run that is asked to end leaves no lock, and the signal's own status."""
    number = signal.Signals[name]
    process = mac.hold(shell=shell)
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert not mac.lock.exists()


def test_what_survives_a_kill_is_broken_by_the_next(mac):
    """SIGKILL leaves the lock, and the next run is not held up by it."""
    process = mac.hold()
    process.kill()
    process.wait()
    assert (mac.lock / "running").exists()
    assert mac.run(locked(TAKE, "bob@lab")).stdout == "taken\n"


def test_a_step_that_outlives_its_shell_still_holds_the_lock(mac):
    """Where only the shell was killed, what it had started is not disturbed, but waited for."""
    begun, finish = mac.root / "begun", mac.root / "finish"
    os.mkfifo(begun)
    os.mkfifo(finish)
    body = f"take_lock; open_log x; run_logged sh -c 'echo >{begun}; read -r line <{finish}'"
    process = mac.start(locked(body))
    assert begun.read_text() == "\n"
    process.kill()
    process.wait()
    refused = mac.run(locked(TAKE, "bob@lab"))
    assert "ada@desk is at work on this Mac" in refused.stderr
    waiting = mac.tell_of_waiting()
    again = mac.start(locked(TAKE))
    assert waiting.read_text() == "\n"
    finish.write_text("\n")
    assert again.communicate(timeout=60) == ("taken\n", "")


@pytest.mark.parametrize("shell", shells.EVERY)
def test_what_a_killed_step_had_started_still_holds_the_lock(mac, shell):
    """Where the shell and its step were killed, the step's own children are waited for."""
    begun, finish = mac.root / "begun", mac.root / "finish"
    os.mkfifo(begun)
    os.mkfifo(finish)
    child = f"sh -c 'echo $PPID >{begun}; read -r line <{finish}'"
    body = f'take_lock; run_cleanly sh -c "{child}; :" >/dev/null 2>&1 </dev/null'
    process = mac.start(locked(body.replace("$", r"\$")), shell=shell)
    step = int(begun.read_text())
    process.kill()
    os.kill(step, signal.SIGKILL)
    process.wait()
    refused = mac.run(locked(TAKE, "bob@lab"), shell=shell)
    assert "ada@desk is at work on this Mac" in refused.stderr
    (pid,) = mac.state.lock.processes
    assert pid != step
    waiting = mac.tell_of_waiting()
    again = mac.start(locked(TAKE), shell=shell)
    assert waiting.read_text() == "\n"
    finish.write_text("\n")
    assert again.communicate(timeout=60) == ("taken\n", "")


@pytest.mark.parametrize("shell", shells.EVERY)
def test_a_signal_ends_the_step_with_all_that_it_started(mac, shell):
    """A run that is asked to end leaves neither a lock nor a process at work."""
    alive = mac.root / "alive"
    os.mkfifo(alive)
    child = f"exec 3>{alive}; echo >&3; sleep 600; :"
    body = f"take_lock; open_log x; run_logged sh -c 'sh -c \"{child}\"; :'"
    process = mac.start(locked(body), shell=shell)
    with alive.open() as pipe:
        assert pipe.readline() == "\n"
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
        os.set_blocking(pipe.fileno(), False)
        assert os.read(pipe.fileno(), 1) == b""  # nobody has it open any more
    assert not mac.lock.exists()


def test_a_run_never_releases_the_lock_of_another(mac):
    """Where somebody broke a lock by hand, its old owner leaves the new one's alone."""
    process = mac.hold()
    (mac.lock / "running").write_text("1\nThu Jan  1 00:00:00 2026\n")
    assert let_go(process) == 0
    assert (mac.lock / "running").read_text().startswith("1\n")


def test_a_run_that_is_stopped_keeps_its_lock(mac):
    """However long a process is stopped, nobody takes its lock; when it continues, it finishes."""
    holder = mac.hold()
    holder.send_signal(signal.SIGSTOP)
    old = time.time() - 3600
    os.utime(mac.lock, (old, old))
    refused = mac.run(locked(TAKE, "bob@lab"))
    assert "ada@desk is at work on this Mac since " in refused.stderr
    holder.send_signal(signal.SIGCONT)
    assert let_go(holder) == 0
    assert mac.run(locked(TAKE, "bob@lab")).stdout == "taken\n"


def test_where_ps_cannot_tell_a_run_counts_as_alive(mac):
    """A table of processes that is full, or a ps that fails, breaks nobody's lock."""
    holder = mac.hold()
    mac.tool("ps", "exit 1")
    refused = mac.run(locked(TAKE, "bob@lab"))
    assert "ada@desk is at work on this Mac since " in refused.stderr
    assert let_go(holder) == 0


def held_tool(mac, tool: str, words: str) -> tuple[Path, Path]:
    """Let a tool stop once where it is called with these words: read `here`, then write `go`."""
    here, go, once = (mac.root / f"{tool}-{name}" for name in ("here", "go", "once"))
    os.mkfifo(here)
    os.mkfifo(go)
    real = (mac.root / "bin" / tool).rename(mac.root / "bin" / f"{tool}-itself")
    hold = f"mkdir '{once}' 2>/dev/null && {{ echo >'{here}'; read -r _ <'{go}'; }}"
    mac.tool(tool, f'case "$*" in {words}) {hold} ;; esac\nexec \'{real}\' "$@"')
    return here, go


def test_one_that_slept_before_it_signed_does_not_work_under_anothers_lock(mac):
    """A lock that was unsigned for minutes is broken; who comes back to it then does nothing."""
    here, go = held_tool(mac, "date", "'+%Y-%m-%d '*")
    sleeper = mac.start(locked(TAKE, "ada@desk"))
    assert here.read_text() == "\n"
    old = time.time() - 130
    os.utime(mac.lock, (old, old))
    other = mac.hold("bob@lab")
    go.write_text("\n")
    out, errors = sleeper.communicate(timeout=60)
    assert (sleeper.returncode, out) == (1, "")
    assert "nothing was done" in errors
    assert (mac.lock / "owner").read_text().endswith(" bob@lab\n")
    assert let_go(other) == 0


def test_one_that_is_stopped_while_it_breaks_a_lock_is_waited_for(mac):
    """Between judging a lock and removing it lies a moment: nobody else takes it then."""
    leave_lock(mac, f"{dead_pid()}\nThu Jan  1 00:00:00 2026\n")
    here, go = held_tool(mac, "perl", f"*' {mac.lock} '*")
    breaker = mac.start(locked(TAKE, "ada@desk"))
    assert here.read_text() == "\n"
    old = time.time() - 3600
    os.utime(mac.torchard / "lock.breaking", (old, old))
    waiting = mac.tell_of_waiting()
    # A second run of the same controller waits where another controller's would be refused.
    other = mac.start(locked(TAKE, "ada@desk"))
    assert waiting.read_text() == "\n"
    assert mac.lock.exists()
    go.write_text("\n")
    assert breaker.communicate(timeout=60) == ("taken\n", "")
    assert other.communicate(timeout=60) == ("taken\n", "")
    assert not mac.lock.exists()


def test_two_that_break_the_same_dead_marks_do_not_both_get_the_lock(mac):
    """One reads a dead mark of breaking and sleeps, and another one makes its own meanwhile."""
    dead = f"{dead_pid()}\nThu Jan  1 00:00:00 2026\n"
    leave_lock(mac, dead)
    breaking = mac.torchard / "lock.breaking"
    breaking.mkdir()
    (breaking / "running").write_text(dead)
    here, go = held_tool(mac, "perl", f"*' {breaking} '*")
    sleeper = mac.start(locked(TAKE, "ada@desk", "a-token"))
    assert here.read_text() == "\n"
    worker = mac.hold("ada@desk")  # it breaks both marks
    go.write_text("\n")
    time.sleep(0.5)
    assert sleeper.poll() is None
    assert let_go(worker) == 0
    assert sleeper.communicate(timeout=60)[0] == "taken\n"


def test_a_mark_that_another_run_made_meanwhile_is_put_back(mac):
    """The run that renamed it looks at what it is before it removes it."""
    mark, other = mac.torchard / "mark", "1\nThu Jan  1 00:00:00 2026\n"
    mark.mkdir(parents=True)
    (mark / "running").write_text(other)
    done = mac.run(locked(f"remove_signed '{mark}' dead; echo $?"))
    assert (done.stdout, (mark / "running").read_text()) == ("0\n", other)
    done = mac.run(locked(f"remove_signed '{mark}' '{other.strip()}'; echo $?"))
    assert (done.stdout, mark.exists()) == ("0\n", False)


def test_a_run_whose_lock_was_taken_away_stops_before_its_next_step(mac):
    """Where a lock was removed by hand, its owner does nothing more beside the new one's run."""
    body = "take_lock; echo taken; read -r line; open_log x; run_logged echo more; echo on"
    first = mac.start(locked(body))
    assert first.stdout.readline() == "taken\n"
    shutil.rmtree(mac.lock)
    second = mac.hold("bob@lab")
    out, errors = first.communicate("\n", timeout=60)
    assert (first.returncode, out) == (1, "")
    assert errors.startswith("this run's lock on the Mac has ended, ")
    assert "; it stopped where it was\n" in errors
    assert not list((mac.torchard / "log").glob("*"))
    assert not (mac.lock / "step").exists()
    assert let_go(second) == 0


ROUNDS = [pytest.param(5, id="5"), pytest.param(100, id="100", marks=pytest.mark.nightly)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("controllers", [2, 3])
def test_of_controllers_that_begin_at_once_one_works_each_time(mac, controllers, rounds):
    """In each round one takes the lock, every other time of a dead run; the rest report it."""
    mac.tool("sleep", "exec /bin/sleep 0.02")
    body = "echo ready; read -r go; take_lock; echo taken; read -r done"
    for number in range(rounds):
        if number % 2:
            leave_lock(mac, f"{dead_pid()}\nThu Jan  1 00:00:00 2026\n")
        crowd = [mac.start(locked(body, f"c{n}@lab")) for n in range(controllers)]
        assert [one.stdout.readline() for one in crowd] == ["ready\n"] * controllers
        for one in crowd:
            one.stdin.write("go\n")
            one.stdin.flush()
        answers = [one.stdout.readline() for one in crowd]
        assert sorted(answers) == [""] * (controllers - 1) + ["taken\n"]
        winner = answers.index("taken\n")
        ends = [one.communicate("\n", timeout=60) for one in crowd]
        told = rf"c{winner}@lab is at work on this Mac since 20\d\d-\d\d-\d\d \d\d:\d\d \w+; .*\n"
        assert all(re.fullmatch(told, end[1]) for n, end in enumerate(ends) if n != winner), ends
        assert not mac.lock.exists()
        mac.started.clear()
