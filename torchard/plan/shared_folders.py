"""The folders that are made once for a prefix that accounts share, by root if need be. Pure.

One is around the prefix. The other one has the Jupyter kernels that every account finds. It becomes
the account's if nothing is in it. Where others have kernels there, an administrator makes a folder
for each of Torchard's, and the folder of all stays as it is.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from torchard.mac.sharing import KERNELS_FOLDER
from torchard.plan.file_changes import FileChange
from torchard.plan.kernels import plan_kernels
from torchard.plan.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.mac.sharing import Access, Sharing, Way
    from torchard.mac.state import MacState
    from torchard.plan.target import Target


def make_folder_command(state: MacState, folder: str) -> str:
    """Return what a person types who may use sudo, to make a folder of the account's."""
    return shlex.join(("sudo", "install", "-d", "-m", "755", "-o", state.user, folder))


def explain_way(way: Way, command: str) -> str:
    """Say how something is written: by a command, or by the account itself."""
    return f"Torchard runs `{command}`" if way == "sudo" else "the account may write there"


def plan_folders(target: Target) -> Iterator[Step]:
    """Yield the steps that make the folders that are not there yet."""
    state = target.state
    sharing = state.sharing
    if sharing is None:
        return
    if needs_folder(sharing):
        yield _make(sharing.folder, sharing.folder_way, state, sharing)
    if _needs_kernels_folder(target, sharing):
        yield _make(KERNELS_FOLDER, sharing.kernels_way, state, sharing)


def needs_folder(sharing: Sharing) -> bool:
    """Tell whether the folder of the prefix must be made, or given to the account by root."""
    found = sharing.find_access(sharing.folder)
    return _may_become_ours(found, sharing, is_empty=sharing.is_empty)


def list_folders_to_give(target: Target) -> list[str]:
    """Return the folders of single kernels that an administrator must make or give."""
    sharing = target.state.sharing
    if sharing is None or sharing.uid == 0:
        return []
    folders = {one: sharing.find_access(one) for one in _list_kernel_folders(target)}
    foreign = [path for path, one in folders.items() if one is not None and one.uid != sharing.uid]
    if _is_ready(sharing) or _may_make_kernels_folder(sharing):
        return foreign
    return [*foreign, *(path for path, one in folders.items() if one is None)]


def _needs_kernels_folder(target: Target, sharing: Sharing) -> bool:
    """Tell whether the folder of all kernels must be made, so that one can be written."""
    if _is_ready(sharing) or not _may_make_kernels_folder(sharing):
        return False
    return any(sharing.find_access(one) is None for one in _list_kernel_folders(target))


def _list_kernel_folders(target: Target) -> list[str]:
    """Return the folder of each kernel that is to be written or removed."""
    return [step.path.rpartition("/")[0] for step in plan_kernels(target)]


def _is_ready(sharing: Sharing) -> bool:
    """Tell whether the account may make the folder of a kernel."""
    return sharing.find_access(KERNELS_FOLDER) is not None and sharing.kernels_way == "own"


def _may_make_kernels_folder(sharing: Sharing) -> bool:
    found = sharing.find_access(KERNELS_FOLDER)
    return _may_become_ours(found, sharing, is_empty=sharing.has_no_kernels)


def _may_become_ours(found: Access | None, sharing: Sharing, *, is_empty: bool) -> bool:
    """Tell whether a folder is absent, or is root's and empty."""
    return found is None or (is_empty and found.uid == 0 != sharing.uid)


def _make(folder: str, way: Way, state: MacState, sharing: Sharing) -> Step:
    exists = sharing.find_access(folder)
    before = f"owner {exists.owner}\n" if exists else None
    return Step(
        kind="sharing",
        action="update" if exists else "create",
        environment=None,
        reason=explain_way(way, make_folder_command(state, folder)),
        path=folder,
        place=folder,
        files=(FileChange(folder, before, f"owner {state.user}, mode 755\n"),),
    )
