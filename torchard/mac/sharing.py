"""What a prefix that several accounts share depends on: who may write where. Pure.

Torchard keeps its own files beside such a prefix. `sharing.sh` reads what is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from torchard.mac.fields import LONGEST_NAME, decode_text, read_number

if TYPE_CHECKING:
    from collections.abc import Iterable

PATHS_FILE = "/etc/paths.d/torchard"
"""At a login, path_helper(8) adds each line of it to the PATH of every account."""
KERNELS_FOLDER = "/usr/local/share/jupyter/kernels"
"""Jupyter of every account looks for kernels here (jupyter_core/paths.py, SYSTEM_JUPYTER_PATH)."""
Way = Literal["own", "sudo", "closed"]
# The groups whose members may become root by sudo: wheel and admin.
_TRUSTED_GROUPS = (0, 80)
_MOST_DIRECTORIES = 100


@dataclass(frozen=True)
class Access:
    """Who may do what with one directory, or a kernel's file, as `ls -ldn` prints it.

    `granted` says that its access control list lets somebody change what is in it.
    """

    path: str
    mode: str
    owner: str
    uid: int
    gid: int
    granted: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether every account may list and enter it."""
        return self.is_readable and self.is_passable

    @property
    def is_readable(self) -> bool:
        """Tell whether every account may read it."""
        return all(self.mode[at : at + 1] == "r" for at in (4, 7))

    @property
    def is_passable(self) -> bool:
        """Tell whether every account may go through it."""
        return self.mode[6:7] in {"x", "s"} and self.mode[9:10] in {"x", "t"}

    @property
    def is_writable_by_others(self) -> bool:
        """Tell whether another account than its owner may make or remove something in it."""
        return self.granted or "w" in (self.mode[5:6], self.mode[8:9])

    @property
    def is_replaceable_by_others(self) -> bool:
        """Tell whether another account than root's and its owner's may replace what is in it.

        In a sticky directory, such as /Users/Shared, each account only replaces its own.
        """
        if self.granted:
            return True
        if self.mode[9:10] in {"t", "T"}:
            return False
        by_group = self.mode[5:6] == "w" and self.gid not in _TRUSTED_GROUPS
        return by_group or self.mode[8:9] == "w"


@dataclass(frozen=True)
class Sharing:
    """What a shared prefix depends on.

    - `root`: Torchard's own directory, which is beside the prefix. `is_empty`: whether `folder`
      exists and is empty, if the account may not write to it.
    - `uid`: the account's number.
    - `access`: of each directory that exists on the way to `folder`, and of Torchard's and conda's
      main directories in it.
    - `folder_way`, `command_way`: how the account may make the folder and write PATHS_FILE.
    - `paths`: what PATHS_FILE has; None if it does not exist or cannot be read.
    - `kernels_access`: of each directory that exists on the way to KERNELS_FOLDER, and of the
      directory and the file of each of Torchard's kernels.
    - `kernels_way`: how the account may make KERNELS_FOLDER; `own` if no kernel is wanted.
      `has_no_kernels`: whether it is empty or absent, if the account may not write there.
    """

    root: str
    uid: int = 0
    access: tuple[Access, ...] = ()
    is_empty: bool = False
    folder_way: Way = "own"
    command_way: Way = "own"
    paths: str | None = None
    kernels_access: tuple[Access, ...] = ()
    kernels_way: Way = "own"
    has_no_kernels: bool = False

    @property
    def folder(self) -> str:
        """The folder of the prefix, which the account must own."""
        return self.root.rpartition("/")[0]

    def find_access(self, path: str) -> Access | None:
        """Return who may do what with a directory; None if it does not exist."""
        known = (*self.access, *self.kernels_access)
        return next((one for one in known if one.path == path), None)


def read_sharing(root: str, lines: Iterable[tuple[str, list[str]]]) -> Sharing:
    """Return what the probe's lines about sharing say; a kind comes first."""
    facts: dict[str, str] = {}
    access: dict[str, list[Access]] = {"access": [], "kernel_access": []}
    for kind, fields in lines:
        match kind, fields:
            case "sharing", [key, value]:
                facts[key] = value
            case (("access" | "kernel_access"), [path, mode, uid, gid, owner, granted]):
                named = decode_text(path), mode[:LONGEST_NAME], decode_text(owner)
                numbers = read_number(uid), read_number(gid)
                access[kind].append(Access(*named, *numbers, granted == "yes"))
    return Sharing(
        root=root,
        uid=read_number(facts.get("uid", "")),
        access=tuple(access["access"][:_MOST_DIRECTORIES]),
        is_empty=facts.get("empty") == "yes",
        folder_way=_way(facts.get("folder", "own")),
        command_way=_way(facts.get("command", "own")),
        paths=decode_text(facts["paths"]) if "paths" in facts else None,
        kernels_access=tuple(access["kernel_access"][:_MOST_DIRECTORIES]),
        kernels_way=_way(facts.get("kernels", "own")),
        has_no_kernels=facts.get("no_kernels") == "yes",
    )


def _way(text: str) -> Way:
    return cast("Way", text) if text in get_args(Way) else "closed"
