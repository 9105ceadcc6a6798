"""What differs? A Mac's state against its locks, as steps and package changes. Pure data.

Text, JSON and exit code are all read from the Plan made here, so they cannot disagree.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name

from torchard.compare import PackageChange, compare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac import InstalledEnvironment, Link, MacState
    from torchard.variant import Installer, MacClass

StepChange = Literal["add", "change", "repair", "show"]
PlanState = Literal["in_order", "change", "unreached", "refused", "failed"]
# Reasons that a plan's signs tell already.
NOT_THERE = "not there yet"
LOCK_CHANGED = "the lock has changed"


@dataclass(frozen=True)
class Step:
    """One thing that would be done to a Mac.

    `kind` is `miniconda` or `environment`. `path` is what would be made: the prefix, or the new
    generation; `place` is the prefix as a person writes it. `kept` counts the packages that stay
    as they are, `total_bytes` sums the sizes of every artefact of the result. `named` are the
    packages that the lab itself asks for, `notes` say why this PyTorch and what was given up.
    """

    kind: Literal["miniconda", "environment"]
    change: StepChange
    environment: str | None
    reason: str
    path: str
    place: str = ""
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
    """The counts of a plan's last line.

    `fetch_bytes` counts each artefact once for the lab, where its size is known and a Mac that is
    to change lacks it.
    """

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
            for step in mac.steps if mac.state == "change" else ():
                for package in step.packages:
                    if package.bytes and package.sha256:
                        artefacts[package.sha256] = package.bytes
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
            f"{prefix} is there, and is neither a whole Miniconda nor what an interrupted installer"
            " leaves; move it away, or set miniconda.prefix to another path"
        )
    theirs = [
        one.path.rpartition("/")[2]
        for one in state.environments.values()
        if one.whole and one.path.startswith(f"{state.prefix}/envs/")
    ]
    if state.prefix_state == "half" and theirs:
        yield (
            f"the Miniconda at {prefix} is half installed, and setting it aside would take its"
            f" environments along ({', '.join(theirs)}); repair it with its installer's -u, or move"
            " it away"
        )
    if is_another(state, intent.installer) and theirs:
        yield (
            f"setting the Miniconda at {prefix} aside for another version would take its"
            f" environments along ({', '.join(theirs)}); remove them, or leave out the version"
        )
    if state.prefix_state == "whole" and state.prefix_arch not in {None, state.arch}:
        yield (
            f"the Miniconda at {prefix} is built for {state.prefix_arch}, but this Mac is"
            f" {state.arch}; move it away (mv {prefix} {prefix}-{state.prefix_arch}),"
            " or set miniconda.prefix to another path"
        )
    if state.prefix_made_for is not None:
        made_for = tilde(state.prefix_made_for, state.home)
        yield (
            f"the Miniconda at {prefix} was installed at {made_for}, and conda cannot be moved; put"
            " it back there, or move it out of the way, and it is installed anew"
        )
    if state.other_prefix is not None:
        other = tilde(state.other_prefix, state.home)
        yield (
            f"its environments belong to the Miniconda at {other}, and the lab says {prefix}:"
            f" Torchard moves none; write `miniconda: {{prefix: {other}}}`, or remove the links in"
            f" {other}/envs first"
        )
    steps = [environment_step(lock, state) for lock in intent.locks.values()]
    # An artefact lies in the depot and, unpacked, in the generation at least once more.
    needed = sum(step.total_bytes for step in steps if step)
    if state.free < 2 * needed:
        yield (
            f"its disk has {state.free // 10**6} MB free, and these packages need more than"
            f" {2 * needed // 10**6} MB; make room"
        )
    for name in intent.locks:
        link = _link(name, state)
        if link is None or generation_name(link.target, state.home):
            continue
        what = "no link" if link.target is None else f"a link to {link.target}"
        yield (
            f"{prefix}/envs/{name} is {what}, so Torchard did not make it; rename it, or"
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


def is_another(state: MacState, installer: Installer | None) -> bool:
    """Tell whether a prefix that Torchard made is from another installer than this one.

    What a person installed is kept, whatever its version.
    """
    if installer is None or state.prefix_state != "whole":
        return False
    return _text((state.prefix_ours or {}).get("sha256")) not in {None, installer.sha256}


def miniconda_step(state: MacState, installer: Installer | None) -> Step | None:
    """Return what must be done for the prefix: None where it is fine, or not ours to touch."""
    prefix = tilde(state.prefix, state.home)
    change: StepChange = "add"
    reason = f"no Miniconda at {prefix}"
    before = None
    if state.prefix_state == "half":
        change = "repair"
        reason = f"{prefix} is half installed; it is set aside and installed anew"
    elif is_another(state, installer):
        change = "change"
        reason = f"the lab names this one; {prefix} is set aside, the environments stay"
        before = _text((state.prefix_ours or {}).get("version")) or state.conda_version
    elif state.prefix_state != "absent":
        return None
    if installer is None:
        return None
    return Step(
        kind="miniconda",
        change=change,
        environment=None,
        reason=reason,
        path=state.prefix,
        place=prefix,
        packages=(
            PackageChange(
                "change" if before else "add",
                installer.distribution,
                before,
                installer.version or installer.file,
                "installer",
                sha256=installer.sha256,
            ),
        ),
        detail=installer.sha256,
        notes=installer.notes,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def environment_step(lock: Lock, state: MacState) -> Step | None:
    """Return what must be done for one environment, or None where it is in order."""
    name = lock.environment
    link = _link(name, state)
    shown = state.environments.get(link.target) if link and link.target else None
    if shown is not None and _is(lock, shown):
        return None
    paths = re.compile(re.escape(_path(lock, state)) + r"(\.[0-9]+)?")
    ready = next(
        (
            one
            for one in state.environments.values()
            if paths.fullmatch(one.path) and _is(lock, one)
        ),
        None,
    )
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
        reason=NOT_THERE if link is None else _reason(lock, before),
        path=_free_path(lock, state),
        packages=changes,
        kept=kept,
        total_bytes=lock.size,
        detail=lock.digest,
        named=_named(lock),
        notes=(lock.variant.reason, *lock.variant.notes) if lock.variant else (),
    )


def _named(lock: Lock) -> tuple[str, ...]:
    """Return what the lab asks for by name: python, PyTorch, and its own packages."""
    asked = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
    conda = [match[0].lower() for match in map(asked.match, lock.conda_specs) if match]
    wheels = [canonicalize_name(match[0]) for match in map(asked.match, lock.pip_specs) if match]
    variant = lock.variant.packages if lock.variant else ()
    return tuple(dict.fromkeys(["python", *variant, *conda, *wheels]))


def _link(name: str, state: MacState) -> Link | None:
    """Return what stands at an environment's name, unless its prefix is about to be set aside."""
    return state.links.get(name) if state.prefix_state == "whole" else None


