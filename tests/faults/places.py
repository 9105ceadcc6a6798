"""Tools and pythons of a simulated Mac that tell where they are, and wait or die there.

While a Mac is watched, its tools stand behind a wrapper, and its pythons behind a hook. While one
run is recorded, each waits at its start until the home was looked at: that is all a power cut could
leave. Later the same command is replayed from the same home, and a signal is sent at one place.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simlab import macs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keeper import Home, Keeper

TOOL = """#!/bin/sh
tool=${0##*/}
case $tool in
  caffeinate | rm | mv | ln | mkdir | rmdir | cat) what=$* ;;
  *) what= ;;
esac
what=${what%%'
'*}
if [ -p 'ROOT/here' ]; then
  printf '%s %s %s\\n' "$$" "$tool" "$what" >'ROOT/here'
  read -r _ <'ROOT/go'
elif read -r at wanted signal whom <'ROOT/stop'; then
  printf '%s %s\\n' "$$" "$tool" >>'ROOT/trace'
  if [ "$wanted" = "$tool" ] && [ ! -e 'ROOT/stopped' ]; then
    n=0
    while [ "$n" -lt "$at" ] && read -r pid name; do
      [ "$name" = "$tool" ] && n=$((n + 1))
    done <'ROOT/trace'
    if [ "$n $pid" = "$at $$" ]; then
      : >'ROOT/stopped'
      case $whom in
        all)
          read -r pid <'ROOT/home/.torchard/lock/running' && kill -s "$signal" "-$pid"
          kill -s "$signal" 0
          ;;
        shell)
          read -r pid <'ROOT/home/.torchard/lock/running' || pid=$PPID
          kill -s "$signal" "$pid"
          ;;
        tool) kill -s "$signal" "$$" ;;
        controller) read -r _ <'ROOT/resume' ;;
      esac
    fi
  fi
fi 2>/dev/null
exec 'ROOT/bin-itself/'"$tool" "$@"
"""
PYTHON = """#!/bin/sh
flags=
while case ${1-} in -*) true ;; *) false ;; esac do flags="$flags $1"; shift; done
exec HOST $flags 'ROOT/hook.py' 'ROOT' "$@"
"""
UNWATCHED = """#!/bin/sh
exec HOST "$@"
"""
HOOK = """
import os, runpy, signal, sys

root = sys.argv.pop(1)
del sys.argv[0]
home = root + "/home/"
changes = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.utime"}
busy = False

def hook(event, args):
    global busy
    if busy or event not in changes and not (
        event == "open" and isinstance(args[2], int) and args[2] & 3
    ):
        return
    if isinstance(args[0], str) and args[0].startswith(home):
        busy = True
        try:
            reached(event, args[0][len(home):].replace(chr(10), "?"))
        finally:
            busy = False

def reached(event, path):
    if os.path.exists(root + "/here"):
        with open(root + "/here", "w") as here:
            here.write(f"{os.getpid()} python {event} {path}" + chr(10))
        with open(root + "/go") as go:
            os.read(go.fileno(), 1)
        return
    try:
        at, wanted, name, whom = open(root + "/stop").read().split()
    except OSError:
        return
    mine = f"{os.getpid()} python"
    with open(root + "/trace", "a") as trace:
        trace.write(mine + chr(10))
    ours = [one for one in open(root + "/trace").read().split(chr(10)) if one.endswith(" python")]
    if wanted == "python" and len(ours) == int(at) and ours[-1] == mine:
        open(root + "/stopped", "w").close()
        number = getattr(signal, "SIG" + name)
        if whom == "all":
            os.killpg(int(open(home + ".torchard/lock/running").readline()), number)
            os.killpg(0, number)
        elif whom == "tool":
            os.kill(os.getpid(), number)
        elif whom == "controller":
            open(root + "/resume").read()
        else:
            os.kill(int(open(home + ".torchard/lock/running").readline()), number)

sys.addaudithook(hook)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Rooted(Protocol):
    """A simulated Mac, with or without SSH."""

    @property
    def root(self) -> Path: ...

    @property
    def home(self) -> Path: ...


@dataclass(frozen=True)
class Place:
    """Where a recorded command was: the tool that began, as the how-manieth since its start.

    `total` counts since the run began, `state` the states that the home was in before.
    """

    command: int
    at: int
    total: int
    tool: str
    what: str
    state: int

    def __str__(self) -> str:
        return f"{self.command}.{self.at} {self.tool} {self.what}"


@dataclass(frozen=True)
class Kill:
    """A signal at one place.

    It goes to `all` of its group, to the `shell` of the script, to the `tool`, or to the
    `controller`, while the Mac is held there.
    """

    place: Place
    signal: str
    whom: str

    def __str__(self) -> str:
        return f"SIG{self.signal} to {self.whom} at {self.place}"


