"""The lock files of one lab: find them, check that they are up to date, make and write new ones."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.catalog.pairings import find_broken_bounds
from torchard.catalog.variant import Refusal
from torchard.errors import TorchardError
from torchard.lock.codec import edited_error, find_line, format_lock, read_lock
from torchard.lock.compare import (
    find_differences,
    find_other_packages,
    find_unasked,
    find_unchecked,
)
from torchard.lock.lockfile import LockFileError, lock_path
from torchard.lock.question import Question
from torchard.plain_files import create_plain
from torchard.resources import shorten_local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torchard.catalog.rows import Catalogue
    from torchard.catalog.variant import Variant
    from torchard.depot.depot import Depot
    from torchard.lab.model import Environment, Lab, MacHost, WheelIndex
    from torchard.lock.lockfile import Lock

_NAMED = 5  # differences in one message
_SOLVERS = 2  # at a time: each may need more than half a gigabyte, and a processor
LockKey = tuple[str, MacClass]


class LockMissingError(TorchardError):
    """A lock file is missing or out of date, and this command may not write one."""


def _ignore(_message: str) -> None:
    """Drop a progress message."""


@dataclass
class LabLocks:
    """The lock files of a lab, each read or made once in a process.

    `read_only` forbids to make a lock; `remedy` then says what to type. With `is_trial`, locks are
    made and no file is written. `announce` gets a short message before a lock is made, which may
    take minutes. `written` holds the paths of the lock files written so far. `replaced` holds the
    lock that was there before each lock that was made, None if there was none that can be read.
    """

    lab: Lab
    catalogue: Catalogue
    depot: Depot
    read_only: bool = False
    remedy: str = "Run `torchard lock`, or leave out --locked."
    is_trial: bool = False
    announce: Callable[[str], None] = _ignore
    written: set[Path] = field(default_factory=set)
    replaced: dict[Path, Lock | None] = field(default_factory=dict)
    _found: dict[LockKey, Lock | TorchardError] = field(default_factory=dict)
    _channels: dict[LockKey, tuple[str, str, Mapping[str, WheelIndex]]] = field(
        default_factory=dict
    )
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _turns: dict[LockKey, threading.Lock] = field(default_factory=dict)
    _solvers: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_SOLVERS))

    def path(self, environment: str, group: MacClass) -> Path:
        """Return the path of the lock file of an environment for a Mac class."""
        return lock_path(self.lab.path, environment, group)

    def find(
        self, environment: Environment, group: MacClass, mac: MacHost, *, upgrade: bool = False
    ) -> Lock:
        """Return the lock of an environment for a Mac class, from its file or newly made.

        With `upgrade` a new one is always made. Raise LockMissingError where a lock must be made
        and `read_only` forbids it, and TorchardError where no lock can be made. The answer is kept,
        also if it is an error.
        """
        key = (environment.name, group)
        with self._guard:
            self._check_channels(key, mac)
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:  # another lock may be solved at the same time
            if key not in self._found:
                try:
                    self._found[key] = self._find(environment, group, mac, upgrade=upgrade)
                except TorchardError as error:
                    self._found[key] = error
            answer = self._found[key]
        if isinstance(answer, TorchardError):
            raise answer
        return answer

    def list_wanted(
        self, mac: MacHost, arch: str, macos: str
    ) -> list[tuple[Environment, MacClass]]:
        """Return what a Mac of this arch and macOS needs the locks of; nothing if none can be."""
        group = find_mac_class(arch, macos, self.catalogue)
        if isinstance(group, Refusal):
            return []
        return [(self.lab.environments[name], group) for name in mac.environments]

    def audit(self, environment: Environment, group: MacClass, mac: MacHost) -> None:
        """Solve a lock again with its own versions, and compare every package of it.

        Raise LockFileError for a package that the channels or the index do not give so, and
        TorchardError where the solvers give no answer.
        """
        lock = self.find(environment, group, mac)
        solved = self._solve(replace(self._question(environment, group, mac), pins=lock))
        path = self.path(environment.name, group)
        found = list(find_other_packages(lock, solved))
        if found:
            line = find_line(lock, found[0][0])
            raise edited_error(
                f"{shorten_local_path(path)}:{line}", "; ".join(text for _, text in found[:_NAMED])
            )

    def _solve(self, question: Question) -> Lock:
        from torchard.lock.resolve import resolve  # noqa: PLC0415  # most runs solve nothing

        with self._solvers:
            return resolve(question, self.depot, self.announce)

    def _question(self, environment: Environment, group: MacClass, mac: MacHost) -> Question:
        variant = self.choose_variant(environment, group)
        return form_question(environment, group, variant, mac, self.catalogue)

    def _check_channels(self, key: LockKey, mac: MacHost) -> None:
        """Raise TorchardError if another Mac of the class takes the environment from elsewhere."""
        channels = ", ".join(mac.channels)
        first, others, indexes = self._channels.setdefault(key, (mac.name, channels, mac.indexes))
        environment, group = key
        if indexes != mac.indexes:
            raise TorchardError(
                f"{first} and {mac.name} are both {group}, but take {environment} from"
                " different wheel indexes.",
                "Give them the same `indexes:`, or two environments of different names.",
            )
        if others != channels:
            raise TorchardError(
                f"{first} and {mac.name} are both {group}, but take {environment} from"
                f" different channels: {others}, and {channels}.",
                "Give them the same channels, or two environments of different names.",
            )

    def _find(
        self, environment: Environment, group: MacClass, mac: MacHost, *, upgrade: bool
    ) -> Lock:
        question = self._question(environment, group, mac)
        path = self.path(environment.name, group)
        state = "missing"
        if not upgrade and path.exists():
            lock = read_lock(path)
            state = (
                describe_outdated(lock, question)
                or describe_broken_bound(lock, question)
                or describe_unchecked(lock)
            )
            if not state:
                check_answer(lock, question, path)
                return lock
        elif not upgrade:
            check_old_place(path, environment.name)
        if self.read_only:
            raise LockMissingError(
                f"The lock {shorten_local_path(path)} is {state}.",
                self.remedy,
            )
        lock = self._solve(question)
        self.replaced[path] = before = read_replaced(path)
        text = format_lock(lock)
        if before is not None and format_lock(before) == text:
            return before
        if not self.is_trial:
            write_lock(path, text)
            self.written.add(path)
        return lock

    def choose_variant(self, environment: Environment, group: MacClass) -> Variant | None:
        """Return the PyTorch of an environment, None if it has none.

        Raise TorchardError where no release fits the request.
        """
        if environment.pytorch is None:
            return None
        answer = choose(environment.pytorch, group, self.catalogue)
        if isinstance(answer, Refusal):
            raise TorchardError(answer.reason, answer.instead)
        return answer


def form_question(
    environment: Environment,
    group: MacClass,
    variant: Variant | None,
    mac: MacHost,
    catalogue: Catalogue,
) -> Question:
    """Return the question of an environment for the class of a Mac."""
    return Question(
        environment,
        group,
        variant,
        list_channels(variant, mac, catalogue),
        mac.mirrors,
        nightly_index(mac, catalogue),
        pairings=catalogue.pairings,
        indexes=mac.indexes,
    )


def list_channels(variant: Variant | None, mac: MacHost, catalogue: Catalogue) -> tuple[str, ...]:
    """Return an environment's channels: the Mac's, preceded by the one that has its PyTorch."""
    own = catalogue.sources[variant.source].channel if variant else None
    return mac.channels if own is None or own in mac.channels else (own, *mac.channels)


def describe_outdated(lock: Lock, question: Question) -> str:
    """Return why a lock is out of date, as a clause; empty if it answers the question."""
    if lock.inputs == question.digest:
        return ""
    reasons = (text for _, text in find_differences(lock, question))
    return f"out of date: {next(reasons, 'another version of Torchard asked the solvers')}"


def describe_broken_bound(lock: Lock, question: Question) -> str:
    """Return which pairing of today's catalogue a lock breaks, as a clause; empty if none."""
    rows = {name: version for one in lock.conda for name, version in one.provides}
    wheels = {one.name: one.version for one in lock.wheels}
    for bound in find_broken_bounds(question.pairings, {**rows, **wheels}):
        if bound.package in wheels:
            return (
                f"out of date: its {bound.package} is {wheels[bound.package]}, but {bound.reason}"
            )
    return ""


