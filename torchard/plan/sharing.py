"""A prefix that several accounts share: what is made for it, and why it is not safe. Pure.

All accounts read it, and one account changes it: the one that Torchard works as. Only three things
may need sudo: the folder of the prefix, the file that adds `conda` to every PATH, and the folder of
Jupyter kernels.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from torchard.mac.fields import LONGEST_NAME
from torchard.mac.sharing import KERNELS_FOLDER, PATHS_FILE
from torchard.plan.file_changes import FileChange
from torchard.plan.kernels import list_kernels, locate_kernel
from torchard.plan.shared_folders import (
    explain_way,
    list_folders_to_give,
    make_folder_command,
    needs_folder,
    plan_folders,
)
from torchard.plan.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torchard.mac.sharing import Access, Sharing
    from torchard.mac.state import MacState
    from torchard.plan.target import Target


_NAMED = 3  # files that are named; the rest is counted


def list_paths(prefix: str) -> str:
    """Return what PATHS_FILE must have: the directory in which `conda` alone is."""
    return f"{prefix}/condabin\n"


def write_paths_command(state: MacState) -> str:
    """Return what a person types who may use sudo, to write PATHS_FILE."""
    return f"{_type('echo', list_paths(state.prefix).strip())} | {_type('sudo', 'tee', PATHS_FILE)}"


def _type(*words: str) -> str:
    """Return a command as a person types it."""
    return shlex.join(words)


def plan_sharing(target: Target) -> list[Step]:
    """Return what must be done beside the prefix, so that all accounts can use it."""
    return [*plan_folders(target), *_plan_paths(target.state)]


def _plan_paths(state: MacState) -> Iterator[Step]:
    sharing, wanted = state.sharing, list_paths(state.prefix)
    if sharing is None or f"{sharing.paths or ''}\n" == wanted:
        return
    before = None if sharing.paths is None else f"{sharing.paths}\n"
    yield Step(
        kind="sharing",
        action="create" if before is None else "update",
        environment=None,
        reason=explain_way(sharing.command_way, write_paths_command(state)),
        path=PATHS_FILE,
        place=PATHS_FILE,
        files=(FileChange(PATHS_FILE, before, wanted),),
    )


def find_access_faults(state: MacState) -> Iterator[str]:
    """Yield why accounts cannot share the prefix safely, and what to do."""
    sharing = state.sharing
    if sharing is None:
        return
    if state.prefix_volume is not None and not state.prefix_volume.has_owners:
        yield (
            f"{state.prefix} is on a volume that ignores owners, so every account may change it;"
            " run `sudo diskutil enableOwnership` for that volume, or set miniconda.prefix to"
            " another path"
        )
    for one in sharing.access:
        if f"{one.path}/".startswith(f"{sharing.folder}/"):
            if one.path != sharing.folder or not needs_folder(sharing):
                yield from _find_inner_faults(one, state, sharing)
        else:
            yield from _find_outer_faults(one, sharing)


def find_sharing_blockers(target: Target) -> Iterator[str]:
    """Yield what an administrator must type once, where Torchard may not use sudo.

    Also yield why the Jupyter kernels that the lab wants would not be safe.
    """
    state = target.state
    sharing = state.sharing
    if sharing is None:
        return
    faults = tuple(_find_kernel_faults(target, sharing))
    yield from faults
    ways = {
        sharing.folder: (sharing.folder_way, make_folder_command(state, sharing.folder)),
        KERNELS_FOLDER: (sharing.kernels_way, make_folder_command(state, KERNELS_FOLDER)),
        PATHS_FILE: (sharing.command_way, write_paths_command(state)),
    }
    needed = [ways[step.path] for step in plan_sharing(target)]
    commands = [command for way, command in needed if way == "closed"]
    if commands:
        yield (
            f"{state.user} may not use sudo without a password, which sharing needs once: type"
            f" {_join(commands)} on that Mac as an administrator; after that, Torchard needs no"
            " sudo"
        )
    given = [make_folder_command(state, one) for one in list_folders_to_give(target)]
    if given and not faults:
        yield (
            f"{state.user} may not write a Jupyter kernel to {KERNELS_FOLDER}, which has others:"
            f" type {_join(given)} on that Mac as an administrator, or remove `kernel` from the lab"
        )


def _is_found_by_all(one: Access) -> bool:
    """Tell whether Jupyter of every account finds what is in a folder, or reads a kernel's file."""
    if one.mode.startswith("-"):
        return one.is_readable
    return one.is_open if one.path.startswith(KERNELS_FOLDER) else one.is_passable


