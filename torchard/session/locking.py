"""Find or solve the locks of a run beside its other work: while Macs are read or at work."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gevent

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from torchard.lab.model import Environment, MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.workspace.locks import LabLocks, LockKey


@dataclass
class LockJobs:
    """The locks that were asked for, each by one greenlet. `LabLocks.find` has their answers."""

    locks: LabLocks
    _jobs: dict[LockKey, gevent.Greenlet] = field(default_factory=dict)

    def start_known(self, mac: MacHost) -> None:
        """Begin to find the locks of a Mac if the lab file says its class."""
        if mac.arch is not None and mac.macos is not None:
            self._start(mac, mac.arch, mac.macos)

    def start(self, mac: MacHost, state: MacState) -> None:
        """Begin to find the locks of a Mac that was read."""
        self._start(mac, state.arch, state.macos)

    def _start(self, mac: MacHost, arch: str, macos: str) -> None:
        for environment, group in self.locks.list_wanted(mac, arch, macos):
            key = (environment.name, group)
            if key not in self._jobs:
                self._jobs[key] = gevent.spawn(self._find, environment, key, mac)

    def _find(self, environment: Environment, key: LockKey, mac: MacHost) -> Lock | None:
        with suppress(TorchardError):  # kept, and raised again for each Mac of the class
            return self.locks.find(environment, key[1], mac)
        return None

    def list_unfinished(self, mac: MacHost, state: MacState) -> list[gevent.Greenlet]:
        """Return what the plan of a Mac still waits for."""
        wanted = self.locks.list_wanted(mac, state.arch, state.macos)
        jobs = (self._jobs.get((environment.name, group)) for environment, group in wanted)
        return [job for job in jobs if job is not None and not job.ready()]

    def wait(self) -> None:
        """Wait for all that was begun."""
        gevent.joinall(list(self._jobs.values()))

    def stop(self) -> None:
        """End what is still being solved."""
        gevent.killall(list(self._jobs.values()))
