"""Stops simulated Macs anywhere: at each tool of a script, and at each file that a python changes.

A Mac's tools stand behind a wrapper, and its pythons behind a hook, that tell where they are. While
one run is recorded each waits there until the home was looked at, so that every state a power cut
could leave is kept. Later the same command is replayed from the same home, and killed at one place.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import select
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from simlab import macs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from simlab.lab import SimLab, SimMac

TOOL = """#!/bin/sh
tool=${0##*/}
case $tool in
  caffeinate | rm | mv | ln | mkdir | rmdir | cat) what=$* ;;
  *) what= ;;
esac
if [ -p 'ROOT/here' ]; then
  printf '%s %s %s\\n' "$$" "$tool" "$what" >'ROOT/here'
  read -r _ <'ROOT/go'
elif read -r at wanted signal whom <'ROOT/stop'; then
  printf '%s %s\\n' "$$" "$tool" >>'ROOT/trace'
  if [ "$wanted" = "$tool" ] && [ ! -e 'ROOT/stopped' ]; then
    n=0
    while [ "$n" -lt "$at" ] && read -r pid name; do n=$((n + 1)); done <'ROOT/trace'
    if [ "$n $pid $name" = "$at $$ $tool" ]; then
      : >'ROOT/stopped'
      case $whom in
        all) kill -s "$signal" 0 ;;
        shell)
          read -r pid <'ROOT/home/.torchard/lock/running' || pid=$PPID
          kill -s "$signal" "$pid"
          ;;
        tool) kill -s "$signal" "$$" ;;
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
HOOK = '''
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
    lines = open(root + "/trace").read().split(chr(10))
    if len(lines) == int(at) + 1 and wanted == "python" and lines[int(at) - 1] == mine:
        open(root + "/stopped", "w").close()
        number = getattr(signal, "SIG" + name)
        if whom == "all":
            os.killpg(0, number)
        elif whom == "tool":
            os.kill(os.getpid(), number)
        else:
            os.kill(int(open(home + ".torchard/lock/running").readline()), number)

sys.addaudithook(hook)
runpy.run_path(sys.argv[0], run_name="__main__")
'''


@dataclass(frozen=True)
class Place:
    """Where a recorded command was: the tool that began, as the how-manieth since its start.

    `state` counts the states that the home was in before.
    """

    command: int
    at: int
    tool: str
    what: str
    state: int

    def __str__(self) -> str:
        return f"{self.command}.{self.at} {self.tool} {self.what}"


@dataclass(frozen=True)
class Kill:
    """A signal at one place: to `all` of its group, to the `shell` of the script, or the `tool`."""

    place: Place
    signal: str
    whom: str

    def __str__(self) -> str:
        return f"SIG{self.signal} to {self.whom} at {self.place}"


def instrument(mac: SimMac) -> None:
    """Put the Mac's tools and pythons behind what tells where they are."""
    tools, real = mac.root / "bin", mac.root / "bin-itself"
    tools.rename(real)
    tools.mkdir()
    for path in real.iterdir():
        if path.name in {"sleep", "ps"}:  # of whoever waits: they are no steps
            (tools / path.name).symlink_to(f"../bin-itself/{path.name}")
        else:
            _program(tools / path.name, TOOL, mac.root)
    _program(mac.root / "python", PYTHON.replace("HOST", sys.executable), mac.root)
    (mac.root / "hook.py").write_text(HOOK)
    # Where simlab's programs look for their interpreter: every step has a home of its own.
    (mac.home / ".torchard").mkdir()
    described = {**macs.read(mac.root).as_dict(), "host_python": str(mac.root / "python")}
    (mac.home / ".torchard/mac.json").write_text(json.dumps(described, indent=1) + "\n")


def _program(path: Path, text: str, root: Path) -> None:
    path.write_text(text.replace("ROOT", str(root)))
    path.chmod(0o755)