def _join(commands: Sequence[str]) -> str:
    return " and ".join(f"`{one}`" for one in commands)


def _find_kernel_faults(target: Target, sharing: Sharing) -> Iterator[str]:
    """Yield who else could change the kernels that Jupyter of every account offers."""
    folders = {locate_kernel(name, target.state) for name in list_kernels(target)}
    ours = {*folders, *(f"{one}/kernel.json" for one in folders)}
    for one in sharing.kernels_access if folders else ():
        is_above = f"{KERNELS_FOLDER}/".startswith(f"{one.path}/")
        if not is_above and one.path not in ours:
            continue
        if one.uid not in {0, sharing.uid}:
            yield (
                f"{one.path} belongs to {one.owner}, who may so change the Jupyter kernels of all"
                f" accounts; name {one.owner} in ssh.user, or remove `kernel` from the lab"
            )
        elif one.is_replaceable_by_others:
            command = _type("sudo", "chmod", *(("-N",) if one.granted else ("go-w",)), one.path)
            yield (
                f"other accounts may write to {one.path}, and so change the Jupyter kernels of all"
                f" accounts; run `{command}` on that Mac"
            )
        elif not _is_found_by_all(one):
            yield (
                f"other accounts may not read {one.path}, where Jupyter looks for kernels; run"
                f" `{_type('sudo', 'chmod', 'go+rX', one.path)}` on that Mac"
            )


def describe_unsafe_files(found: Sequence[str], state: MacState) -> str | None:
    """Say which files not every account may read, or others may change; None for none."""
    if "." in found:
        return "the permissions of its files could not all be checked"
    if not found:
        return None
    named = ", ".join(one[:LONGEST_NAME] for one in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    command = _type("chmod", "-R", "go-w,a+rX", state.root.rpartition("/")[0])
    return (
        f"not every account may read, or another one than {state.user} may change: {named}{more};"
        f" run `{command}` on that Mac"
    )


def _find_inner_faults(one: Access, state: MacState, sharing: Sharing) -> Iterator[str]:
    if one.uid != sharing.uid:
        other = f"name {one.owner} in ssh.user, " if one.uid else ""
        yield (
            f"{one.path} belongs to {one.owner}, and only {state.user} may change what accounts"
            f" share: {other}set miniconda.prefix to another path, or give"
            f" it to {state.user} (`{_type('sudo', 'chown', '-R', state.user, one.path)}`)"
        )
    elif one.granted:
        yield (
            f"an access control list of {one.path} lets other accounts change what all accounts"
            f" run; run `{_type('chmod', '-R', '-N', one.path)}` on that Mac"
        )
    elif one.is_writable_by_others:
        yield (
            f"other accounts may write to {one.path}, and so change what all accounts run; run"
            f" `{_type('chmod', '-R', 'go-w', one.path)}` on that Mac"
        )
    elif not one.is_open:
        command = _type("chmod", "-R", "go+rX", one.path)
        yield f"other accounts may not read {one.path}; run `{command}` on that Mac"


def _find_outer_faults(one: Access, sharing: Sharing) -> Iterator[str]:
    elsewhere = "set miniconda.prefix to a path such as /opt/torchard/miniconda3"
    if one.uid not in {0, sharing.uid}:
        yield (
            f"{one.path} belongs to {one.owner}, who may replace what is in it, and so what all"
            f" accounts run; {elsewhere}"
        )
    elif one.is_replaceable_by_others:
        yield (
            f"other accounts may replace what is in {one.path}, and so what all accounts run;"
            f" {elsewhere}"
        )
    elif not one.is_passable:
        yield f"other accounts may not enter {one.path}; {elsewhere}"
