"""What should each Mac become? The choice, the installer and the locks, looked up once for a lab.

This is the controller's side of a plan: it reads and writes lock files and, where one is missing,
resolves it; it contacts no Mac.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose, choose_installer, mac_class
from torchard.catalog.variant import MacClass, Refusal
from torchard.depot.depot import Depot
from torchard.errors import TorchardError
from torchard.lab.channels import channel_url
from torchard.lab.load import load
from torchard.lock.addresses import conda_address, installer_address
from torchard.lock.lockfile import (
    CondaPackage,
    LockError,
    LockFileError,
    Wheel,
    lock_path,
    read_lock,
)
from torchard.plan.cautions import of_lock, of_virtual
from torchard.plan.conflicts import find_conflicts
from torchard.plan.plan import Target
from torchard.plan.remarks import is_older, remarks
from torchard.plan.steps import is_another, is_moved, is_rest_of, same_step, tilde
from torchard.resources import from_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torchard.catalog.rows import Catalogue
    from torchard.catalog.variant import Installer, Variant
    from torchard.lab.model import Environment, Lab, MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.plan.plan import Plan
    from torchard.plan.steps import Step

LockKey = tuple[str, MacClass]


class LockMissingError(TorchardError):
    """A lock is missing or out of date, and may not be made now."""


def _silent(_message: str) -> None:
    """Say nothing."""


@dataclass
class Workspace:
    """One lab on its controller: what is wanted, and what was looked up for it so far.

    `locked` forbids to write a lock file. `announce` is told, in a few words, what takes long.
    `written` holds the lock files that were. `planned` holds the steps that were shown of each Mac,
    where there are any: no others are done. `states` is what was read of the lab's Macs so far.
    `rebuild` names the environments that a person asked to build again.
    """

    lab: Lab
    locked: bool = False
    announce: Callable[[str], None] = _silent
    catalogue: Catalogue = field(default_factory=load_catalog)
    depot: Depot = field(default_factory=Depot)
    written: set[Path] = field(default_factory=set)
    planned: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    states: dict[str, MacState] = field(default_factory=dict)
    rebuild: frozenset[str] = frozenset()
    _locks: dict[LockKey, Lock | TorchardError] = field(default_factory=dict)
    _asked: dict[LockKey, tuple[str, str]] = field(default_factory=dict)
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _fetching: dict[str, threading.Lock] = field(default_factory=dict)
    _addresses: dict[tuple[str, str | None, str | None], dict[str, str]] = field(
        default_factory=dict
    )

    def mac(self, name: str) -> MacHost:
        """Return a Mac by its name in the lab file."""
        return self.lab.macs[name]

    def as_planned(self, mac: MacHost, step: Step) -> bool:
        """Tell whether a step was shown, or its rest is; stock pyinfra shows and does its own."""
        steps = self.planned.get(mac.name)
        return steps is None or any(same_step(step, one) or is_rest_of(step, one) for one in steps)

    def held(self, plan: Plan) -> Plan:
        """Return a plan that knows what the controller's depot holds already."""
        wanted = {
            one.sha256
            for mac in plan.macs
            for step in mac.steps
            for one in step.packages
            if one.sha256 and one.bytes
        }
        return replace(plan, held=frozenset(filter(self.depot.holds, wanted)))

    def target(self, mac: MacHost, state: MacState) -> Target:
        """Look up what a Mac should become. Raise LockMissingError where that is not allowed."""
        self.states[mac.name] = state
        refusals = [*_contradictions(mac, state), *self._old_conda(state)]
        refusals += find_conflicts(mac.name, self.states)
        group = mac_class(state.arch, state.macos, self.catalogue)
        if isinstance(group, Refusal):
            return Target(mac, state, refusals=(*refusals, _sentence(group)))
        if refusals:
            return Target(mac, state, refusals=tuple(refusals))
        installer = self._installer(mac, state, refusals)
        locks = {}
        # In the order of the lab, in which deploy.py does them.
        for name in filter(mac.environments.__contains__, self.lab.environments):
            try:
                locks[name] = self.lock(self.lab.environments[name], group, mac)
            except LockMissingError:
                raise
            except TorchardError as error:
                refusals.append(f"{name}: {_one_line(error)}")
        return Target(
            mac=mac,
            state=state,
            mac_class=group,
            installer=installer,
            locks=locks,
            refusals=tuple(refusals),
            warnings=(*remarks(mac, state, self.catalogue), *self._cautions(state, locks)),
            rebuild=self.rebuild,
        )

    def _old_conda(self, state: MacState) -> Iterator[str]:
        """Say where the conda that is there cannot unpack today's packages."""
        found, oldest = state.conda_version, self.catalogue.oldest_conda
        if state.prefix_state != "whole" or found is None or not is_older(found, oldest):
            return
        if is_moved(state):
            return  # it is installed again
        prefix = tilde(state.prefix, state.home)
        yield (
            f"the conda at {prefix} is {found}, and only {oldest} and newer unpack today's"
            f" packages; bring it up to date ({prefix}/bin/conda update conda), or move it away,"
            " and a new one is installed"
        )

    def _cautions(self, state: MacState, locks: Mapping[str, Lock]) -> Iterator[str]:
        """Say what to know of each environment, be it up to date or not."""
        for name, lock in locks.items():
            request = self.lab.environments[name].pytorch
            yield from (f"{name}: {text}" for text in of_lock(lock, request, self.catalogue))
            yield from (f"{name}: {text}" for text in of_virtual(state, lock))

    def _installer(self, mac: MacHost, state: MacState, refusals: list[str]) -> Installer | None:
        whole = state.prefix_state == "whole"
        moved = is_moved(state)
        asked = mac.miniconda.version or mac.miniconda.installer
        if whole and not asked and not moved:
            return None  # the newest is for Macs that have none
        answer = choose_installer(state.arch, state.macos, mac.miniconda, self.catalogue)
        if isinstance(answer, Refusal):
            refusals.append(_sentence(answer))
            return None
        if whole and not is_another(state, answer) and not moved:
            return None
        if answer.licence and not mac.accept_license:
            refusals.append(
                f"installing {answer.file} unattended would accept {answer.licence} on your behalf;"
                " read them and write `accept_license: true` once, or `miniconda: {distribution:"
                " miniforge}`, which asks nobody to accept anything"
            )
        return answer

    def variant(self, environment: Environment, group: MacClass) -> Variant | None:
        """Choose an environment's PyTorch. Raise TorchardError where the catalogue refuses."""
        if environment.pytorch is None:
            return None
        answer = choose(environment.pytorch, group, self.catalogue)
        if isinstance(answer, Refusal):
            raise TorchardError(answer.reason, answer.instead)
        return answer

    def lock(
        self, environment: Environment, group: MacClass, mac: MacHost, *, upgrade: bool = False
    ) -> Lock:
        """Return the lock of an environment for a Mac class: the file's, or a new one.

        Raise LockMissingError where it would have to be made and may not, TorchardError where
        there is no answer. Each answer is looked up once, whoever asks.
        """
        key = (environment.name, group)
        with self._guard:
            self._same_for_all(key, environment, group, mac)
            if key not in self._locks:
                try:
                    self._locks[key] = self._find(environment, group, mac, upgrade=upgrade)
                except TorchardError as error:
                    self._locks[key] = error
            answer = self._locks[key]
        if isinstance(answer, TorchardError):
            raise answer
        return answer

    def lock_ahead(self, macs: Iterable[MacHost]) -> None:
        """Make the locks that the lab file tells are needed, while no connection waits for them.

        What fails is said later, of each Mac that it concerns.
        """
        for mac in macs:
            if mac.arch is None or mac.macos is None:
                continue
            group = mac_class(mac.arch, mac.macos, self.catalogue)
            if not isinstance(group, Refusal):
                for name in mac.environments:
                    with suppress(TorchardError):
                        self.lock(self.lab.environments[name], group, mac)

    def _same_for_all(
        self, key: LockKey, environment: Environment, group: MacClass, mac: MacHost
    ) -> None:
        """Refuse two Macs of one class that would need two different locks of one name."""
        channels = ", ".join(mac.channels)
        first, others = self._asked.setdefault(key, (mac.name, channels))
        if others != channels:
            raise TorchardError(
                f"{first} and {mac.name} are both {group}, but take {environment.name} from"
                f" different channels: {others}, and {channels}.",
                "Give them the same channels, or two environments of different names.",
            )

    def _find(
        self, environment: Environment, group: MacClass, mac: MacHost, *, upgrade: bool
    ) -> Lock:
        # Solving needs more of the machine than reading: only those who solve load it.
        from torchard.lock.resolve import inputs_digest, resolve  # noqa: PLC0415

        variant = self.variant(environment, group)
        channels = self.channels(variant, mac)
        path = self.lock_path(environment.name, group)
        if path.exists() and not upgrade:
            lock = read_lock(path)
            if lock.inputs == inputs_digest(environment, group, variant, channels):
                return lock
        if self.locked:
            state = "out of date" if path.exists() else "missing"
            raise LockMissingError(
                f"The lock {from_here(path)} is {state}.",
                "Run `torchard lock`, or leave out --locked.",
            )
        self.announce(f"locking {environment.name} for {group}")
        lock = resolve(
            environment,
            group,
            variant,
            channels,
            mac.mirrors,
            self.depot,
            nightly=self.nightly(mac),
        )
        _write(path, lock.dumps())
        self.written.add(path)
        return lock

    def channels(self, variant: Variant | None, mac: MacHost) -> tuple[str, ...]:
        """Return the channels of an environment: the lab's, below the one that PyTorch is in.

        Whoever names `source: pytorch-channel` has named that channel.
        """
        own = self.catalogue.lanes[variant.source].channel if variant else None
        return mac.channels if own is None or own in mac.channels else (own, *mac.channels)

    def nightly(self, mac: MacHost) -> str:
        """Return the index that a Mac's nightly builds are fetched from."""
        return mac.mirrors.nightly or self.catalogue.nightly.index or ""

    def lock_path(self, environment: str, group: MacClass) -> Path:
        """Return where the lock of an environment for a Mac class is kept."""
        return lock_path(self.lab.path, environment, group)

    def channel_urls(self, lock: Lock) -> dict[str, str]:
        """Return where each channel of a lock really is, mirrors apart."""
        return {channel: channel_url(channel) for channel in lock.channels}

    def fetch_installer(self, installer: Installer, mac: MacHost) -> Path:
        """Return an installer's file in the depot, fetched and verified once for the lab."""
        return self._fetch(installer, None, lambda: installer_address(installer, mac.mirrors))

    def fetch(self, artefact: CondaPackage | Wheel, lock: Lock, mac: MacHost) -> Path:
        """Return the file of a lock's artefact in the depot, fetched and verified once."""
        if isinstance(artefact, CondaPackage):
            return self._fetch(
                artefact, artefact.size, lambda: conda_address(artefact, mac.mirrors)
            )
        return self._fetch(artefact, artefact.size, lambda: self._address(artefact, lock, mac))

    def _fetch(
        self,
        artefact: CondaPackage | Wheel | Installer,
        size: int | None,
        address: Callable[[], str],
    ) -> Path:
        with self._guard:
            turn = self._fetching.setdefault(artefact.sha256, threading.Lock())
        with turn:
            return self.depot.fetch(artefact.file, artefact.sha256, size, address)

    def _address(self, wheel: Wheel, lock: Lock, mac: MacHost) -> str:
        """Return where a wheel is now; the index is asked once for all wheels of a lock."""
        from torchard.lock.wheels import addresses  # noqa: PLC0415  # only those who fetch

        key = (lock.digest, mac.mirrors.wheels, mac.mirrors.nightly)
        with self._guard:
            if key not in self._addresses:
                self._addresses[key] = addresses(lock, mac.mirrors, self.nightly(mac))
            found = self._addresses[key].get(wheel.sha256)
        if found is None:
            raise LockError(
                f"The wheel index does not offer {wheel.file} with the sha256 {wheel.sha256} of"
                f" the lock any more.",
                "Lock again: `torchard lock --upgrade`.",
            )
        return found