class Recorder:
    """Looks at a Mac's home at each place that a run comes to, and keeps its states.

    Of the states it copies those that `mine` says; `commands` are the command lines of the scripts
    that took the lock, each with the home that it began with in `begun`.
    """

    def __init__(self, mac: SimMac, mine: Callable[[int], bool]) -> None:
        self.mac = mac
        self.mine = mine
        self.places: list[Place] = []
        self.commands: list[list[bytes]] = []
        self.states: dict[int, Path] = {}
        self._state = -1
        self._looks: object = None
        self._session = self._count = 0
        self._inside = False

    def begun(self, command: int) -> Path:
        """Return the copy of the home that a command began with."""
        return self.mac.root / f"begun-{command}"

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Look at each place while this lasts."""
        here, go = self.mac.root / "here", self.mac.root / "go"
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
            self._session, self._count, self._inside = session, 0, False
        self._count += 1
        if tool == "mkdir" and "/lock.try-" in what:
            words = Path(f"/proc/{session}/cmdline").read_bytes().split(b"\0")[:-1]
            copy(self.mac.home, self.begun(len(self.commands)))
            self.commands.append(words)
            self._inside = True
        if self._inside:
            looks = _looks(self.mac.home)
            if looks != self._looks:
                self._looks, self._state = looks, self._state + 1
                if self.mine(self._state):
                    kept = self.mac.root / f"state-{self._state}"
                    copy(self.mac.home, kept)
                    self.states[self._state] = kept
            self.places.append(
                Place(len(self.commands) - 1, self._count, tool, what[:160], self._state)
            )


def _looks(home: Path) -> object:
    """Return what tells two states of a home apart, without reading a file."""
    found = []
    for folder, folders, files in os.walk(home):
        for name in (*folders, *files):
            one = os.lstat(os.path.join(folder, name))  # noqa: PTH118 (thousands of them)
            times = 0 if stat.S_ISDIR(one.st_mode) else one.st_mtime_ns
            found.append((folder, name, one.st_ino, one.st_size, times))
    return found


def copy(home: Path, kept: Path) -> None:
    """Copy a home, in place of what may be there."""
    shutil.rmtree(kept, ignore_errors=True)
    subprocess.run(["cp", "-a", f"{home}/.", f"{kept}/"], check=True)


def at_work(mac: SimMac) -> list[int]:
    """Return the processes that belong to a Mac."""
    mark = b"HOME=" + os.fsencode(mac.root / "home")
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(one.startswith(mark) for one in (folder / "environ").read_bytes().split(b"\0")):
                pids.append(int(folder.name))
    return pids


def quiet(mac: SimMac, patience: float = 120) -> None:
    """Wait until nothing is at work on a Mac any more."""
    end = time.monotonic() + patience
    while at_work(mac):
        assert time.monotonic() < end, f"something on {mac.name} goes on and on"
        time.sleep(0.05)


# What differs between two runs that were stopped at one place: times, and numbers of processes.
_TIMES = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{8}-\d{6}")
_IGNORED = re.compile(r"\.torchard/(log|home)/|\.torchard/lock(\.\w+)?(/|$|-)|__pycache__")
_NUMBERED = re.compile(
    r"\d{8}-\d{6}|installer-\d+|\.\d+-[0-9a-f]{16}|(?<=tmp)\w{8}|(?<=pip-)[\w-]+"
)


def digest(home: Path) -> str:
    """Return a digest of all that is in a home, but for times, logs and numbers of processes."""
    whole = hashlib.sha256()
    for folder, folders, files in os.walk(home):
        folders.sort()
        for name in sorted([*files, *folders]):
            path = Path(folder, name)
            where = str(path.relative_to(home))
            if not _IGNORED.search(where):
                whole.update(_NUMBERED.sub("", where).encode() + _content(path))
    return whole.hexdigest()


def _content(path: Path) -> bytes:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return os.fsencode(path.readlink())
    if not stat.S_ISREG(found.st_mode):
        return b"/"
    if found.st_size > 1 << 16:
        return str(found.st_size).encode()
    return _TIMES.sub(b"", path.read_bytes())


def shown(home: Path, name: str = "torch") -> dict[str, bytes]:
    """Return an environment as its users reach it: each of its files, byte by byte."""
    link = home / "miniconda3/envs" / name
    if not link.is_symlink():
        return {}
    target = link.readlink()
    return {
        str(path.relative_to(target)): _whole(path)
        for path in target.rglob("*")
        if "__pycache__" not in path.parts
    } | {"": os.fsencode(target)}


def _whole(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(path.readlink())
    return hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"/"


@dataclass
class Bench:
    """Macs that are all alike and begin alike, each of which is stopped elsewhere.

    `lab_file` asks for what is done to them, `program` is what the environment computes that is
    shown. `proved` are digests of the states that one run was found to bring in order.
    """

    lab: SimLab
    lab_file: Path
    torchard: Callable[..., subprocess.CompletedProcess[str]]
    program: str
    proved: set[str] = field(default_factory=set)
    tally: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.macs = list(self.lab.macs.values())
        self.before = {mac.name: shown(mac.home) for mac in self.macs}
        for mac in self.macs:
            copy(mac.home, mac.root / "kept")
        number = len(self.macs)
        self.recorders = [
            Recorder(mac, lambda state, mine=index: state % number == mine)
            for index, mac in enumerate(self.macs)
        ]

    @property
    def places(self) -> list[Place]:
        """All places that the recorded run came to."""
        return self.recorders[0].places

    def record(self) -> None:
        """Do it all once, on every Mac, and keep what was seen on the way."""
        with contextlib.ExitStack() as stack:
            for recorder in self.recorders:
                stack.enter_context(recorder.recording())
            said = self.apply(self.macs)
        assert all(one["state"] == "in_order" for one in said.values()), said
        self.put_back(self.macs)

    def put_back(self, batch: Iterable[SimMac]) -> None:
        """Let Macs be as they were at first."""
        for mac in batch:
            quiet(mac)
            copy(mac.root / "kept", mac.home)

    def apply(self, batch: Iterable[SimMac]) -> dict[str, dict[str, object]]:
        """Apply to these Macs; return what is said of each."""
        limits = [word for mac in batch for word in ("--limit", mac.name)]
        done = self.torchard("apply", self.lab_file, "--yes", "--json", *limits)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)["macs"]

    def power_cuts(self, wanted: Callable[[int], bool] = lambda _: True) -> None:
        """Let the power fail at each place: what is on a disk then is brought in order."""
        left = {
            one.mac: [(state, kept) for state, kept in one.states.items() if wanted(state)]
            for one in self.recorders
        }
        while any(left.values()):
            batch = {}
            for mac, states in left.items():
                while states:
                    state, kept = states.pop()
                    copy(kept, mac.home)
                    here = [one for one in self.places if one.state == state]
                    self.tally["power cut"] += len(here)
                    if self._new(mac, f"power cut at {here and here[0]}"):
                        batch[mac] = f"power cut at {here and here[0]}"
                        break
            self._converge(batch)

    def kills(self, kills: Sequence[Kill]) -> None:
        """Send each signal to a replayed command, on as many Macs at once as there are."""
        waiting = list(kills)
        while waiting:
            batch = dict(zip(self.macs, waiting, strict=False))
            del waiting[: len(batch)]
            running = [(mac, self._replay(mac, kill)) for mac, kill in batch.items()]
            todo = {}
            for mac, process in running:
                _, errors = process.communicate(timeout=300)
                if not (mac.root / "stopped").exists():
                    continue  # the place was not come to: two tools of a pipe changed places
                kill = batch[mac]
                self.tally[f"SIG{kill.signal} to {kill.whom}"] += 1
                alone = bool(at_work(mac))
                where = f"{kill} ({process.returncode}: {errors.strip()[-300:]})"
                if self._new(mac, where) or alone:
                    todo[mac] = where
            for mac in batch:
                (mac.root / "stop").unlink()
            self._converge(todo)

    def drops(self, faults: Iterable[Mapping[str, int]]) -> None:
        """Cut the connection where each of these faults of simlab says."""
        waiting = list(faults)
        while waiting:
            batch = dict(zip(self.macs, waiting, strict=False))
            del waiting[: len(batch)]
            self.put_back(batch)
            for mac, fault in batch.items():
                mac.set(fault=fault)
            said = self.apply(batch)
            todo = {}
            for mac, fault in batch.items():
                mac.set(fault=None)
                if "connection" in str(said[mac.name]["reason"]):
                    self.tally[next(iter(fault))] += 1
                    todo[mac] = f"{fault}"
                    self._check_shown(mac, f"{fault}")
                else:
                    self.failures.append(f"{fault} cut nothing: {said[mac.name]['reason']}")
            self._converge(todo)

    def _replay(self, mac: SimMac, kill: Kill) -> subprocess.Popen[str]:
        recorder = self.recorders[self.macs.index(mac)]
        quiet(mac)
        copy(recorder.begun(kill.place.command), mac.home)
        for name in ("trace", "stopped"):
            (mac.root / name).unlink(missing_ok=True)
        place = kill.place
        (mac.root / "stop").write_text(f"{place.at} {place.tool} {kill.signal} {kill.whom}\n")
        return subprocess.Popen(
            recorder.commands[place.command],
            executable=macs.SHELL,
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
        self._check_shown(mac, where)
        state = digest(mac.home)
        new = state not in self.proved
        self.proved.add(state)
        return new

    def _check_shown(self, mac: SimMac, where: str) -> None:
        """Each byte of what was shown is there, or else all of what is to be; and it computes."""
        before, now = self.before[mac.name], shown(mac.home)
        if now == before == {}:
            return
        same = now == before or now.get("") != before.get("")
        words = f"miniconda3/envs/torch/bin/python -c '{self.program}'"
        if not same or macs.run(mac.root, words).returncode:
            self.failures.append(f"{where}: what was shown is not as it was")

    def _converge(self, todo: Mapping[SimMac, str]) -> None:
        """One run brings each of these Macs in order, and the next plan has nothing to do."""
        if not todo:
            return
        self.tally["runs afterwards"] += len(todo)
        for mac in todo:
            _later(mac)
        said = self.apply(todo)
        for mac, where in todo.items():
            if said[mac.name]["state"] != "in_order":
                self.failures.append(f"{where}: {said[mac.name]['reason']}")
            if at_work(mac):
                self.failures.append(f"{where}: something is still at work")
        limits = [word for mac in todo for word in ("--limit", mac.name)]
        done = self.torchard("plan", self.lab_file, *limits)
        if done.returncode:
            self.failures.append(f"{[*todo.values()]}: {done.stdout}")


def _later(mac: SimMac) -> None:
    """Let two minutes pass for a lock that nobody signed: its maker was killed in between."""
    for lock in (mac.home / ".torchard").glob("lock*"):
        if not (lock / "running").exists():
            os.utime(lock, (time.time() - 300,) * 2)
