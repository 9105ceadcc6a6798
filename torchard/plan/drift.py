"""Drift: what has changed in a Mac's environments since Torchard built them. Pure.

A plan compares them with today's lock. This module compares them with the list that Torchard wrote
when it built them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import msgspec

from torchard.mac.environments import find_faults, view_environment
from torchard.mac.generations import describe_failure, read_generation_name
from torchard.mac.paths import shorten_mac_path
from torchard.mac.state import NO_FILES, OwnFiles
from torchard.plan.diff import PackageChange, diff, list_installed
from torchard.plan.environment_settings import list_changed_variables, list_missing_variables
from torchard.plan.file_changes import FileChange, condarc_change
from torchard.plan.own_files import join_files
from torchard.plan.result import describe_verification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.lab.model import MacHost
    from torchard.mac.environments import EnvironmentView
    from torchard.mac.state import InstalledEnvironment, MacState, Packages, PrefixState

Owner = Literal["lab", "torchard", "person"]
Since = Literal["same", "modified", "gone", "unknown"]
BY_HAND = "installed by hand"
_TIME = re.compile(r"[0-9-]{10}[ T][0-9:]{5,8}Z?")
_LONGEST = 100  # characters of a version that are kept


@dataclass(frozen=True)
class Verified:
    """What the last verification of an environment found.

    `date` is its time in UTC, or its day. `machine` is the processor that its python ran as.
    `torch` is null without PyTorch, and `mps` says whether MPS worked.
    """

    date: str | None = None
    python: str | None = None
    machine: str | None = None
    torch: str | None = None
    mps: bool = False


@dataclass(frozen=True)
class EnvironmentStatus:
    """One environment of a Mac, or its Miniconda (`environment` is then None).

    - `owner`: `lab` if the lab names it, `torchard` if Torchard built it and the lab does not name
      it, `person` otherwise.
    - `since`: what became of it since it was built.
    - `packages`, `files`: what people changed. A package that they installed is an `add`.
    - `remarks`: anything else that is worth knowing.
    - `version`: of Miniconda.
    - `verification`: the result and the day of its last verification.
    - `own`: files that a person made in it; they do not count as changes.
    - `verified`: the parts of `verification`.
    """

    environment: str | None
    owner: Owner
    since: Since
    packages: tuple[PackageChange, ...] = ()
    files: tuple[FileChange, ...] = ()
    remarks: tuple[str, ...] = ()
    version: str | None = None
    verification: str | None = None
    own: OwnFiles = NO_FILES
    verified: Verified | None = None


def find_drift(mac: MacHost, state: MacState) -> tuple[EnvironmentStatus, ...]:
    """Return the status of Miniconda, of the lab's environments, then of all others on a Mac."""
    others = [_check_other(view_environment(name, state), state) for name in sorted(state.links)]
    return (
        _check_miniconda(state),
        *(_check_declared(name, state) for name in mac.environments),
        *(one for one in others if one and one.environment not in mac.environments),
    )


def _check_miniconda(state: MacState) -> EnvironmentStatus:
    prefix = shorten_mac_path(state.prefix, state.home)
    if state.base is None:
        # A Mac with stamped generations had a Miniconda.
        was_there = any(one.stamp for one in state.environments.values())
        cases: dict[PrefixState, tuple[Owner, Since, str]] = {
            "absent": ("lab", "gone" if was_there else "same", f"none at {prefix}"),
            "half": ("lab", "unknown", f"half installed at {prefix}"),
        }
        unknown: tuple[Owner, Since, str] = ("person", "unknown", f"no Miniconda at {prefix}")
        owner, since, remark = cases.get(state.prefix_state, unknown)
        return EnvironmentStatus(None, owner, since, remarks=(remark,))
    version = (state.prefix_ours or {}).get("version")  # empty if the lab names an installer
    found = state.conda_version or "of an unknown version"
    status = EnvironmentStatus(
        None,
        "person" if state.prefix_ours is None else "lab",
        "same",
        version=version if isinstance(version, str) and version else found,
    )
    if state.prefix_made_for is not None:
        moved = f"it was installed at {state.prefix_made_for} and has moved"
        status = replace(status, remarks=(moved,))
    return _add_changes(status, state.base, BY_HAND)


