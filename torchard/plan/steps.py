"""What is to be done for one part of a Mac: its Miniconda, or one environment. Pure."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name

from torchard.json_schema import Count  # noqa: TC001  # msgspec reads the types of fields
from torchard.mac.environments import find_faults, view_kept_environment
from torchard.mac.generations import (
    explain_not_whole,
    locate_generations,
    read_generation_name,
)
from torchard.mac.paths import shorten_mac_path
from torchard.mac.state import NO_FILES, OwnFiles
from torchard.plan.diff import PackageChange, compare, without_sizes
from torchard.plan.environment_settings import NO_VARIABLES, Settings
from torchard.plan.file_changes import FileChange, condarc_change, variables_change
from torchard.plan.unneeded import (
    KeptGeneration,
    describe_own_files,
    list_kept,
    list_removable,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from torchard.catalog.installers import Installer
    from torchard.lock.lockfile import Lock
    from torchard.mac.environments import EnvironmentView
    from torchard.mac.state import InstalledEnvironment, MacState

StepKind = Literal["miniconda", "environment", "sharing", "shell", "kernel", "prune"]
OF_FILES: frozenset[StepKind] = frozenset(("sharing", "shell", "kernel"))
"""Steps that change one small file, or make one folder."""
Action = Literal["create", "update", "repair", "activate", "remove"]
# Reasons that a plan's signs already say.
NOT_THERE = "not there yet"
LOCK_CHANGED = "the lock has changed"
_ACTIVE_IS_OTHER = "the lab's generation is built and verified, but another one is active"
_LINK_IS_MISSING = "this generation is built and verified; only its link is missing or elsewhere"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


@dataclass(frozen=True)
class StepId:
    """Which step of a Mac's plan one is: no two steps of a plan have the same.

    `name` is the environment, or the file or folder as a person writes it; empty for Miniconda.
    """

    kind: StepKind
    name: str = ""

    def __str__(self) -> str:
        """Return what a person calls the step."""
        return self.name or self.kind


@dataclass(frozen=True)
class Step:
    """One thing that is done to a Mac: to its Miniconda, an environment, or one small file.

    `action` says what is done. `create`: nothing exists yet. `update`: a new generation is built
    beside the active one, or another Miniconda is installed. `repair`: what exists is incomplete or
    missing. `activate`: the generation exists, and its link is set. `remove`: the lab does not name
    the environment and says `prune: true`.

    `environment` is null for Miniconda, `sharing`, a shell, a kernel, and leftovers of a stopped
    run. `path` is the prefix, the generation, the file or the folder; `place` is that path as a
    person writes it.
    `kept` counts the packages that stay. `bytes` is the size of all artefacts of the result, `disk`
    the space that the step needs, both in bytes. `digest` is the installer's sha256, or the lock's.
    `requested` names the packages that the lab itself names. `notes` say why this PyTorch, and what
    was given up.

    `carried` has the settings and documents of a person that the new generation gets. `left` has
    what else they made in the generation before, which stays there. `moved` has what goes to
    `~/.torchard/kept`, generation by generation, before the step removes them. `uninspected` says
    why Torchard does not know what it will carry over.
    """

    kind: StepKind
    action: Action
    environment: str | None
    reason: str
    path: str
    place: str = ""
    packages: tuple[PackageChange, ...] = ()
    kept: Count = 0
    bytes: Count = 0
    disk: Count = 0
    digest: str | None = None
    files: tuple[FileChange, ...] = ()
    requested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    carried: OwnFiles = NO_FILES
    left: OwnFiles = NO_FILES
    moved: tuple[KeptGeneration, ...] = ()
    uninspected: str = ""

    @property
    def id(self) -> StepId:
        """What tells the step from every other of its plan."""
        named = {"miniconda": "", **dict.fromkeys(OF_FILES, self.place)}
        return StepId(self.kind, named.get(self.kind, self.environment or ""))

    @property
    def is_of_leftovers(self) -> bool:
        """Tell whether the step finishes or removes what a stopped run left."""
        return self.kind == "prune" and self.environment is None


def is_same_step(one: Step, other: Step) -> bool:
    """Tell whether two steps do the same to a Mac. What must be fetched does not count."""
    return _essence(one) == _essence(other)


def is_rest_of(step: Step, planned: Step) -> bool:
    """Tell whether a step is what is left of a planned one.

    An earlier run has built and verified the planned generation since. It only must be activated.
    """
    if step.action != "activate" or planned.action not in {"create", "update", "repair"}:
        return False
    packages = step.packages and planned.packages
    rest = replace(planned, action="activate", path=step.path, packages=packages)
    return is_same_step(step, rest)


def _essence(step: Step) -> tuple[object, ...]:
    packages = tuple((one.change, one.name, one.before, one.after) for one in step.packages)
    return step.kind, step.action, step.environment, step.path, step.digest, step.files, packages


def has_other_installer(state: MacState, installer: Installer | None) -> bool:
    """Tell whether Torchard installed the prefix, but from another installer than this one.

    Torchard keeps what a person installed, whatever its version.
    """
    if installer is None or state.prefix_state != "whole":
        return False
    return state.installer_sha256 not in {None, installer.sha256}


def miniconda_step(state: MacState, installer: Installer | None) -> Step | None:
    """Return what must be done for the prefix: None if it is whole, or a person made it."""
    prefix = shorten_mac_path(state.prefix, state.home)
    action: Action = "create"
    reason = f"no Miniconda at {prefix}"
    before = None
    if state.prefix_state == "half":
        action = "repair"
        reason = f"{prefix} is half installed; it is set aside and installed again"
    elif state.is_prefix_moved:
        action = "repair"
        made_for = shorten_mac_path(state.prefix_made_for or "", state.home)
        reason = (
            f"it was installed at {made_for} and has moved;"
            f" {prefix} is set aside and installed again"
        )
    elif has_other_installer(state, installer):
        action = "update"
        reason = f"the lab names this one; {prefix} is set aside, the environments stay"
        before = _text((state.prefix_ours or {}).get("version")) or state.conda_version
    elif state.prefix_state != "absent":
        return None
    if installer is None:
        return None
    return Step(
        kind="miniconda",
        action=action,
        environment=None,
        reason=reason,
        path=state.prefix,
        place=prefix,
        packages=(
            PackageChange(
                "update" if before else "add",
                installer.distribution,
                before,
                installer.version or installer.file,
                "installer",
                sha256=installer.sha256,
            ),
        ),
        disk=installer.disk,
        digest=installer.sha256,
        notes=installer.notes,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def environment_step(
    lock: Lock,
    state: MacState,
    *,
    frozen: bool = False,
    variables: Mapping[str, str] = NO_VARIABLES,
    rebuild: bool = False,
) -> Step | None:
    """Return what must be done for one environment, or None if it is up to date.

    `frozen` says that conda must refuse to change it, `variables` what conda must set in it.
    Torchard never changes the active generation for that: it builds the same lock again, from what
    the Mac already has. `rebuild` asks for the same although the environment is up to date.
    """
    settings = Settings(frozen, variables)
    name = lock.environment
    view = view_kept_environment(name, state)
    active = view.generation
    up_to_date = active and not view.has_moved and _is_built_from(lock, active, settings)
    if up_to_date and not rebuild:
        return None
    paths = re.compile(re.escape(_path(lock, state)) + r"(\.[0-9]+)?")
    ready = next(
        (
            one
            for one in state.environments.values()
            if not rebuild
            and one.failed is None
            and paths.fullmatch(one.path)
            and _is_built_from(lock, one, settings)
        ),
        None,
    )
    before = active if active is not None and active.whole else None
    changes, kept = compare(lock, before, state.depot)
    files = (
        *(condarc_change(name, state, before.condarc, lock.condarc) if before else ()),
        *variables_change(name, state, before.stamped_variables if before else None, variables),
    )
    path = ready.path if ready is not None else _free_path(lock, state)
    own = describe_own_files(view, state, path, lock.digest if rebuild else "")
    if ready is not None:
        return Step(
            "environment",
            "activate",
            name,
            reason=_ACTIVE_IS_OTHER if before else _LINK_IS_MISSING,
            path=ready.path,
            place=shorten_mac_path(ready.path, state.home),
            packages=without_sizes(changes) if before else (),
            kept=kept if before else len(lock.conda) + len(lock.wheels),
            digest=lock.digest,
            disk=own.carried.bytes,
            files=files,
            **vars(own),
        )
    is_new = view.found == "nothing"
    reason = NOT_THERE if is_new else _reason(lock, view, changes, settings)
    return Step(
        "environment",
        "create" if is_new else "repair" if before is None or up_to_date else "update",
        name,
        reason="you asked to rebuild it" if up_to_date else reason,
        path=path,
        place=shorten_mac_path(path, state.home),
        packages=changes,
        kept=kept,
        bytes=lock.size,
        disk=_disk_needed(lock, state) + own.carried.bytes,
        digest=lock.digest,
        files=files,
        requested=list_requested(lock),
        notes=(lock.variant.reason, *lock.variant.notes) if lock.variant else (),
        **vars(own),
    )


def _disk_needed(lock: Lock, state: MacState) -> int:
    """Return what a build takes of the disk at least, in bytes.

    An artefact is in the depot and, unpacked, in the generation. Without hard links, the generation
    is built from a third copy. On APFS, which can clone files, a wheel that the depot has already
    needs nothing more: another generation may share its files.
    """
    volume = state.home_volume
    if volume is None:
        return 2 * lock.size
    has = [one.size for one in lock.wheels if state.depot.get(one.sha256) == one.size]
    shared = sum(has) if volume.kind == "apfs" else 0
    return (2 if volume.has_hard_links else 3) * (lock.size - shared)


def removal_steps(named: Collection[str], state: MacState) -> tuple[Step, ...]:
    """Return what removes each environment that Torchard made and that the lab does not name.

    That is a link of Torchard's, or generations without a link, which an interrupted run leaves. A
    generation that a person's own link leads to stays.
    """
    views = [view_kept_environment(name, state) for name in sorted(state.links)]
    active = {view.target for view in views if view.name not in named}
    found = {view.name: view.target for view in views if view.is_ours}
    for path, one in sorted(state.environments.items()):
        name = one.built_for or ""
        if (
            read_generation_name(path, state.root)
            and path not in active
            and re.fullmatch(_NAME, name)
        ):
            found.setdefault(name, path)
    return tuple(
        Step(
            "prune",
            "remove",
            name,
            reason="the lab does not name it, and says prune: true",
            path=path or "",
            place=shorten_mac_path(path or "", state.home),
            moved=tuple(list_kept(list_removable(name, state), None)),
        )
        for name, path in found.items()
        if name not in named
    )


def leftover_step(state: MacState, steps: Sequence[Step]) -> Step | None:
    """Return what finishes or removes the leftovers of a stopped run.

    None if there are none, or if one of the other `steps` does that at its beginning.
    """
    if not state.leftovers or any(step.kind not in OF_FILES for step in steps):
        return None
    place = state.root
    reason = f"a run that was stopped left {', '.join(state.leftovers)}"
    return Step("prune", "remove", None, reason, place, shorten_mac_path(place, state.home))


def list_requested(lock: Lock) -> tuple[str, ...]:
    """Return what the lab asks for by name: python, PyTorch, and its own packages."""
    asked = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
    conda = [match[0].lower() for match in map(asked.match, lock.conda_specs) if match]
    wheels = [canonicalize_name(match[0]) for match in map(asked.match, lock.pip_specs) if match]
    variant = lock.variant.packages if lock.variant else ()
    return tuple(dict.fromkeys(["python", *variant, *conda, *wheels]))


def _reason(
    lock: Lock, view: EnvironmentView, changes: Sequence[PackageChange], settings: Settings
) -> str:
    active = view.generation
    if active is not None and not active.whole:
        return ", and ".join(explain_not_whole(active))
    fault = next(find_faults(view), None)
    if active is None or fault is not None:
        return fault or "its link leads nowhere"
    if active.lock_digest != lock.digest:
        return LOCK_CHANGED
    other = settings.explain_difference(active)
    if other is not None:
        return other
    if not changes:
        return f"its .condarc was {'removed' if active.condarc is None else 'altered'} by hand"
    return "changed by hand since it was built"


def _is_built_from(lock: Lock, environment: InstalledEnvironment, settings: Settings) -> bool:
    """Tell whether a generation is this lock's: whole, verified, with its packages and settings."""
    if not environment.whole or environment.damaged or settings.explain_difference(environment):
        return False
    if environment.lock_digest != lock.digest or environment.verification is None:
        return False
    if environment.built_for != lock.environment:
        return False
    return environment.condarc == lock.condarc and not compare(lock, environment, {})[0]


def _path(lock: Lock, state: MacState) -> str:
    return f"{locate_generations(state.root)}/{lock.environment}-{lock.digest[:8]}"


def _free_path(lock: Lock, state: MacState) -> str:
    """Name the generation that would be built: no link leads to its path, and it has no stamp.

    What an interrupted run left at that path is set aside. A path that a link leads to is never
    used: what is built there would be active before it is verified. The links of a prefix that is
    set aside do not count.
    """
    links = state.links.values() if state.has_kept_links else ()
    linked = {link.target for link in links}
    stamped = {one.path for one in state.environments.values() if one.stamp is not None}
    base = _path(lock, state)
    paths = itertools.chain([base], (f"{base}.{number}" for number in itertools.count(2)))
    return next(path for path in paths if path not in linked | stamped)