def instrument(mac: Rooted) -> None:
    """Put the Mac's tools and pythons behind what tells where they are, while it is watched."""
    real, watched = mac.root / "bin-itself", mac.root / "bin-watched"
    (mac.root / "bin").rename(real)
    watched.mkdir()
    for path in real.iterdir():
        if path.name in {"sleep", "ps"}:  # of a run that waits: they are not steps
            (watched / path.name).symlink_to(f"../bin-itself/{path.name}")
        else:
            _program(watched / path.name, TOOL, mac.root)
    for name, text in (("watched", PYTHON), ("itself", UNWATCHED)):
        _program(mac.root / f"python-{name}", text.replace("HOST", sys.executable), mac.root)
    (mac.root / "hook.py").write_text(HOOK)
    watch(mac, is_watched=False)
    # Where simlab's programs look for their interpreter: every step has a home of its own.
    (mac.home / ".torchard").mkdir()
    described = {**macs.read(mac.root).as_dict(), "host_python": str(mac.root / "python")}
    (mac.home / ".torchard/mac.json").write_text(json.dumps(described, indent=1) + "\n")


def watch(mac: Rooted, *, is_watched: bool) -> None:
    """Let tools and pythons that start from now on tell where they are, or no longer.

    That takes a third of their time.
    """
    for name in ("bin", "python"):
        aside = mac.root / f"{name}.new"
        aside.symlink_to(f"{name}-{'watched' if is_watched else 'itself'}")
        aside.replace(mac.root / name)


def _program(path: Path, text: str, root: Path) -> None:
    path.write_text(text.replace("ROOT", str(root)))
    path.chmod(0o755)


class Recorder:
    """Looks at a Mac's home at each place that a run comes to, and keeps what it was.

    `commands` are the scripts that took the lock: the home that each began with, and its command
    line. `states` are all that the home was.
    """

    def __init__(self, mac: Rooted, keeper: Keeper) -> None:
        self.mac = mac
        self.keeper = keeper
        self.places: list[Place] = []
        self.commands: list[tuple[Home, list[bytes]]] = []
        self.states: list[Home] = []
        self._session = 0
        self._count: Counter[str] = Counter()
        self._total: Counter[str] = Counter()
        self._inside = False

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Look at each place while this lasts."""
        here, go = self.mac.root / "here", self.mac.root / "go"
        watch(self.mac, is_watched=True)
        os.mkfifo(go)
        os.mkfifo(here)
        ends = [os.open(here, os.O_RDWR), os.open(go, os.O_RDWR)]
        done = threading.Event()
        thread = threading.Thread(target=self._watch, args=(*ends, done))
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            here.unlink()
            go.unlink()
            for end in ends:
                os.close(end)
            watch(self.mac, is_watched=False)

    def _watch(self, here: int, go: int, done: threading.Event) -> None:
        lines = os.fdopen(os.dup(here), "rb", buffering=0)
        text = b""
        while not done.is_set():
            if not select.select([here], [], [], 0.2)[0]:
                continue
            text += lines.read(4096)
            *whole, text = text.split(b"\n")
            for line in whole:
                try:
                    self._reached(line.decode())
                finally:
                    os.write(go, b"\n")
        lines.close()

    def _reached(self, line: str) -> None:
        pid, tool, what = (*line.split(" ", 2), "")[:3]
        session = self._session
        with contextlib.suppress(ProcessLookupError):  # its neighbour in a pipe let it go on
            session = os.getsid(int(pid))
        if session != self._session:
            self._session, self._count, self._inside = session, Counter(), False
        self._count[tool] += 1
        self._total[tool] += 1
        begins = tool == "mkdir" and "/lock.try-" in what
        self._inside |= begins
        if not self._inside:
            return
        home = self.keeper.look()
        if begins:
            words = Path(f"/proc/{session}/cmdline").read_bytes().split(b"\0")[:-1]
            self.commands.append((home, words))
        if not self.states or home != self.states[-1]:
            self.states.append(home)
        command, state = len(self.commands) - 1, len(self.states) - 1
        at, total = self._count[tool], self._total[tool]
        self.places.append(Place(command, at, total, tool, what, state))


def at_work(mac: Rooted) -> list[int]:
    """Return the processes that belong to a Mac."""
    mark = b"HOME=" + os.fsencode(mac.root / "home")
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(one.startswith(mark) for one in (folder / "environ").read_bytes().split(b"\0")):
                pids.append(int(folder.name))
    return pids


def quiet(mac: Rooted, patience: float = 120) -> None:
    """Wait until nothing is at work on a Mac any more."""
    end = time.monotonic() + patience
    while at_work(mac):
        assert time.monotonic() < end, f"something on {mac.root.name} goes on and on"
        time.sleep(0.05)


def stop_at(mac: Rooted, at: int, kill: Kill) -> None:
    """Let what starts on a Mac from now on be stopped at one place."""
    watch(mac, is_watched=True)
    for name in ("trace", "stopped"):
        (mac.root / name).unlink(missing_ok=True)
    line = f"{at} {kill.place.tool} {kill.signal} {kill.whom}\n"
    (mac.root / "stop").write_text(line)


def go_on(mac: Rooted) -> bool:
    """Let nothing be stopped on a Mac any more; tell whether something was."""
    watch(mac, is_watched=False)
    (mac.root / "stop").unlink()
    return (mac.root / "stopped").exists()


def wait_until(reached: Callable[[], bool], patience: float = 120) -> None:
    end = time.monotonic() + patience
    while not reached():
        assert time.monotonic() < end, "a Mac never came to where it was to be held"
        time.sleep(0.05)