def _check_declared(name: str, state: MacState) -> EnvironmentStatus:
    view = view_environment(name, state)
    if view.found == "nothing":
        built = any(one.built_for == name for one in _list_generations(state))
        remark = "its link is gone" if built else "not there yet"
        return EnvironmentStatus(name, "lab", "gone" if built else "same", remarks=(remark,))
    if view.is_foreign:
        remark = f"it is {view.describe(state.home)}"
        return EnvironmentStatus(name, "person", "unknown", remarks=(remark,))
    return _check_generation(view, "lab", state)


def _check_other(view: EnvironmentView, state: MacState) -> EnvironmentStatus | None:
    """Return what is at a name that the lab may not know; None for what is not an environment."""
    if view.is_ours:
        return _check_generation(view, "torchard", state)
    real = state.environments.get(f"{state.prefix}/envs/{view.name}")
    if view.found == "directory" and (real is None or not real.whole):
        return None
    remarks = () if view.found == "directory" else (view.describe(state.home),)
    return EnvironmentStatus(view.name, "person", "unknown", remarks=remarks)


def _check_generation(view: EnvironmentView, owner: Owner, state: MacState) -> EnvironmentStatus:
    """Compare the generation that a link leads to with what it was."""
    active, faults = view.generation, tuple(find_faults(view))
    if active is None:
        return EnvironmentStatus(view.name, owner, "gone", remarks=faults)
    failure = describe_failure(active, view.name)
    condarc = (active.stamp or {}).get("condarc")
    status = EnvironmentStatus(
        view.name,
        owner,
        "same",
        files=condarc_change(view.name, state, condarc, active.condarc)
        if isinstance(condarc, str)
        else (),
        remarks=(*faults, *_describe_variables(active), *filter(None, [failure])),
        verification=None
        if active.verification is None
        else describe_verification(active.verification, active.built_on),
        own=join_files(active.own),
        verified=None if active.verification is None else _read_verified(active),
    )
    status = _add_changes(status, active, f"not in the lock; {BY_HAND}")
    if active.own is None or not active.own.error:
        return status
    remark = f"a person's files in it could not be inspected: {active.own.error}"
    return replace(status, remarks=(*status.remarks, remark))


def _describe_variables(active: InstalledEnvironment) -> Iterator[str]:
    """Yield what became of the variables that Torchard set. Their values may be secret by now."""
    changed, missing = list_changed_variables(active), list_missing_variables(active)
    if changed:
        yield f"a person set or unset {', '.join(changed)} (conda env config vars)"
    if missing:
        yield f"{', '.join(missing)} was removed from its conda-meta/state"


def _read_verified(active: InstalledEnvironment) -> Verified:
    """Return what a stamp says of a verification; what it says otherwise than Torchard is lost."""
    found, date = active.verification or {}, (active.stamp or {}).get("date")
    parts = (found.get(key) for key in ("python", "machine", "torch"))
    python, machine, torch = (one[:_LONGEST] if isinstance(one, str) else None for one in parts)
    is_time = isinstance(date, str) and _TIME.fullmatch(date)
    day = date if isinstance(date, str) and is_time else active.built_on
    return Verified(day, python, machine, torch, found.get("mps") is True)


def _add_changes(
    status: EnvironmentStatus, found: InstalledEnvironment, installed: str
) -> EnvironmentStatus:
    """Add the packages that changed since the environment was made; `installed` notes a new one."""
    changes = () if found.made is None else tuple(_find_changes(found.made, found, installed))
    since: Since = "same"
    if changes or status.files or status.remarks:
        since = "modified"
    elif found.made is None:
        since = "unknown"
    return replace(status, packages=changes, since=since)


def _find_changes(
    made: Packages, found: InstalledEnvironment, installed: str
) -> Iterator[PackageChange]:
    """Yield what people did to the packages of an environment, or of Miniconda's base."""
    before = list_installed(made.conda, made.dists)
    notes = {"add": installed, "update": "altered by hand", "remove": "removed by hand"}
    for one in diff(before, list_installed(found.conda, found.dists))[0]:
        change = "remove" if one.after is None else one.change
        yield msgspec.structs.replace(one, change=change, note=notes[change])


def _list_generations(state: MacState) -> Iterator[InstalledEnvironment]:
    for path, one in state.environments.items():
        if read_generation_name(path, state.root):
            yield one