def describe_unchecked(lock: Lock) -> str:
    """Return which check of libraries a lock lacks, as a clause; empty if it has all."""
    names = [one.name for one in find_unchecked(lock)]
    more = f" and of {len(names) - 1} more" if len(names) > 1 else ""
    return f"out of date: it has no check of the libraries of {names[0]}{more}" if names else ""


def check_answer(lock: Lock, question: Question, path: Path) -> None:
    """Raise LockFileError if a lock says that it answers a question, and does not."""
    for part, what in (*find_differences(lock, question), *find_unasked(lock, question)):
        raise edited_error(f"{shorten_local_path(path)}:{find_line(lock, part)}", what)


def read_replaced(path: Path) -> Lock | None:
    """Return the lock that a new one replaces; None if there is none that can be read."""
    try:
        return read_lock(path) if path.exists() else None
    except LockFileError:
        return None


def check_old_place(path: Path, environment: str) -> None:
    """Raise LockFileError if a missing lock lies where older versions of Torchard kept it."""
    for old in sorted(path.parent.parent.glob("*.json")):
        if old.name.startswith(f"{environment}.osx-"):
            raise LockFileError(
                f"{shorten_local_path(old)} is a lock file of an older Torchard. Locks are now in"
                f" {shorten_local_path(path.parent)}, in another format.",
                "Solve again: run `torchard lock --upgrade`, then remove the old file.",
            )


def nightly_index(mac: MacHost, catalogue: Catalogue) -> str:
    """Return the URL of the index from which a Mac gets PyTorch's nightly builds."""
    return mac.mirrors.nightly or catalogue.nightly.index or ""


def write_lock(path: Path, text: str) -> None:
    """Write a lock file atomically. Raise LockFileError where that is impossible."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with create_plain(partial) as stream:
            stream.write(text.encode())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise LockFileError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Locks are kept beside the lab file: put it into a folder in which you can write.",
        ) from error