def _reason(lock: Lock, before: InstalledEnvironment | None) -> str:
    if before is None:
        return "its link leads to no whole generation"
    stamp = before.stamp
    if not stamp:
        return "its stamp is gone or broken"
    if stamp.get("environment") != lock.environment:
        return "its link leads to another environment's generation"
    if before.damaged:
        return "an interrupted conda left it damaged"
    if stamp.get("lock") != lock.digest:
        return LOCK_CHANGED
    if not isinstance(stamp.get("proof"), Mapping):
        return "it was never proved"
    return "changed by hand since it was built"


def _is(lock: Lock, environment: InstalledEnvironment) -> bool:
    """Tell whether a generation is this lock's: whole, proved, and package by package the same."""
    stamp = environment.stamp or {}
    if not environment.whole or environment.damaged:
        return False
    if stamp.get("lock") != lock.digest or not isinstance(stamp.get("proof"), Mapping):
        return False
    if stamp.get("environment") != lock.environment:
        return False
    return not compare(lock, environment, {})[0]


def _path(lock: Lock, state: MacState) -> str:
    return f"{generations_root(state.home)}/{lock.environment}-{lock.digest[:8]}"


def _free_path(lock: Lock, state: MacState) -> str:
    """Name the generation that would be built: one that nothing shows, and that bears no stamp.

    What is in the way there was left by a killed run, and is set aside. One drifted by hand keeps
    its name until it goes, and one that is shown is never touched, whatever became of it: a link
    that leads nowhere would show what is built there before it is proved.
    """
    shown = {link.target for link in state.links.values()}
    stamped = {one.path for one in state.environments.values() if one.stamp is not None}
    base = _path(lock, state)
    paths = itertools.chain([base], (f"{base}.{number}" for number in itertools.count(2)))
    return next(path for path in paths if path not in shown | stamped)
