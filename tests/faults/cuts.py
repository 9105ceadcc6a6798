"""Cuts simulated Macs off anywhere, many at once, and sees what one more run makes of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from keeper import Keeper, digest, moved, shown
from people import find_lost
from places import Recorder, at_work, go_on, quiet, stop_at, wait_until

from simlab import macs, shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from keeper import Home
    from places import Kill, Place

    from simlab.lab import SimLab, SimMac

_What = TypeVar("_What")
# A reason to leave a Mac alone says what a person types or does.
WAY_OUT = re.compile(r"`|write|move|rename|remove|set |name ")


@dataclass
class Bench:
    """Macs that are all alike, each of which is stopped elsewhere.

    They begin as the first of them is now, whose names and paths are as long as the others'.
    `command` and `lab_file` say what is done to them, `program` is what the environment computes
    that is shown. After a cut the Macs are given the lab files of `then` in turn, or else
    `lab_file`.
    `verified` are digests of the states that one run brought up to date; a cut that
    leaves one of them needs no run of its own. `cuts`, `runs` and `blocked` tell how many there
    were of each.
    """

    lab: SimLab
    lab_file: object
    torchard: Callable[..., subprocess.CompletedProcess[str]]
    program: str
    then: Sequence[object] = ()
    command: tuple[str, ...] = ("apply",)
    verified: set[str] = field(default_factory=set)
    cuts: set[str] = field(default_factory=set)
    runs: int = 0
    blocked: int = 0
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let all Macs be as the first."""
        self.macs = list(self.lab.macs.values())
        self.keepers = {mac: Keeper(mac.home) for mac in self.macs}
        self.begin = self.keepers[self.macs[0]].look()
        self.first = {mac: self._of(mac, self.begin) for mac in self.macs}
        self.put_back(self.macs)
        self.recorder = Recorder(self.macs[0], self.keepers[self.macs[0]])

    def _of(self, mac: SimMac, home: Home) -> Home:
        """Return what was the first Mac's as if it were another's."""
        return moved(home, str(self.macs[0].root), str(mac.root))[0]

    @property
    def places(self) -> list[Place]:
        """All places that the recorded run came to."""
        return self.recorder.places

    def record(self) -> None:
        """Do it all once, on the first Mac, and keep what was seen on the way."""
        with self.recorder.recording():
            said = self.apply(self.macs[:1])
        assert all(one["state"] == "up_to_date" for one in said.values()), said
        self.put_back(self.macs[:1])

    def forget(self) -> None:
        """Count from zero, for another test; verified states stay verified."""
        self.cuts, self.runs, self.blocked, self.failures = set(), 0, 0, []

    def put_back(self, batch: Iterable[SimMac]) -> None:
        """Let Macs be as they were at first."""
        for mac in batch:
            quiet(mac)
            self.keepers[mac].put_back(self.first[mac])

    def apply(self, batch: Iterable[SimMac]) -> dict[str, dict[str, object]]:
        """Do it to these Macs; return what is printed about each."""
        done = self.torchard(*self.command, self.lab_file, "--yes", "--json", *_only(batch))
        assert done.stdout, done.stderr
        macs: dict[str, dict[str, object]] = json.loads(done.stdout)["macs"]
        return macs

    def power_cuts(self, places: Sequence[Place]) -> None:
        """Let the power fail at these places: the next run repairs what is on the disk."""
        states = sorted({place.state for place in places})
        here = {state: [one for one in places if one.state == state] for state in states}
        while states:
            batch: dict[SimMac, str] = {}
            for mac in self.macs:
                while states and mac not in batch:
                    state = states.pop()
                    quiet(mac)
                    self.keepers[mac].put_back(self._of(mac, self.recorder.states[state]))
                    self.cuts.update(f"power cut at {place}" for place in here[state])
                    where = f"power cut at {here[state][0]}"
                    if self._new(mac, where):
                        batch[mac] = where
            self._converge(batch)

    def kills(self, kills: Iterable[Kill]) -> None:
        """Send each signal to a replayed command, on as many Macs at once as there are."""
        for batch in self._batches(kills):
            running = [(mac, self._replay(mac, kill)) for mac, kill in batch.items()]
            todo = {}
            for mac, process in running:
                _, errors = process.communicate(timeout=300)
                if not go_on(mac):
                    continue  # the place was not come to: two tools of a pipe changed places
                kill = batch[mac]
                self.cuts.add(str(kill))
                alone = bool(at_work(mac))  # then the next run has to wait, not this one
                where = f"{kill} ({process.returncode}: {errors.strip()[-300:]})"
                if self._new(mac, where) or alone:
                    todo[mac] = where
            self._converge(todo)

    def controller_kills(
        self,
        kills: Sequence[Kill],
        start: Callable[..., AbstractContextManager[subprocess.Popen[str]]],
    ) -> None:
        """Send a controller a signal when each of its Macs has come to another place.

        All of `kills` have one signal; `start` begins a `torchard` command beside this one.
        """
        number = getattr(signal, f"SIG{kills[0].signal}")
        for batch in self._batches(kills):
            self.put_back(batch)
            for mac, kill in batch.items():
                os.mkfifo(mac.root / "resume")
                stop_at(mac, kill.place.total, kill)
            stopped = [mac.root / "stopped" for mac in batch]
            with start(*self.command, self.lab_file, "--yes", *_only(batch)) as controller:

                def have_all_stopped(files: list[Path] = stopped) -> bool:
                    return all(one.exists() for one in files)

                wait_until(have_all_stopped)
                controller.send_signal(number)
                controller.communicate(timeout=120)
            for mac, kill in batch.items():
                self.cuts.add(str(kill))
                self._check_shown(mac, str(kill))
                (mac.root / "resume").write_text("\n")
                (mac.root / "resume").unlink()
                go_on(mac)
            self._converge({mac: str(kill) for mac, kill in batch.items()}, makers_live=True)

    def drops(self, faults: Iterable[Mapping[str, int]]) -> None:
        """Cut the connection where each of these faults of simlab says.

        If that is after its last step, a Mac may be up to date all the same.
        """
        for batch in self._batches(faults):
            self.put_back(batch)
            for mac, fault in batch.items():
                mac.set(fault=fault)
            said = self.apply(batch)
            todo = {}
            for mac, fault in batch.items():
                is_cut = has_happened(mac, fault)
                mac.set(fault=None)
                reason = said[mac.name]["reason"]
                if not is_cut:
                    self.failures.append(f"{fault} cut nothing: {reason}")
                    continue
                if said[mac.name]["state"] != "up_to_date" and "connection" not in str(reason):
                    self.failures.append(f"{fault}: the connection is not named: {reason}")
                self.cuts.add(str(fault))
                todo[mac] = str(fault)
                self._check_shown(mac, str(fault))
            self._converge(todo)

    def _batches(self, what: Iterable[_What]) -> Iterable[dict[SimMac, _What]]:
        waiting = list(what)
        for begin in range(0, len(waiting), len(self.macs)):
            yield dict(zip(self.macs, waiting[begin:], strict=False))

    def _replay(self, mac: SimMac, kill: Kill) -> subprocess.Popen[str]:
        quiet(mac)
        begun, command = self.recorder.commands[kill.place.command]
        old, new = str(self.macs[0].root), str(mac.root)
        home, names = moved(begun, old, new)
        self.keepers[mac].put_back(home)
        words = [word.replace(old.encode(), new.encode()) for word in command]
        for before, after in names.items():
            words = [word.replace(before.encode(), after.encode()) for word in words]
        stop_at(mac, kill.place.at, kill)
        return subprocess.Popen(
            words,
            executable=shell.of_mac(mac.root),
            cwd=mac.home,
            env=dict(macs.environment(mac.root)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _new(self, mac: SimMac, where: str) -> bool:
        """Check what is shown; tell whether no run has met this state yet."""
        state = digest(self._check_shown(mac, where), str(mac.root))
        new = state not in self.verified
        self.verified.add(state)
        return new

    def _check_shown(self, mac: SimMac, where: str) -> Home:
        """Each byte of what was shown is there, or else all of what is to be; and it computes."""
        home, root = self.keepers[mac].look(), mac.root / "home"
        before, now = shown(self.first[mac], root), shown(home, root)
        is_removed = not now and self.command[0] == "remove"
        if (before or now) and not is_removed:
            same = now == before or now.get("") != before.get("")
            words = f"miniconda3/envs/torch/bin/python -c '{self.program}'"
            if not same or mac.run(words).returncode:
                self.failures.append(f"{where}: what was shown is not as it was")
        if lost := find_lost(self.first[mac], home):
            self.failures.append(f"{where}: a person's file is lost: {lost}")
        return home

    def _converge(self, todo: Mapping[SimMac, str], *, makers_live: bool = False) -> None:
        """One run brings each of these Macs up to date, and the next plan has nothing to do.

        With `makers_live`, a script that works has not signed its lock yet, and will.
        """
        for mac in todo:
            if not (makers_live and at_work(mac)):
                _two_minutes_later(mac)
        labs = self.then or [self.lab_file]
        for lab_file, batch in give_labs(labs, todo, self.runs).items():
            failures, blocked = converge(self.torchard, lab_file, batch, is_changed=len(labs) > 1)
            self.failures += failures
            self.blocked += blocked
        self.runs += len(todo)
        self.failures += [f"{todo[mac]}: something still works" for mac in todo if at_work(mac)]


def give_labs(
    labs: Sequence[object], todo: Mapping[SimMac, str], begin: int
) -> dict[object, dict[SimMac, str]]:
    """Give each Mac a lab file in turn, beginning with this one; return the Macs of each file."""
    given: dict[object, dict[SimMac, str]] = {}
    for number, (mac, where) in enumerate(todo.items(), begin):
        given.setdefault(labs[number % len(labs)], {})[mac] = where
    return given


def converge(
    torchard: Callable[..., subprocess.CompletedProcess[str]],
    lab_file: object,
    todo: Mapping[SimMac, str],
    *,
    is_changed: bool,
) -> tuple[list[str], int]:
    """Let one run bring stopped Macs up to date, after which a plan has nothing to do.

    A lab that has changed may block a Mac instead, with a sentence that says what to do. Return
    what went wrong, and how many Macs are blocked. `todo` says where each was stopped.
    """
    done = torchard("apply", lab_file, "--yes", "--json", *_only(todo))
    assert done.stdout, done.stderr
    said = json.loads(done.stdout)["macs"]
    failures, rest = [], []
    for mac, where in todo.items():
        state, reason = said[mac.name]["state"], str(said[mac.name]["reason"])
        if state != "blocked" or not is_changed or not WAY_OUT.search(reason):
            rest.append(mac)
            if state != "up_to_date":
                failures.append(f"{where}; then {lab_file}: {state}: {reason}")
    if rest and (planned := torchard("plan", lab_file, *_only(rest))).returncode:
        failures.append(f"{[*todo.values()]}; then {lab_file}: {planned.stdout}")
    return failures, len(todo) - len(rest)


def has_happened(mac: SimMac, fault: Mapping[str, int]) -> bool:
    """Tell whether a numbered fault of simlab has happened: its events are counted in a file."""
    ((_, number),) = fault.items()
    counter = mac.root / "commands"
    about, _, count = counter.read_text().rpartition(" ") if counter.exists() else ("", "", "0")
    return about == json.dumps(fault) and int(count) > number


def _only(batch: Iterable[SimMac]) -> list[str]:
    return [word for mac in batch for word in ("--limit", mac.name)]


def _two_minutes_later(mac: SimMac) -> None:
    """Let time pass for a lock that nobody signed: its maker was killed in between."""
    for lock in (mac.home / ".torchard").glob("lock*"):
        if not (lock / "running").exists():
            os.utime(lock, (time.time() - 300,) * 2)
