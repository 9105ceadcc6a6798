"""Simulated Macs that wait where a test wants them, and one that is up to date."""

from __future__ import annotations

import os
import select
import shutil
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homes import copy, remove
from warm.command_process import CommandProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simlab.lab import Entry, SimLab, SimMac

PATIENCE = 60  # seconds until a simulated Mac must have come to where it is held


def variant(lab: SimLab, path: Path, *changes: tuple[str, str]) -> Path:
    """Write the lab's file elsewhere with some texts replaced, each of which must be there.

    Its locks come along: what the changes do not concern is not solved again.
    """
    text = lab.lab_file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    shutil.copytree(lab.directory / "locks", path.parent / "locks", dirs_exist_ok=True)
    return path


def line_of(lab_file: Path, text: str) -> str:
    """Return `FILE:LINE:` of the first line that holds a text, as messages begin."""
    lines = lab_file.read_text(encoding="utf-8").splitlines()
    return f"{lab_file}:{1 + next(n for n, line in enumerate(lines) if text in line)}:"


def commands(mac: SimMac) -> int:
    """Return how many commands a Mac has run since it started to count them."""
    counter = mac.root / "commands"
    return int(counter.read_text().rpartition(" ")[2]) if counter.exists() else 0


def count_commands(mac: SimMac) -> None:
    """Let a Mac count the commands it runs."""
    mac.set(fault={"drop_after": 10**6})


@dataclass
class Held:
    """A tool of a simulated Mac that stops at a given place until it may go on."""

    mac: SimMac
    here: int
    go: int
    going: bool = False

    def wait(self) -> None:
        """Return once the Mac has come to the place."""
        readable, _, _ = select.select([self.here], [], [], PATIENCE)
        assert readable, "the simulated Mac never came to where it was to be held"
        os.read(self.here, 1)

    def release(self) -> None:
        """Let the Mac go on; from then on it is not held again."""
        if not self.going:
            os.write(self.go, b"\n")
            self.going = True

    def power_cut(self) -> None:
        """Kill all that the holder of the Mac's run lock has started, as a power cut does."""
        for signed in ("running", "step"):
            process = (self.mac.home / ".torchard/lock" / signed).read_text().splitlines()[0]
            with suppress(ProcessLookupError):  # an earlier step has ended
                os.killpg(os.getpgid(int(process)), signal.SIGKILL)


@contextmanager
def held(mac: SimMac, words: str, tool: str = "caffeinate") -> Iterator[Held]:
    """Hold a Mac once, where it is about to run a tool with these words among its arguments.

    Every long step of a build runs under caffeinate; a run that waits for the run lock sleeps.
    """
    path, real = mac.root / "bin" / tool, mac.root / "bin" / f"{tool}-itself"
    path.rename(real)
    here, go, once = (mac.root / f"{tool}-{name}" for name in ("here", "go", "held"))
    os.mkfifo(here)
    os.mkfifo(go)
    path.write_text(
        f"""#!/bin/sh
case "$*" in
  *'{words}'*) if mkdir '{once}' 2>/dev/null; then
    echo >'{here}'
    read -r _ <'{go}'
  fi ;;
esac
exec '{real}' "$@"
"""
    )
    path.chmod(0o755)
    one = Held(mac, os.open(here, os.O_RDWR), os.open(go, os.O_RDWR))
    try:
        yield one
    finally:
        one.release()
        os.close(one.here)
        os.close(one.go)
        here.unlink()
        go.unlink()
        shutil.rmtree(once, ignore_errors=True)
        real.rename(path)


@dataclass
class Meeting:
    """A tool of a simulated Mac that stops its callers until they may go on together."""

    here: int
    go: int

    def wait(self, count: int) -> None:
        """Return once so many have come."""
        while count > 0:
            readable, _, _ = select.select([self.here], [], [], PATIENCE)
            assert readable, f"{count} never came to where they were to meet"
            count -= len(os.read(self.here, count))

    def release(self, count: int) -> None:
        """Let so many go on."""
        os.write(self.go, b"\n" * count)


@contextmanager
def meeting(mac: SimMac, words: str, tool: str) -> Iterator[Meeting]:
    """Let all meet who run a tool of a Mac with these words among its arguments."""
    path, real = mac.root / "bin" / tool, mac.root / "bin" / f"{tool}-itself"
    here, go = (mac.root / f"{tool}-{name}" for name in ("here", "go"))
    os.mkfifo(here)
    os.mkfifo(go)
    path.rename(real)
    path.write_text(
        f"""#!/bin/sh
case "$*" in *'{words}'*) echo >'{here}' && read -r _ <'{go}' ;; esac
exec '{real}' "$@"
"""
    )
    path.chmod(0o755)
    one = Meeting(os.open(here, os.O_RDWR), os.open(go, os.O_RDWR))
    try:
        yield one
    finally:
        os.close(one.here)
        os.close(one.go)
        here.unlink()
        go.unlink()
        real.rename(path)


@contextmanager
def started(*arguments: str | Path, **environment: str) -> Iterator[CommandProcess]:
    """Start the `torchard` command beside the test, in a session of its own."""
    process = CommandProcess([*map(str, arguments)], environment)
    try:
        yield process
    finally:
        process.end()


@dataclass
class Settled:
    """A Mac whose environment was built and verified, and a lab file that asks for another one.

    `update` asks for one conda package and one wheel more than `lab_file`; its lock is made.
    `kept` is a copy of the Mac's home as it was then, `before` the snapshot of it.
    """

    lab: SimLab
    mac: SimMac
    update: Path
    kept: Path
    before: dict[str, Entry]

    @property
    def lab_file(self) -> Path:
        """The lab file by which the Mac is up to date."""
        return self.lab.lab_file

    @property
    def link(self) -> Path:
        """The environment as its users reach it."""
        return self.mac.home / "miniconda3/envs/torch"

    def same_environment(self) -> bool:
        """Tell whether what is shown is what was shown, each byte of it."""
        now = self.lab.snapshot()
        shown = self.link.readlink().relative_to(self.mac.home)
        places = (f"{self.mac.name}/{shown}/", f"{self.mac.name}/miniconda3/envs/torch")
        return _of(self.before, places) == _of(now, places) != {}

    def computes(self) -> bool:
        """Tell whether what is shown runs: its python imports torch and adds."""
        program = "import torch; print((torch.ones(2) + 1).tolist())"
        done = self.mac.run(f"{self.link}/bin/python -c '{program}'")
        return done.stdout == "[2.0, 2.0]\n"

    def put_back(self) -> None:
        """Bring the Mac's home back to what it was: only what differs is copied."""
        now = self.lab.snapshot()
        for path in sorted(now.keys() - self.before.keys(), reverse=True):
            remove(self._home(path))
        for path in sorted(self.before):
            if now.get(path) != self.before[path]:
                kept = self.kept / path.partition("/")[2]
                copy(kept, self._home(path))
                shutil.copystat(kept, self._home(path), follow_symlinks=False)
        assert self.lab.snapshot() == self.before

    def _home(self, path: str) -> Path:
        return self.mac.home / path.partition("/")[2]


def _of(snapshot: dict[str, Entry], places: tuple[str, ...]) -> dict[str, Entry]:
    return {path: entry for path, entry in snapshot.items() if path.startswith(places)}
