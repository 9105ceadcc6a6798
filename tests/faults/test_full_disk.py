"""A disk that fills while Torchard works: it is reported, and nothing half counts as whole.

The Macs' homes are file systems of their own, and what df says before is plenty: somebody else
fills the disk meanwhile.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from benches import PROGRAM, UPDATE, change_lab, macs, tiny
from cuts import converge, give_labs
from faultlab import variant
from keeper import Home, Keeper, shown
from people import add_own_files, find_lost
from places import quiet

from simlab import disk
from simlab.lab import SimLab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simlab.lab import SimMac

ROOM = 1 << 30
DONE = "up_to_date"
SAID = ("No space left on device", "disk is full")

pytestmark = pytest.mark.skipif(
    not disk.possible(), reason="this host lets nobody mount a file system of their own"
)


@dataclass
class Disks:
    """Macs with small disks, as they are first, and the command that has a lab file for them.

    Once there is room, each of them in turn is given a lab file of `then`.
    """

    lab: SimLab
    lab_file: object
    torchard: object
    then: Sequence[object]
    command: tuple[str, ...] = ("apply",)
    failures: list[str] = field(default_factory=list)
    runs: int = 0
    blocked: int = 0
    first: dict[SimMac, Home] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep what the Macs are first."""
        self.keepers = {mac: Keeper(mac.home) for mac in self.lab.macs.values()}
        self.first = {mac: keeper.look() for mac, keeper in self.keepers.items()}

    def fill(self, rooms: Sequence[int]) -> dict[int, str]:
        """Let there be so many bytes of room on one Mac each; return the states by room.

        More room than suffices on each Mac of a batch is not tried.
        """
        states: dict[int, str] = {}
        while len(states) < len(rooms) and set([*states.values()][-len(self.first) :]) != {DONE}:
            batch = dict(zip(self.first, rooms[len(states) :], strict=False))
            only = [word for mac in batch for word in ("--limit", mac.name)]
            for mac, room in batch.items():
                quiet(mac)
                self.keepers[mac].put_back(self.first[mac])
                mac.set(fault={"disk_full": _used(mac) + room})
            words = (*self.command, self.lab_file, "--yes", "--json", *only)
            said = _macs(self.torchard(*words))
            for mac, room in batch.items():
                states[room] = said[mac.name]["state"]
                self._judge(mac, room, said[mac.name])
                mac.set(fault={"disk_full": ROOM})
            todo = {mac: f"{room} bytes, and then room" for mac, room in batch.items()}
            for lab_file, given in give_labs(self.then, todo, self.runs).items():
                failures, blocked = converge(self.torchard, lab_file, given, is_changed=True)
                self.failures += failures
                self.blocked += blocked
            self.runs += len(batch)
        return states

    def _judge(self, mac: SimMac, room: int, said: dict[str, str]) -> None:
        """The active environment stays, the message names the disk, and no half file is left."""
        home, root = self.keepers[mac].look(), mac.root / "home"
        before, now = shown(self.first[mac], root), shown(home, root)
        if lost := find_lost(self.first[mac], home):
            self.failures.append(f"{room} bytes: a person's file is lost: {lost}")
        if said["state"] == DONE:
            return
        if said["state"] == "failed" and not any(one in said["reason"] for one in SAID):
            self.failures.append(f"{room} bytes: the disk is not named: {said['reason']}")
        if now != before and now.get("") == before.get(""):
            self.failures.append(f"{room} bytes: what was shown is not as it was")
        if now and mac.run(f"miniconda3/envs/torch/bin/python -c '{PROGRAM}'").returncode:
            self.failures.append(f"{room} bytes: what is shown does not compute")
        half = [path for path in home if path.startswith(".torchard/depot/incoming/")]
        half = [path for path in half if "." in path.rpartition("/")[2]]
        if half or any("torchard-aside" in path for path in home):
            self.failures.append(f"{room} bytes: half files stay: {half}")


def _macs(done):
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["macs"]


def _used(mac: SimMac) -> int:
    found = os.statvfs(mac.home)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def start(tmp_path_factory, simlab_depot, torchard, what, number):
    """Yield Macs with disks, for a first install, an update or a removal."""
    directory = tmp_path_factory.mktemp(f"disk-{what}")
    with SimLab(directory / "lab", macs(number, {"disk_full": ROOM}), simlab_depot.root) as lab:
        tiny(lab)
        lab_file = lab.lab_file
        if what != "first":
            done = torchard("apply", lab_file, "--yes")
            assert done.returncode == 0, done.stdout + done.stderr
        if what == "update":
            lab_file = variant(lab, directory / "update/lab.yaml", UPDATE)
        if what == "remove":
            for mac in lab.macs.values():
                add_own_files(mac.home)
        done = torchard("lock", lab_file)
        assert done.returncode == 0, done.stdout + done.stderr
        then = [lab_file, *change_lab(lab, simlab_depot.root, directory)]
        command = ("remove", "torch") if what == "remove" else ("apply",)
        yield Disks(lab, lab_file, torchard, then, command)


@pytest.fixture(scope="module")
def empty(tmp_path_factory, simlab_depot, torchard):
    """Macs that have nothing."""
    yield from start(tmp_path_factory, simlab_depot, torchard, "first", 4)


@pytest.fixture(scope="module")
def update(tmp_path_factory, simlab_depot, torchard):
    """Macs that show an environment, of which another is asked for."""
    yield from start(tmp_path_factory, simlab_depot, torchard, "update", 4)


@pytest.fixture(scope="module")
def leaving(tmp_path_factory, simlab_depot, torchard):
    """Macs that have an environment, in which a person put files."""
    yield from start(tmp_path_factory, simlab_depot, torchard, "remove", 4)


def test_a_disk_that_fills_in_a_first_install_is_named_and_nothing_half_stays(empty):
    """In the installer's file, in the installer, and in a package.

    The next run has the same lab, or one with another installer or another Python.
    """
    states = empty.fill([1_000_000, 7_000_000, 12_000_000])
    assert set(states.values()) == {"failed"}
    assert empty.failures == []


@pytest.mark.nightly
def test_a_disk_may_fill_anywhere_in_an_update(update, record_property):
    """Every so many bytes, in steps that share no divisor with a page, until there is room."""
    states = update.fill(range(0, 32_000_000, 160_033))
    record_property("places", sum(one == "failed" for one in states.values()))
    record_property("runs afterwards", update.runs)
    record_property("blocked", update.blocked)
    assert update.failures == []
    assert "up_to_date" in states.values()


@pytest.mark.nightly
def test_a_disk_may_fill_anywhere_in_a_first_install(empty, record_property):
    """Every so many bytes, in steps that share no divisor with a page."""
    states = empty.fill(range(0, 40_000_000, 251_003))
    record_property("places", sum(one == "failed" for one in states.values()))
    record_property("runs afterwards", empty.runs)
    record_property("blocked", empty.blocked)
    assert empty.failures == []
    assert "up_to_date" in states.values()


@pytest.mark.nightly
def test_a_disk_may_fill_anywhere_in_a_removal(leaving, record_property):
    """Page by page: it writes its lock, its log, and what a person made, before it removes."""
    states = leaving.fill(range(0, 1_000_000, os.sysconf("SC_PAGE_SIZE")))
    record_property("places", sum(one == "failed" for one in states.values()))
    record_property("runs afterwards", leaving.runs)
    record_property("blocked", leaving.blocked)
    assert leaving.failures == []
    assert set(states.values()) == {"failed", DONE}
