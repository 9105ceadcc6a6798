"""One home on two Macs: a run on the other Mac is never judged by the number of its process."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import on_a_mac
import pytest
import shells
from on_a_mac import CONTROLLER, let_go, locked
from probed import answer
from test_scripts_lock import dead_pid, start_of

from simlab import macs as simulated
from torchard.mac import probe
from torchard.mac.volume import Volume
from torchard.operations import change_scripts

TAKE = "take_lock; echo taken"
GONE = "Thu Jan  1 00:00:00 2026"
HARDWARE = {
    "mac-1": "11111111-1111-1111-1111-111111111111",
    "mac-2": "22222222-2222-2222-2222-222222222222",
}
BOOT = "BBBBBBBB-0000-0000-0000-000000000001"


@pytest.fixture
def macs(tmp_path):
    """Two Macs with one home, as one on a file server."""
    made = []
    for name, hardware in HARDWARE.items():
        mac = on_a_mac.make(tmp_path / name, uuid=hardware, boot=BOOT)
        wrap(mac, "uname", f"-n) echo {name}.local")
        made.append(mac)
    one, two = made
    shutil.rmtree(two.home)
    two.home.symlink_to(one.home)
    yield one, two
    for mac in made:
        mac.end()


def wrap(mac, name: str, case: str) -> None:
    """Let a tool of a Mac answer otherwise where it is called with some words."""
    tool = mac.root / "bin" / f"{name}-itself"
    if not tool.exists():
        (mac.root / "bin" / name).rename(tool)
    mac.tool(name, f'case "$*" in {case} ;; *) exec "{tool}" "$@" ;; esac')


def leave(mac, name: str, pid: int, began: str, boot: str = BOOT) -> None:
    """Leave a lock in the home, taken on the Mac of a name."""
    mac.lock.mkdir(parents=True)
    (mac.lock / "owner").write_text("old 1700000000 ada@desk\n")
    signature = f"{pid}\n{began}\n2026-01-01 00:00 UTC\n{HARDWARE[name]}\n{boot}\n{name}.local\n"
    (mac.lock / "running").write_text(signature)


def state_of(mac, shell):
    return probe.parse(answer(mac.root, shells.PROGRAMS[shell]).decode().splitlines())


def test_a_lock_names_its_mac_and_its_boot(macs):
    """And the name of the Mac, for people."""
    one, _ = macs
    process = one.hold()
    lines = (one.lock / "running").read_text().splitlines()
    assert lines[3:] == [HARDWARE["mac-1"], BOOT, "mac-1.local"]
    assert let_go(process) == 0
    assert not one.lock.exists()


@pytest.mark.parametrize("shell", shells.EVERY)
def test_the_lock_of_another_mac_is_held_whatever_ran_there(macs, shell):
    """No process has its number here; both Macs' readings say what that means."""
    one, two = macs
    leave(one, "mac-1", dead_pid(), GONE)
    refused = two.run(locked(TAKE, "bob@lab"), shell=shell)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(
        "ada@desk is at work in this home from another Mac, mac-1.local, since 2026-01-01 00:00"
        " UTC; nothing was done. If nothing of Torchard runs on that Mac any more, remove its lock"
        " with `torchard unlock`"
    )
    found = state_of(two, shell).lock
    assert (found.is_busy, found.processes, found.elsewhere) == (True, (), "mac-1.local")
    found = state_of(one, shell).lock
    assert (found.is_busy, found.elsewhere) == (False, None)
    assert one.run(locked(TAKE, "bob@lab"), shell=shell).stdout == "taken\n"


def test_its_own_controller_does_not_wait_for_another_mac(macs):
    """It would wait an hour for what may never end."""
    one, two = macs
    leave(one, "mac-1", dead_pid(), GONE)
    assert "from another Mac, mac-1.local" in two.run(locked(TAKE, "ada@desk")).stderr


def test_no_lock_outlives_a_restart_of_its_mac(macs):
    """Though a process has the same number and the same start, as clocks may be set back."""
    one, _ = macs
    other = one.start("read -r line").pid
    leave(one, "mac-1", other, start_of(other))
    assert "is at work on this Mac since" in one.run(locked(TAKE, "bob@lab")).stderr
    assert state_of(one, "sh").lock.is_busy
    simulated.change(one.root, boot=BOOT.replace("1", "2"))
    assert not state_of(one, "sh").lock.is_busy
    assert one.run(locked(TAKE, "bob@lab")).stdout == "taken\n"


def test_the_step_of_another_mac_is_not_judged_by_its_number(macs):
    """Where its run was killed, a step of it may still write into this home."""
    one, two = macs
    leave(one, "mac-1", dead_pid(), GONE)
    ran = one.run(locked('take_lock; open_log x; run_logged cat "$root/lock/step"; cat "$log"'))
    assert ran.stdout.splitlines()[-3:] == ["", HARDWARE["mac-1"], BOOT]
    assert re.fullmatch(r"\d+", ran.stdout.splitlines()[1])
    assert not two.lock.exists()


def test_a_person_who_looked_at_the_other_mac_removes_its_lock(macs):
    """By the token of its run; a live run on this Mac is kept all the same."""
    one, two = macs
    leave(one, "mac-1", dead_pid(), GONE)
    wrong = two.run(change_scripts.remove_lock(replace(CONTROLLER, ended="another")))
    assert wrong.stderr == "another run holds the lock now; nothing was changed\n"
    assert two.run(change_scripts.remove_lock(replace(CONTROLLER, ended="old"))).returncode == 0
    assert not one.lock.exists()
    holder = two.hold()
    alive = two.run(change_scripts.remove_lock(replace(CONTROLLER, ended="a-token")))
    assert alive.stderr == "ada@desk is still at work there; nothing was changed\n"
    assert let_go(holder) == 0


def test_a_process_number_of_another_mac_counts_for_nothing(macs):
    """Two runs with one number: neither releases the other's lock, nor works under it."""
    one, _ = macs
    body = (
        'take_lock; sed "4s/.*/$(printf 2222)/" "$root/lock/running" >"$root/x";'
        ' mv "$root/x" "$root/lock/running"; open_log x; run_logged echo on'
    )
    ran = one.run(locked(body))
    assert "this run's lock on the Mac has ended" in ran.stderr
    assert one.lock.exists()


MOUNTED = """cat <<'END'
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)
//ann@files/homes on HOME (smbfs, nodev, nosuid, mounted by ann)
//ann@files/lab conda on /Volumes/lab conda (smbfs, nodev, noexec, mounted by ann)
END"""


@pytest.mark.parametrize("shell", shells.EVERY)
def test_the_reading_says_on_which_volume_things_lie(macs, shell):
    """By `mount`: the longest mount point, also for what is not there yet."""
    one, _ = macs
    home = Volume("smbfs", "//ann@files/homes")
    one.tool("mount", MOUNTED.replace("HOME", str(one.home.resolve())))
    for prefix, volume in (
        ("~/a b/conda", Volume("smbfs", "//ann@files/homes", "/a b/conda")),
        ("/Volumes/lab conda/x", Volume("smbfs", "//ann@files/lab conda", "/x", executes=False)),
        ("/opt/conda", Volume("apfs", "/dev/disk3s5", "/opt/conda")),
    ):
        lines = answer(one.root, shells.PROGRAMS[shell], prefix=prefix).decode().splitlines()
        state = probe.parse(lines)
        assert (state.home_volume, state.prefix_volume) == (home, volume)
        assert state.hardware == HARDWARE["mac-1"]
        assert state.boot == BOOT
