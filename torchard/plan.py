"""What differs? A Mac's state against its locks, as steps and package changes. Pure data.

Text, JSON and exit code are all read from the Plan made here, so they cannot disagree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac import InstalledEnvironment, MacState
    from torchard.variant import Installer, MacClass

Change = Literal["add", "change", "remove"]
StepChange = Literal["add", "change", "repair", "show"]
PlanState = Literal["in_order", "change", "unreached", "refused", "failed"]
STAMP_FORMAT = 1


@dataclass(frozen=True)
class PackageChange:
    """One package that comes, goes or changes; `bytes` is the size of what must be fetched.

    `source` is the conda channel, or `wheel`; `note` is a remark for people.
    """

    change: Change
    name: str
    before: str | None
    after: str | None
    source: str
    bytes: int = 0
    sha256: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Step:
    """One thing that would be done to a Mac.

    `kind` is `miniconda` or `environment`. `path` is what would be made: the prefix, or the new
    generation. `kept` counts the packages that stay as they are, `total_bytes` sums the sizes of
    every artefact of the result.
    """

    kind: Literal["miniconda", "environment"]
    change: StepChange
    environment: str | None
    reason: str
    path: str
    packages: tuple[PackageChange, ...] = ()
    kept: int = 0
    total_bytes: int = 0
    detail: str = ""


@dataclass(frozen=True)
class Intent:
    """What one reached Mac should become, with everything that had to be looked up.

    `refusals` are reasons to do nothing to this Mac, `warnings` things worth saying. `locks` is
    keyed by environment.
    """

    mac: MacHost
    state: MacState
    mac_class: MacClass | None = None
    installer: Installer | None = None
    locks: Mapping[str, Lock] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class MacPlan:
    """What would be done to one Mac; `reason` is why it was refused or not reached."""

    name: str
    state: PlanState
    mac_class: str | None = None
    arch: str | None = None
    macos: str | None = None
    reason: str | None = None
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """The counts of a plan's last line; `fetch_bytes` counts each artefact once for the lab."""

    change: int
    in_order: int
    unreached: int
    refused: int
    failed: int
    fetch_bytes: int


@dataclass(frozen=True)
class Plan:
    """What would be done to a lab, Mac by Mac in the lab's order."""

    macs: tuple[MacPlan, ...]

    @property
    def summary(self) -> Summary:
        """Count the Macs by state and the bytes to fetch."""
        count = {state: 0 for state in ("change", "in_order", "unreached", "refused", "failed")}
        artefacts: dict[str, int] = {}
        for mac in self.macs:
            count[mac.state] += 1
            for step in mac.steps:
                for package in step.packages:
                    if package.bytes:
                        artefacts[package.sha256 or package.name] = package.bytes
        return Summary(**count, fetch_bytes=sum(artefacts.values()))

    @property
    def exit_code(self) -> int:
        """0 nothing to do, 2 changes, 3 some Mac not reached or refused, 1 some Mac failed."""
        summary = self.summary
        if summary.failed:
            return 1
        if summary.unreached or summary.refused:
            return 3
        return 2 if summary.change else 0


def unreached(name: str, reason: str) -> MacPlan:
    """Return the plan of a Mac that could not be read."""
    return MacPlan(name, "unreached", reason=reason)


def plan_mac(intent: Intent) -> MacPlan:
    """Compare one Mac with what it should become."""
    base = MacPlan(
        intent.mac.name,
        "in_order",
        mac_class=str(intent.mac_class) if intent.mac_class else None,
        arch=intent.state.arch,
        macos=intent.state.macos,
        warnings=intent.warnings,
    )
    refusals = (*intent.refusals, *_standing_in_the_way(intent))
    if refusals:
        return replace(base, state="refused", reason="; ".join(refusals))
    steps = [step for step in (_miniconda(intent),) if step]
    for lock in intent.locks.values():
        step = environment_step(lock, intent.state)
        if step:
            steps.append(step)
    return replace(base, state="change" if steps else "in_order", steps=tuple(steps))


