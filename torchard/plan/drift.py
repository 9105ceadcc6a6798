"""What became of a Mac's environments since Torchard made them, one by one. Pure.

A plan compares with the lock of today; this compares with what was noted when each was made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from packaging.utils import canonicalize_name

from torchard.mac.generations import (
    failure_of,
    generation_at,
    generation_name,
    generation_of,
    is_ours,
    why_not_whole,
)
from torchard.mac.paths import shorten_path
from torchard.plan.diff import PackageChange
from torchard.plan.result import told
from torchard.plan.steps import condarc_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torchard.lab.model import MacHost
    from torchard.mac.state import (
        InstalledConda,
        InstalledDist,
        InstalledEnvironment,
        Link,
        MacState,
    )
    from torchard.mac.state import Packages as Made
    from torchard.plan.diff import Change
    from torchard.plan.steps import FileChange

Owner = Literal["lab", "torchard", "person"]
Since = Literal["same", "modified", "gone", "unknown"]
Value = TypeVar("Value")
BY_HAND = "installed by hand"


@dataclass(frozen=True)
class EnvironmentStatus:
    """One environment of a Mac, or its Miniconda, where `environment` is None.

    `owner` is `lab` for what the lab names, `torchard` for what Torchard made and the lab does not
    name, `person` for all else. `since` says what became of it since it was made; `packages` and
    `files` what changed, as it was done: one that was installed by hand is an `add`. `remarks` are
    what else is to be known. `version` is that of Miniconda, `verification` what the last one found
    and when.
    `own` are the files that a person made and that go over to each next generation, `own_large`
    those that are too large for that or cannot be read; neither is a change.
    """

    environment: str | None
    owner: Owner
    since: Since
    packages: tuple[PackageChange, ...] = ()
    files: tuple[FileChange, ...] = ()
    remarks: tuple[str, ...] = ()
    version: str | None = None
    verification: str | None = None
    own: tuple[str, ...] = ()
    own_large: tuple[str, ...] = ()


def find_drift(mac: MacHost, state: MacState) -> tuple[EnvironmentStatus, ...]:
    """Return what stands on a Mac: Miniconda, the lab's environments, then those of nobody."""
    others = [_other(link, state) for _, link in sorted(state.links.items())]
    return (
        _miniconda(state),
        *(_declared(name, state) for name in mac.environments),
        *(one for one in others if one and one.environment not in mac.environments),
    )


def _miniconda(state: MacState) -> EnvironmentStatus:
    prefix = shorten_path(state.prefix, state.home)
    if state.base is None:
        # Whoever has generations had a Miniconda.
        was = any(one.stamp for one in state.environments.values())
        if state.prefix_state == "absent":
            return EnvironmentStatus(
                None, "lab", "gone" if was else "same", remarks=(f"none at {prefix}",)
            )
        if state.prefix_state == "half":
            return EnvironmentStatus(
                None, "lab", "unknown", remarks=(f"half installed at {prefix}",)
            )
        return EnvironmentStatus(None, "person", "unknown", remarks=(f"no Miniconda at {prefix}",))
    version = (state.prefix_ours or {}).get("version")  # of an installer that the lab names: none
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
    return _compared(status, state.base, BY_HAND)


def _declared(name: str, state: MacState) -> EnvironmentStatus:
    link = state.links.get(name)
    if link is None:
        built = any((one.stamp or {}).get("environment") == name for one in _generations(state))
        said = "its link is gone" if built else "not there yet"
        return EnvironmentStatus(name, "lab", "gone" if built else "same", remarks=(said,))
    if generation_of(link, state.home) is None:
        what = "no link" if link.target is None else f"a link to {link.target}"
        return EnvironmentStatus(name, "person", "unknown", remarks=(f"it is {what}",))
    return _shown(name, "lab", link, state)


def _other(link: Link, state: MacState) -> EnvironmentStatus | None:
    """Return what stands at a name that the lab may not know; None for what is no environment."""
    if is_ours(link, state):
        return _shown(link.name, "torchard", link, state)
    real = state.environments.get(f"{state.prefix}/envs/{link.name}")
    if link.target is None and (real is None or not real.whole):
        return None
    leads = () if link.target is None else (f"a link to {shorten_path(link.target, state.home)}",)
    return EnvironmentStatus(link.name, "person", "unknown", remarks=leads)


