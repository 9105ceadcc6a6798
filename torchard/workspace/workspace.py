"""One lab on its controller: work out what each Mac should become, its target.

The choice of PyTorch, the installer and the locks are looked up once for the lab. Nothing here
contacts a Mac.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from torchard.catalog.catalog import load_catalog
from torchard.catalog.installers import choose_installer
from torchard.catalog.mac_class import find_exact_class, widen_class
from torchard.catalog.variant import Refusal
from torchard.depot.depot import Depot
from torchard.errors import TorchardError
from torchard.lab.load import load_lab
from torchard.lock.unsolved import UnsolvableError
from torchard.plan.blockers import find_mac_blockers
from torchard.plan.steps import has_other_installer, is_rest_of, is_same_step
from torchard.plan.target import Target
from torchard.plan.warnings import (
    find_lock_warnings,
    find_mac_warnings,
    find_virtual_mac_warnings,
)
from torchard.workspace.artefacts import Artefacts
from torchard.workspace.locks import LabLocks, LockMissingError
from torchard.workspace.runs import mark_own_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.catalog.installers import Installer
    from torchard.catalog.variant import Variant
    from torchard.lab.model import Lab, MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.plan.steps import Step


class Workspace:
    """One lab on its controller, with its locks and artefacts.

    `planned` holds the steps that a person saw of each Mac: operations do no others. It is empty
    under plain pyinfra. `states` is what was read of the lab's Macs so far. `rebuild` names the
    environments that a person asked to build again.
    """

    def __init__(self, lab: Lab, *, locked: bool = False, depot: Depot | None = None) -> None:
        self.lab = lab
        self.catalogue = load_catalog()
        self.depot = depot or Depot()
        self.locks = LabLocks(lab, self.catalogue, self.depot, read_only=locked)
        self.artefacts = Artefacts(self.catalogue, self.depot)
        self.planned: dict[str, tuple[Step, ...]] = {}
        self.states: dict[str, MacState] = {}
        self.rebuild: frozenset[str] = frozenset()

    def find_mac(self, name: str) -> MacHost:
        """Return a Mac by its name in the lab file."""
        return self.lab.macs[name]

    def is_planned(self, mac: MacHost, step: Step) -> bool:
        """Tell whether a step, or one of which it is the rest, is in the plan that was shown.

        Under plain pyinfra every step is: pyinfra shows its own plan.
        """
        steps = self.planned.get(mac.name)
        return steps is None or any(
            is_same_step(step, one) or is_rest_of(step, one) for one in steps
        )

    def find_target(self, mac: MacHost, state: MacState) -> Target:
        """Work out what a Mac should become.

        Raise LockMissingError where a lock must be made and may not; every other obstacle is in the
        target's `blockers`.
        """
        self.states[mac.name] = state = mark_own_lock(state)
        blockers = [*find_mac_blockers(mac, self.states, self.catalogue.oldest_conda)]
        exact = find_exact_class(state.arch, state.macos, self.catalogue)
        if isinstance(exact, Refusal):
            return Target(mac, state, blockers=(*blockers, _format_refusal(exact)))
        group = widen_class(exact, self.catalogue)
        if blockers:
            return Target(mac, state, blockers=tuple(blockers))
        installer = self._find_installer(mac, state, blockers)
        locks = {}
        # In the order of the lab, in which deploy.py does them.
        for name in filter(mac.environments.__contains__, self.lab.environments):
            environment = self.lab.environments[name]
            try:
                variant = self.locks.choose_variant(environment, exact)
                locks[name] = _explain_by(variant, self.locks.find(environment, group, mac))
            except LockMissingError:
                raise
            except UnsolvableError as error:
                blockers.append(f"{name}: {error.describe_for(exact)}")
            except TorchardError as error:
                # A solver's own words may be several lines: what to do comes on a line of its own.
                between = "\n" if "\n" in error.message else " "
                blockers.append(f"{name}: {error.message}{between}{error.instead}".strip())
        return Target(
            mac=mac,
            state=state,
            mac_class=group,
            installer=installer,
            locks=locks,
            blockers=tuple(blockers),
            warnings=(
                *find_mac_warnings(mac, state, self.catalogue, time.time()),
                *self._find_warnings(state, locks),
            ),
            rebuild=self.rebuild,
            environments={name: self.lab.environments[name] for name in mac.environments},
        )

    def _find_warnings(self, state: MacState, locks: Mapping[str, Lock]) -> Iterator[str]:
        """Yield the warnings about each environment, whether or not it is up to date."""
        for name, lock in locks.items():
            request = self.lab.environments[name].pytorch
            yield from (
                f"{name}: {text}" for text in find_lock_warnings(lock, request, self.catalogue)
            )
            yield from (f"{name}: {text}" for text in find_virtual_mac_warnings(state, lock))

    def _find_installer(
        self, mac: MacHost, state: MacState, blockers: list[str]
    ) -> Installer | None:
        """Return the installer that must run on a Mac. Add what forbids it to `blockers`."""
        whole = state.prefix_state == "whole"
        moved = state.is_prefix_moved
        asked = mac.miniconda.version or mac.miniconda.installer
        if whole and not asked and not moved:
            return None  # the newest installer is for Macs that have no conda
        answer = choose_installer(state.arch, state.macos, mac.miniconda, self.catalogue)
        if isinstance(answer, Refusal):
            blockers.append(_format_refusal(answer))
            return None
        if whole and not has_other_installer(state, answer) and not moved:
            return None
        return answer


_WORKSPACES: dict[Path, Workspace] = {}


def open_workspace(
    path: str | Path,
    overrides: Mapping[str, object] | None = None,
    *,
    locked: bool = False,
    depot: Depot | None = None,
) -> Workspace:
    """Read a lab file and open a new workspace for it. Raise LabError where the file is wrong.

    With `locked`, no lock file is written. `overrides` are pyinfra's `--data`.
    """
    lab = load_lab(Path(path), overrides)
    _WORKSPACES[lab.path] = opened = Workspace(lab, locked=locked, depot=depot)
    return opened


def get_workspace(path: str | Path, overrides: Mapping[str, object] | None = None) -> Workspace:
    """Return the workspace of a lab, opened once in a process."""
    known = _WORKSPACES.get(Path(path).resolve())
    return known or open_workspace(path, overrides)


def _explain_by(variant: Variant | None, lock: Lock) -> Lock:
    """Return a lock with the reasons of a Mac's own variant, which name that Mac's macOS."""
    if variant is None or lock.variant is None:
        return lock
    own = replace(lock.variant, reason=variant.reason, notes=variant.notes)
    return replace(lock, variant=own)


def _format_refusal(refusal: Refusal) -> str:
    return f"{refusal.reason} {refusal.instead}"