def _standing_in_the_way(intent: Intent) -> Iterable[str]:
    """Name what stands where something of ours would go, and is not ours to replace."""
    state = intent.state
    if state.prefix_state == "foreign":
        yield (
            f"{state.prefix} is there and is no conda prefix; move it away, or set"
            " miniconda.prefix to another path"
        )
    if state.prefix_state == "whole" and state.prefix_arch not in {None, state.arch}:
        yield (
            f"the Miniconda at {state.prefix} is built for {state.prefix_arch}, but this Mac is"
            f" {state.arch}; move it away (mv {state.prefix} {state.prefix}-{state.prefix_arch}),"
            " or set miniconda.prefix to another path"
        )
    for name in intent.locks:
        link = state.links.get(name)
        if link is None or generation_name(link.target, state.home):
            continue
        what = "a directory" if link.target is None else f"a link to {link.target}"
        yield (
            f"{state.prefix}/envs/{name} is {what} that Torchard did not make; rename it, or"
            f" name the environment otherwise than {name}"
        )


def generations_root(home: str) -> str:
    """Return the directory of the generations in a home directory."""
    return f"{home}/.torchard/generations"


def generation_name(target: str | None, home: str) -> str | None:
    """Return the generation that a link leads to, or None where it leads elsewhere."""
    root = generations_root(home) + "/"
    if target is None or not target.startswith(root):
        return None
    name = target[len(root) :]
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) else None


def _miniconda(intent: Intent) -> Step | None:
    state, installer = intent.state, intent.installer
    if state.prefix_state == "whole" or installer is None:
        return None
    half = state.prefix_state == "half"
    return Step(
        kind="miniconda",
        change="repair" if half else "add",
        environment=None,
        reason=(
            f"{state.prefix} is half installed; it is set aside and installed anew"
            if half
            else f"no Miniconda at {state.prefix}"
        ),
        path=state.prefix,
        packages=(
            PackageChange(
                "add",
                installer.distribution,
                None,
                installer.version or installer.file,
                "installer",
                sha256=installer.sha256,
            ),
        ),
        detail=installer.sha256,
    )


def environment_step(lock: Lock, state: MacState) -> Step | None:
    """Return what must be done for one environment, or None where it is in order."""
    name = lock.environment
    link = state.links.get(name)
    shown = state.environments.get(link.target) if link and link.target else None
    if shown is not None and _is(lock, shown):
        return None
    ready = next((one for one in state.environments.values() if _is(lock, one)), None)
    if ready is not None:
        return Step(
            "environment",
            "show",
            name,
            reason="this generation is built and proved; only its link is missing or elsewhere",
            path=ready.path,
            kept=len(lock.conda) + len(lock.wheels),
        )
    before = shown if shown is not None and shown.whole else None
    changes, kept = compare(lock, before, state.depot)
    return Step(
        "environment",
        "add" if link is None else "repair" if before is None else "change",
        name,
        reason=_reason(lock, before, dangling=link is not None and before is None),
        path=_free_path(lock, state),
        packages=changes,
        kept=kept,
        total_bytes=sum(one.size for one in (*lock.conda, *lock.wheels)),
        detail=lock.digest,
    )


def _reason(lock: Lock, before: InstalledEnvironment | None, *, dangling: bool) -> str:
    if dangling:
        return "its link leads to no whole generation"
    if before is None:
        return "not there yet"
    stamp = before.stamp or {}
    if stamp.get("lock") != lock.digest:
        return "the lock has changed"
    if before.damaged:
        return "an interrupted conda left it damaged"
    if not stamp.get("proof"):
        return "it was never proved"
    return "changed by hand since it was built"


def _is(lock: Lock, environment: InstalledEnvironment) -> bool:
    """Tell whether a generation is this lock's: whole, proved, and package by package the same."""
    stamp = environment.stamp or {}
    if not environment.whole or environment.damaged:
        return False
    if stamp.get("lock") != lock.digest or not stamp.get("proof"):
        return False
    if stamp.get("environment") != lock.environment:
        return False
    return not compare(lock, environment, {})[0]


