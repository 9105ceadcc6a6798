"""Divide wheels among runs of pip, and start their processes: a program imports this.

It runs on a Mac. Several pips at once install wheels that have no path in common.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from torchard.operations.scripts.wheel_files import find_clashes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchard.operations.scripts.wheel_files import Wheel

# A pip needs half a second to start. In that time, it installs so many files.
FILES = 4000
FILE_BYTES = 10_000  # of an archive, which take as long as a file
# What a pip that works at the same time may be running from.
OWN = ("pip", "setuptools", "wheel")
PIP = (
    *("-I", "-m", "pip", "install", "--no-deps", "--require-hashes", "--no-index"),
    *("--only-binary", ":all:", "--no-cache-dir", "--no-input", "--no-compile", "-q"),
    *("--disable-pip-version-check", "--no-warn-script-location"),
)


class FailedError(Exception):
    """A pip that failed, and with which exit code: its output is printed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code if code >= 0 else 128 - code  # as a shell says which signal ended it


class Runs(NamedTuple):
    """The wheels of each pip that works at the same time as others, and of one after them."""

    at_once: list[list[Wheel]]
    last: list[Wheel]


def plan_runs(wheels: list[Wheel], installed: Iterable[str], cores: int) -> Runs:
    """Divide wheels among pips that have about the same work, each enough to be worth its start.

    One pip installs, after all others, what only one may: wheels with a path in common, those of
    a project that is `installed` and so is removed first, and what pip itself is.
    """
    alone = {sha256 for found in find_clashes(wheels).values() for sha256 in found}
    names = {*installed, *OWN}
    last: list[Wheel] = []
    others: list[Wheel] = []
    for one in wheels:
        is_alone = one.sha256 in alone or not one.is_plain or read_name(one.folder) in names
        (last if is_alone else others).append(one)
    work = sorted(((measure_work(one), one) for one in others), key=itemgetter(0), reverse=True)
    count = max(1, min(cores, sum(size for size, _ in work) // FILES))
    at_once: list[list[Wheel]] = [[] for _ in range(count)]
    totals = [0] * count
    for size, one in work:
        least = totals.index(min(totals))
        at_once[least].append(one)
        totals[least] += size
    return Runs([run for run in at_once if run], last)


def measure_work(wheel: Wheel) -> int:
    """Return how long it takes to install a wheel, in files."""
    return len(wheel.members) + os.path.getsize(wheel.archive) // FILE_BYTES


def read_name(folder: str) -> str:
    """Return the name of a project from its folder NAME-VERSION.dist-info or .egg-info."""
    return re.sub(r"[-_.]+", "-", re.split(r"-|\.egg", folder)[0]).lower()


class Processes:
    """The processes that a build has started. Once they are stopped, no more start."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._failed = 0

    def run(self, command: list[str], given: bytes = b"", **variables: str) -> tuple[int, bytes]:
        """Run a command, and return its exit code and what it printed.

        Raise OSError if it cannot start, FailedError if no more may start.
        """
        with self._lock:
            if self._failed:
                raise FailedError(self._failed)
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **variables},
            )
            self._started.append(process)
        output, _ = process.communicate(given)
        return process.returncode, output

    def run_pip(self, kit: str, requirements: str) -> None:
        """Let pip install what a file lists. Raise FailedError if it fails.

        The first that fails says why: what others say that are ended then is not printed.
        """
        words = [*PIP, "--find-links", os.path.join(kit, "wheels"), "-r", requirements]
        with self._lock:  # else two lines of the log may mix
            print("+ python", *words, flush=True)
        # Without this variable, a python built with an older SDK takes macOS 26 for 16, and pip
        # with it.
        code, output = self.run([sys.executable, *words], SYSTEM_VERSION_COMPAT="0")
        with self._lock:
            if not self._failed:
                sys.stdout.buffer.write(output)
                sys.stdout.buffer.flush()
                self._failed = code
        if code:
            raise FailedError(self._failed)

    def stop(self) -> None:
        """End all that still work, and let no more start."""
        with self._lock:
            self._failed = self._failed or 1
        for process in self._started:
            process.terminate()