def _shown(name: str, owner: Owner, link: Link, state: MacState) -> EnvironmentStatus:
    """Compare the generation that a link leads to with what it was."""
    shown = generation_at(link, state)
    if shown is None:
        return EnvironmentStatus(name, owner, "gone", remarks=("its link leads nowhere",))
    stamp = shown.stamp or {}
    was = stamp.get("condarc")
    files = condarc_change(name, state, was, shown.condarc) if isinstance(was, str) else ()
    status = EnvironmentStatus(
        name,
        owner,
        "same",
        files=files,
        verification=_verification(stamp),
        own=shown.own,
        own_large=shown.own_large,
    )
    wrong = tuple(_wrong(name, shown))
    return _compared(replace(status, remarks=wrong), shown, f"not in the lock; {BY_HAND}")


def _wrong(name: str, shown: InstalledEnvironment) -> Iterator[str]:
    if not shown.stamp:
        yield "its stamp is gone or broken"
    elif shown.stamp.get("environment") != name:
        yield "its link leads to another environment's generation"
    elif not isinstance(shown.stamp.get("verification"), Mapping):
        yield "it was never verified"
    yield from why_not_whole(shown)
    if shown.damaged:
        yield "an interrupted conda left it damaged"
    failure = failure_of(shown, name)
    if failure is not None:
        yield failure


def _compared(
    status: EnvironmentStatus, found: InstalledEnvironment, installed: str
) -> EnvironmentStatus:
    """Add what changed of the packages; `installed` is said of one that came."""
    changes = () if found.made is None else tuple(_changes(found.made, found, installed))
    since: Since = "same"
    if changes or status.files or status.remarks:
        since = "modified"
    elif found.made is None:
        since = "unknown"
    return replace(status, packages=changes, since=since)


def _verification(stamp: Mapping[str, object]) -> str | None:
    verification, date = stamp.get("verification"), stamp.get("date")
    if not isinstance(verification, Mapping):
        return None
    known = isinstance(date, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\b", date)
    return told(verification, known[0] if known else None)


def _generations(state: MacState) -> Iterator[InstalledEnvironment]:
    for path, one in state.environments.items():
        if generation_name(path, state.home):
            yield one


def _changes(made: Made, found: InstalledEnvironment, installed: str) -> Iterator[PackageChange]:
    """Yield the packages that came, went or changed, conda's first.

    What conda itself installs into its python has a dist-info as well: that is one change.
    """
    notes: dict[Change, str] = {
        "add": installed,
        "update": "altered by hand",
        "remove": "removed by hand",
    }
    told_already: set[tuple[Change, str]] = set()
    for name, old, new in _differing(_conda(made.conda), _conda(found.conda)):
        change: Change = "add" if old is None else "remove" if new is None else "update"
        before, after = _versions(old, new)
        told_already.add((change, canonicalize_name(name)))
        yield PackageChange(change, name, before, after, "conda", note=notes[change])
    for name, was, now in _differing(_dists(made.dists), _dists(found.dists)):
        change = "add" if was is None else "remove" if now is None else "update"
        if (change, name) not in told_already:
            yield PackageChange(change, name, was, now, "pip", note=notes[change])


def _differing(
    before: Mapping[str, Value], after: Mapping[str, Value]
) -> Iterator[tuple[str, Value | None, Value | None]]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _conda(packages: Iterable[InstalledConda]) -> dict[str, InstalledConda]:
    return {one.name: one for one in sorted(packages, key=lambda one: (one.name, one.version))}


def _dists(dists: Iterable[InstalledDist]) -> dict[str, str]:
    versions: dict[str, list[str]] = {}
    for one in dists:
        versions.setdefault(canonicalize_name(one.name), []).append(one.version)
    return {name: ", ".join(sorted(found)) for name, found in versions.items()}


def _versions(
    old: InstalledConda | None, new: InstalledConda | None
) -> tuple[str | None, str | None]:
    """Write versions, with their builds where only those differ, or neither."""
    same = old is not None and new is not None and old.version == new.version
    before, after = (
        None if one is None else f"{one.version}={one.build}" if same else one.version
        for one in (old, new)
    )
    return before, after