_WORKSPACES: dict[Path, Workspace] = {}


def open_workspace(
    path: str | Path, overrides: Mapping[str, object] | None = None, *, locked: bool = False
) -> Workspace:
    """Read a lab and open its workspace anew. Raise LabError where the file is wrong."""
    lab = load(Path(path), overrides)
    _WORKSPACES[lab.path] = opened = Workspace(lab, locked=locked)
    return opened


def workspace(path: str | Path, overrides: Mapping[str, object] | None = None) -> Workspace:
    """Return the workspace of a lab, opened once in a process."""
    known = _WORKSPACES.get(Path(path).resolve())
    return known or open_workspace(path, overrides)


def _contradictions(mac: MacHost, state: MacState) -> Iterator[str]:
    if state.arch not in {"arm64", "x86_64"}:
        yield f"its processor is {state.arch or 'unknown'}, neither arm64 nor x86_64"
    elif mac.arch is not None and mac.arch != state.arch:
        yield (
            f"{mac.where} says it is {mac.arch}, but it is {state.arch}; write arch:"
            f" {state.arch}, or correct its address"
        )


def _sentence(refusal: Refusal) -> str:
    return f"{refusal.reason} {refusal.instead}"


def _one_line(error: TorchardError) -> str:
    return f"{error.message} {error.instead}".strip()


def _write(path: Path, text: str) -> None:
    """Write a lock so that it is there whole, or as it was."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise LockFileError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Let the lab file lie where you may write; its locks belong beside it.",
        ) from error
