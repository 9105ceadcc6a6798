"""What differs? A Mac's state against its locks, as steps and package changes. Pure data.

Text, JSON and exit code are all read from the Plan made here, so they cannot disagree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name

from torchard.compare import PackageChange, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac import InstalledEnvironment, Link, MacState
    from torchard.variant import Installer, MacClass

StepChange = Literal["add", "change", "repair", "show"]
PlanState = Literal["in_order", "change", "unreached", "refused", "failed"]
STAMP_FORMAT = 1


@dataclass(frozen=True)
class Step:
    """One thing that would be done to a Mac.

    `kind` is `miniconda` or `environment`. `path` is what would be made: the prefix, or the new
    generation. `kept` counts the packages that stay as they are, `total_bytes` sums the sizes of
    every artefact of the result. `named` are the packages that the lab itself asks for, `notes`
    say why this PyTorch and what was given up.
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
    named: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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
    """What would be done to one Mac; `reason` is why it was refused, not reached or failed.

    After an apply `state` is what was found then, `steps` are what was to be done, `seconds` how
    long it took, and `proofs` what each environment proved, as (environment, answer).
    """

    name: str
    state: PlanState
    mac_class: str | None = None
    arch: str | None = None
    macos: str | None = None
    reason: str | None = None
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float | None = None
    proofs: tuple[tuple[str, str], ...] = ()


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
        count = dict.fromkeys(("change", "in_order", "unreached", "refused", "failed"), 0)
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
    reasons = refusals(intent)
    if reasons:
        return replace(base, state="refused", reason="; ".join(reasons))
    steps = [step for step in (miniconda_step(intent.state, intent.installer),) if step]
    for lock in intent.locks.values():
        step = environment_step(lock, intent.state)
        if step:
            steps.append(step)
    return replace(base, state="change" if steps else "in_order", steps=tuple(steps))


def refusals(intent: Intent) -> tuple[str, ...]:
    """Return every reason to leave a Mac alone."""
    return (*intent.refusals, *_standing_in_the_way(intent))


def _standing_in_the_way(intent: Intent) -> Iterable[str]:
    """Name what stands where something of ours would go, and is not ours to replace."""
    state = intent.state
    prefix = tilde(state.prefix, state.home)
    if state.prefix_state == "foreign":
        yield (
            f"{prefix} is there and is no conda prefix; move it away, or set"
            " miniconda.prefix to another path"
        )
    if state.prefix_state == "whole" and state.prefix_arch not in {None, state.arch}:
        yield (
            f"the Miniconda at {prefix} is built for {state.prefix_arch}, but this Mac is"
            f" {state.arch}; move it away (mv {prefix} {prefix}-{state.prefix_arch}),"
            " or set miniconda.prefix to another path"
        )
    needed = sum(lock.size for lock in intent.locks.values() if environment_step(lock, state))
    if state.free < 2 * needed:
        # An artefact lies in the depot and, unpacked, in the generation at least once more.
        yield (
            f"its disk has {state.free // 10**6} MB free, and these packages need more than"
            f" {2 * needed // 10**6} MB; make room"
        )
    for name in intent.locks:
        link = _link(name, state)
        if link is None or generation_name(link.target, state.home):
            continue
        what = "a directory" if link.target is None else f"a link to {link.target}"
        yield (
            f"{prefix}/envs/{name} is {what} that Torchard did not make; rename it, or"
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


def tilde(path: str, home: str) -> str:
    """Write a path the way a person would: two Macs with different homes then read the same."""
    return f"~{path[len(home) :]}" if f"{path}/".startswith(f"{home}/") else path


def miniconda_step(state: MacState, installer: Installer | None) -> Step | None:
    """Return what must be done for the prefix, or None where it is whole."""
    if state.prefix_state == "whole" or installer is None:
        return None
    half = state.prefix_state == "half"
    prefix = tilde(state.prefix, state.home)
    return Step(
        kind="miniconda",
        change="repair" if half else "add",
        environment=None,
        reason=(
            f"{prefix} is half installed; it is set aside and installed anew"
            if half
            else f"no Miniconda at {prefix}"
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
        notes=installer.notes,
    )


def environment_step(lock: Lock, state: MacState) -> Step | None:
    """Return what must be done for one environment, or None where it is in order."""
    name = lock.environment
    link = _link(name, state)
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
        total_bytes=lock.size,
        detail=lock.digest,
        named=_named(lock),
        notes=(lock.variant.reason, *lock.variant.notes) if lock.variant else (),
    )


def _link(name: str, state: MacState) -> Link | None:
    """Return what will stand at an environment's name once Miniconda is there."""
    # A half-installed prefix is set aside first, with all that is in it.
    return None if state.prefix_state == "half" else state.links.get(name)


def _named(lock: Lock) -> tuple[str, ...]:
    """Return what the lab asks for by name: python, PyTorch, and its own packages."""
    asked = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
    specs = [asked.match(spec) for spec in (*lock.conda_specs, *lock.pip_specs)]
    names = [canonicalize_name(match[0]) for match in specs if match]
    variant = list(lock.variant.packages) if lock.variant else []
    return tuple(dict.fromkeys(["python", *variant, *names]))


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
    """Name a generation that may be made: one drifted by hand keeps its name until it goes.

    One that is neither stamped nor shown is what a killed run left, and is made anew.
    """
    base = f"{generations_root(state.home)}/{lock.environment}-{lock.digest[:8]}"
    taken = {link.target for link in state.links.values()}
    taken |= {path for path, one in state.environments.items() if one.stamp}
    path, number = base, 1
    while path in taken:
        number += 1
        path = f"{base}.{number}"
    return path
