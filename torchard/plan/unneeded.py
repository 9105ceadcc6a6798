"""Which generations a step removes, and what a person made in them. Pure.

`operations/scripts/remove_generations.py` decides by the same rules on the Mac. It leaves out those
that a process uses, which a plan cannot know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchard.mac.generations import read_generation_name
from torchard.mac.state import NO_FILES, OwnFiles
from torchard.plan.diff import diff, list_installed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from torchard.mac.environments import EnvironmentView
    from torchard.mac.state import InstalledEnvironment, MacState


@dataclass(frozen=True)
class KeptGeneration:
    """What a step moves to `~/.torchard/kept` before it removes a generation.

    `files` are a person's. `packages` are those that a person installed: an environment file in
    kept/ lists them. `error` says why Torchard could not inspect the generation.
    """

    generation: str
    files: OwnFiles = NO_FILES
    packages: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class OwnFilesOfStep:
    """What a step does with a person's files; the fields are those of `Step`."""

    carried: OwnFiles = NO_FILES
    left: OwnFiles = NO_FILES
    moved: tuple[KeptGeneration, ...] = ()
    uninspected: str = ""


def describe_own_files(
    view: EnvironmentView, state: MacState, path: str, rebuilt: str
) -> OwnFilesOfStep:
    """Return what happens to a person's files once the generation at `path` is active.

    It is in the state where it was asked for (`torchard.plan.own_files`).
    """
    active = view.generation
    removed = list_unneeded(view.name, state, active, path, rebuilt)
    moved = tuple(list_kept([*removed, *list_halves(view.name, state)], active))
    if active is None or active.path == path or active.own is None:
        return OwnFilesOfStep(moved=moved)
    is_ours = active.built_for in {None, view.name}  # another environment's are not carried over
    return OwnFilesOfStep(
        active.own.carried if is_ours else NO_FILES,
        NO_FILES if active in removed else active.own.left,
        moved,
        active.own.error,
    )


def list_generations(name: str, state: MacState) -> list[InstalledEnvironment]:
    """Return the generations of an environment, the one activated last at the end."""
    order = {path: number for number, path in enumerate(reversed(state.last_activated))}
    found = [
        one
        for path, one in state.environments.items()
        if one.built_for == name and read_generation_name(path, state.root)
    ]
    return sorted(found, key=lambda one: (order.get(one.path, -1), one.path))


def list_unneeded(
    name: str, state: MacState, active: InstalledEnvironment | None, path: str, rebuilt: str = ""
) -> list[InstalledEnvironment]:
    """Return the generations that are removed once the one at `path` is active.

    `rebuilt` is the digest of a lock that a person asked to build again, or empty.
    """
    others = [one for one in list_removable(name, state) if one.path != path]
    others.sort(key=lambda one: one is active)
    others.sort(key=lambda one: (one.is_usable, not rebuilt or one.lock_digest != rebuilt))
    return others[:-1]


def list_removable(name: str, state: MacState) -> list[InstalledEnvironment]:
    """Return the generations of an environment that no link of another name leads to."""
    links = state.links.values() if state.has_kept_links else ()
    linked = {link.target for link in links if link.name != name}
    return [one for one in list_generations(name, state) if one.path not in linked]


def list_halves(name: str, state: MacState) -> list[InstalledEnvironment]:
    """Return what may be left of builds of an environment that were killed."""
    links = state.links.values() if state.has_kept_links else ()
    linked = {link.target for link in links}
    return [
        one
        for path, one in sorted(state.environments.items())
        if one.stamp is None
        and path not in linked
        and (read_generation_name(path, state.root) or "").startswith(f"{name}-")
    ]


def list_kept(
    generations: Collection[InstalledEnvironment], active: InstalledEnvironment | None
) -> Iterator[KeptGeneration]:
    """Yield what of these generations goes to kept/; the next one gets the rest of `active`."""
    for one in generations:
        report = one.own
        packages = tuple(list_own_packages(one))
        if report is not None and report.error:
            yield KeptGeneration(_name(one), packages=packages, error=report.error)
        else:
            files = NO_FILES if report is None else report.unsaved
            if report is not None and one is active:
                files = report.left
            if files.count or packages:
                yield KeptGeneration(_name(one), files, packages)


def list_own_packages(one: InstalledEnvironment) -> Iterator[str]:
    """Yield the packages that a person installed in a generation, each with its version."""
    if one.made is None:
        return
    before = list_installed(one.made.conda, one.made.dists)
    for change in diff(before, list_installed(one.conda, one.dists))[0]:
        if change.change != "remove" and change.after is not None:
            yield f"{change.name} {change.after}"


def _name(one: InstalledEnvironment) -> str:
    return one.path.rpartition("/")[2]