def _free_path(lock: Lock, state: MacState) -> str:
    """Name a generation that does not exist: one drifted by hand keeps its name until it goes."""
    base = f"{generations_root(state.home)}/{lock.environment}-{lock.digest[:8]}"
    taken = state.environments
    if base not in taken or not taken[base].stamp:
        return base
    number = 2
    while f"{base}.{number}" in taken and taken[f"{base}.{number}"].stamp:
        number += 1
    return f"{base}.{number}"


def compare(
    lock: Lock, before: InstalledEnvironment | None, depot: Mapping[str, int]
) -> tuple[tuple[PackageChange, ...], int]:
    """Compare an environment with its lock: the changes, and how many packages stay.

    `depot` holds the paths that already lie on the Mac: those cost no bytes.
    """
    changes: list[PackageChange] = []
    kept = 0
    conda = {package.name: package for package in before.conda} if before else {}
    for package in lock.conda:
        old = conda.pop(package.name, None)
        same = old is not None and (old.version, old.build) == (package.version, package.build)
        if same and old is not None and old.sha256 in {None, package.sha256}:
            kept += 1
            continue
        size = 0 if conda_path(package.sha256, package.subdir, package.file) in depot else None
        changes.append(
            PackageChange(
                "change" if old else "add",
                package.name,
                _told(old.version, old.build, package.version) if old else None,
                _told(package.version, package.build, old.version if old else None),
                package.channel,
                package.size if size is None else size,
                package.sha256,
            )
        )
    changes += [
        PackageChange("remove", old.name, old.version, None, "conda", note=_BY_HAND)
        for old in conda.values()
    ]
    wheels, wheels_kept = _compare_wheels(lock, before, depot)
    # torch and its companions first among the wheels, as in a person's question.
    order = {"torch": 0, "torchvision": 1, "torchaudio": 2}
    wheels.sort(key=lambda one: (order.get(one.name, 3), one.name))
    return (*changes, *wheels), kept + wheels_kept


_BY_HAND = "not in the lock; installed by hand"


def _compare_wheels(
    lock: Lock, before: InstalledEnvironment | None, depot: Mapping[str, int]
) -> tuple[list[PackageChange], int]:
    provided = {name: version for one in lock.conda for name, version in one.provides}
    found: dict[str, list[str]] = {}
    for dist in before.dists if before else ():
        found.setdefault(canonicalize_name(dist.name), []).append(dist.version)
    changes: list[PackageChange] = []
    kept = 0
    for wheel in lock.wheels:
        versions = found.pop(wheel.name, [])
        if len(versions) == 1 and same_version(versions[0], wheel.version):
            kept += 1
            continue
        size = 0 if wheel_path(wheel.sha256, wheel.file) in depot else wheel.size
        old = ", ".join(versions) or None
        changes.append(
            PackageChange(
                "change" if versions else "add",
                wheel.name,
                old,
                wheel.version,
                "wheel",
                size,
                wheel.sha256,
            )
        )
    for name, version in provided.items() if before else ():
        versions = found.pop(name, [])
        if not (len(versions) == 1 and same_version(versions[0], version)):
            note = "conda's own; altered by hand"
            old = ", ".join(versions) or None
            changes.append(PackageChange("change", name, old, version, "conda", note=note))
    for name, versions in found.items():
        note = _BY_HAND if name not in provided else ""
        changes.append(PackageChange("remove", name, ", ".join(versions), None, "wheel", note=note))
    return changes, kept


def _told(version: str, build: str, other: str | None) -> str:
    """Show the build only where the versions are equal and it is what differs."""
    return f"{version}={build}" if version == other else version


def same_version(one: str, other: str) -> bool:
    """Tell whether two versions are equal as PEP 440 has it, or else as text."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def conda_path(sha256: str, subdir: str, file: str) -> str:
    """Return where a conda package lies in a Mac's depot; its digest's folder is a channel."""
    return f"{sha256}/{subdir}/{file}"


def wheel_path(sha256: str, file: str) -> str:
    """Return where a wheel lies in a Mac's depot."""
    return f"{sha256}/{file}"
