"""Update, or only check, every lock of a lab: one for each environment and Mac class."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from torchard.catalog.mac_class import find_mac_class
from torchard.catalog.variant import Refusal
from torchard.errors import TorchardError
from torchard.lock.unsolved import UnsolvableError, merge_errors
from torchard.plan.diff import compare_locks
from torchard.plan.steps import list_requested
from torchard.plan.warnings import find_package_notes
from torchard.resources import shorten_local_path
from torchard.workspace.locks import LockMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.catalog.mac_class import MacClass
    from torchard.lab.model import Lab, MacHost
    from torchard.mac.state import MacState
    from torchard.plan.diff import PackageChange
    from torchard.workspace.workspace import Workspace


Outcome = Literal["kept", "unchanged", "written", "to change", "out of date", "error"]


@dataclass(frozen=True)
class LockUpdate:
    """What became of one lock. `detail` is the path of its file, or an error's text.

    `outcome` is `kept`: it was up to date and was not solved, `unchanged`: solved again with the
    same answer, `written`, `to change`: no file may be written, `out of date`, or `error`.
    `error` is the error, unless the class of a Mac is not known. `notes` are sentences on packages
    that are not what a person may expect. `changes` are the packages that moved, `requested` the
    names that the lab asks for. `packages` and `bytes` count a lock that did not exist before.
    """

    environment: str
    mac_class: MacClass | None
    outcome: Outcome
    detail: str
    error: UnsolvableError | None = None
    notes: tuple[str, ...] = ()
    changes: tuple[PackageChange, ...] = ()
    requested: tuple[str, ...] = ()
    packages: int = 0
    bytes: int = 0


def group_by_changes(updates: Iterable[LockUpdate]) -> list[list[LockUpdate]]:
    """Put the classes of an environment together in which the same packages moved.

    A lock that could not be made is in no group.
    """
    groups: dict[object, list[LockUpdate]] = {}
    for one in updates:
        if one.outcome != "error":
            what = (one.outcome, one.changes, one.packages, one.bytes, one.requested)
            groups.setdefault((one.environment, *what), []).append(one)
    return list(groups.values())


def list_errors(updates: Iterable[LockUpdate]) -> list[str]:
    """Return the text of each error once, for all classes that share its cause."""
    failed = [one for one in updates if one.outcome == "error"]
    merged = merge_errors(one.error for one in failed if one.error is not None)
    return [*(one.detail for one in failed if one.error is None), *map(str, merged)]


def without_class(lab: Lab) -> tuple[MacHost, ...]:
    """Return the Macs whose class the lab file does not say: Torchard has to read them."""
    return tuple(
        mac
        for mac in lab.macs.values()
        if mac.environments and (mac.arch is None or mac.macos is None)
    )


def update_locks(
    workspace: Workspace,
    states: Mapping[str, MacState],
    unreachable: Mapping[str, str],
    *,
    upgrade: bool = False,
    audit: bool = False,
) -> Iterator[LockUpdate]:
    """Yield what became of every lock that the lab needs, each once. An error stops no other lock.

    `states` holds the Macs that were read, `unreachable` why others could not be. With `upgrade`,
    every lock is solved again. With `audit`, a
    lock that is up to date is solved again with its own versions and compared.
    """
    reported: set[LockUpdate] = set()
    for mac in workspace.lab.macs.values():
        if not mac.environments:
            continue
        group = _class(workspace, mac, states, unreachable)
        if not isinstance(group, str):
            for name in mac.environments:
                # For each Mac: two of one class may ask for different channels.
                update = _update(workspace, mac, name, group, upgrade=upgrade, audit=audit)
                if update not in reported:
                    reported.add(update)
                    yield update
        else:
            yield LockUpdate(", ".join(mac.environments), None, "error", f"{mac.name}: {group}")


def _class(
    workspace: Workspace,
    mac: MacHost,
    states: Mapping[str, MacState],
    unreachable: Mapping[str, str],
) -> MacClass | str:
    """Return a Mac's class, or why it is not known."""
    arch: str | None = mac.arch
    macos = mac.macos
    if arch is None or macos is None:
        if mac.name not in states:
            return (
                f"{mac.where} does not say its arch and macOS, and it is unreachable"
                f" ({unreachable.get(mac.name, 'nobody asked')}); write `arch:` and `macos:`"
            )
        arch, macos = states[mac.name].arch, states[mac.name].macos
    group = find_mac_class(arch, macos, workspace.catalogue)
    return f"{group.reason} {group.instead}" if isinstance(group, Refusal) else group


def _update(
    workspace: Workspace, mac: MacHost, name: str, group: MacClass, *, upgrade: bool, audit: bool
) -> LockUpdate:
    path = workspace.locks.path(name, group)
    try:
        lock = workspace.locks.find(workspace.lab.environments[name], group, mac, upgrade=upgrade)
        if audit:
            workspace.locks.audit(workspace.lab.environments[name], group, mac)
    except LockMissingError as error:
        return LockUpdate(name, group, "out of date", error.message)
    except UnsolvableError as error:
        return LockUpdate(name, group, "error", str(error), error)
    except TorchardError as error:  # whatever it is, a person has to know for which environment
        where = workspace.lab.environments[name].where
        named = UnsolvableError(where, name, (group,), error.message, error.instead)
        return LockUpdate(name, group, "error", str(named), named)
    notes = tuple(find_package_notes(lock, workspace.catalogue))
    update = LockUpdate(name, group, "kept", shorten_local_path(path), notes=notes)
    if path not in workspace.locks.replaced:
        return update
    before = workspace.locks.replaced[path]
    if lock is before:
        return replace(update, outcome="unchanged")
    update = replace(update, outcome="to change" if workspace.locks.is_trial else "written")
    if before is None:
        return replace(update, packages=len(lock.conda) + len(lock.wheels), bytes=lock.size)
    changes = compare_locks(before, lock)
    return replace(update, changes=changes, requested=list_requested(lock))
