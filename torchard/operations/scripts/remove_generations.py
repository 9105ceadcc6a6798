"""Remove what a Mac needs no longer. Runs there, with Miniconda's python, as `python -I -S`.

sweep ROOT LINK PATH [rebuilt]
                     remove what no generation needs any more
remove ROOT LINK PATH
                     remove the link, if it leads to PATH, and the generations without a link
drop ROOT PATH       remove what a killed build left at PATH, or a generation that is leaving

What a person made in a generation goes to ROOT/kept first.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from torchard.operations.scripts.generation import (
    is_at,
    is_whole,
    list_names,
    read_activation_time,
    read_stamp,
    remove_partial_link,
)
from torchard.operations.scripts.keep_files import keep_own
from torchard.operations.scripts.unpacked_files import list_unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Another run may be about to use a file this new. The lab's `keep` names the hours.
YOUNG_SECONDS = 3600 * int(os.environ.get("KEEP_UPLOADS", "1"))
LISTING_SECONDS = 60  # lsof waits for a network volume that is gone
LEAVING = ".leaving-"  # of a generation that may have something of a person's
DISCARDED = ".discarded-"  # of one that has not
LOCKED = 0x00000002 | 0x00000004  # UF_IMMUTABLE, UF_APPEND (sys/stat.h)


def is_young(path: str) -> bool:
    """Tell whether a file was written lately."""
    return time.time() - os.lstat(path).st_mtime < YOUNG_SECONDS


def remove_tree(path: str) -> None:
    """Remove a directory, even if somebody has closed or locked a part of it.

    One that cannot be removed stays for the next run, and does not end this one.
    """
    try:
        remove_files(path)
    except OSError:
        open_tree(path)
        try:
            remove_files(path)
        except OSError as error:
            print(f"{path} cannot be removed: {error}")


def open_tree(path: str) -> None:
    """Open closed folders of a tree, and unlock the files that the Finder or `chflags` locked."""
    for folder, folders, files in os.walk(path):
        for whole in (folder, *(os.path.join(folder, one) for one in (*folders, *files))):
            with contextlib.suppress(OSError):
                about = os.lstat(whole)
                flags = getattr(about, "st_flags", 0)
                if flags & LOCKED:
                    os.lchflags(whole, flags & ~LOCKED)  # type: ignore[attr-defined]  # macOS only
                if stat.S_ISDIR(about.st_mode):
                    os.chmod(whole, about.st_mode | stat.S_IRWXU)


def remove_files(path: str) -> None:
    """Remove a directory, even if files vanish at the same time, as AppleDouble files do.

    shutil.rmtree fails then in most versions of Python (python/cpython#81441).
    """

    def remove(how: Callable[[str], None], path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            how(path)

    for folder, folders, files in os.walk(path, topdown=False):
        for name in files:
            remove(os.unlink, os.path.join(folder, name))
        for name in folders:
            inner = os.path.join(folder, name)
            remove(os.unlink if os.path.islink(inner) else os.rmdir, inner)
    remove(os.rmdir, path)


def sweep(root: str, link: str, path: str, rebuilt: str = "") -> None:
    """Keep the active generation, the previous one and any in use; remove what none needs.

    The previous one is the last that is whole, as a rollback needs a whole one. After a rebuild of
    the same lock, a generation of another lock comes first: the person did not want this one.
    """
    others = [other for other in list_inactive(root, link) if other != path]
    lock = read_stamp(path).get("lock")
    others.sort(key=lambda one: (is_whole(one), not rebuilt or read_stamp(one).get("lock") != lock))
    unneeded = others[:-1]
    is_used = find_use(link) if unneeded else None
    for other in unneeded:
        # A process with an open file in it may import more from it.
        if is_used is not None and not is_used(other):
            discard(root, other)
    sweep_artefacts(root)


def remove(root: str, link: str, path: str) -> None:
    """Remove an environment: its link first, so that an active generation is always whole."""
    remove_partial_link(link)  # else its generation looks active
    is_used = find_use(link)
    for other in (path, *list_inactive(root, link)):
        if os.path.isdir(other) and (is_used is None or is_used(other)):
            why = "is in use" if is_used else "may be in use"
            sys.exit(f"{other} {why}; it was left alone, run it again later")
    if os.path.islink(link):
        target = os.readlink(link)
        if target == path or is_at(path, target):
            os.unlink(link)
        elif read_stamp(target).get("environment") == os.path.basename(link):
            sys.exit(f"{link} now leads to {target}; it was left alone")
    for other in list_inactive(root, link):
        discard(root, other)
    sweep_artefacts(root)


def drop(root: str, path: str) -> None:
    """Remove what a killed build left, or finish a removal that was stopped.

    Another generation may have been built under the old name of one that is leaving.
    """
    name = os.path.basename(path)
    if name.startswith(LEAVING):
        finish_removal(root, name[len(LEAVING) :])
    else:
        discard(root, path)


def discard(root: str, path: str) -> None:
    """Rename a generation, then remove it: a stop never leaves half of one under its name."""
    folder, name = os.path.split(path)
    leaving = os.path.join(folder, LEAVING + name)
    if os.path.isdir(leaving):
        finish_removal(root, name)
    os.rename(path, leaving)
    finish_removal(root, name)


def finish_removal(root: str, name: str) -> None:
    """Keep what a person made in a generation that is leaving, then remove the rest.

    It gets another name in between, so that a stop never makes the rest look like a person's.
    """
    generations = os.path.join(root, "generations")
    leaving = os.path.join(generations, LEAVING + name)
    hidden = os.path.join(generations, DISCARDED + name)
    others = [os.path.join(generations, one) for one in list_names(generations) if one[0] != "."]
    unpacked: Iterable[str] = ()
    if not read_stamp(leaving):  # a build that was killed has files that no record names yet
        kit, packages = os.path.join(root, "kits", name), os.path.join(root, "pkgs")
        unpacked = list_unpacked(kit, packages, leaving)
    if keep_own(root, leaving, name, others, unpacked):
        number = 1
        free = hidden
        while os.path.lexists(free):  # an earlier one that could not be removed
            number += 1
            free = f"{hidden}.{number}"
        os.rename(leaving, free)
        remove_tree(free)


def sweep_artefacts(root: str) -> None:
    """Remove artefacts that no generation needs, and the rest of generations that a stop left."""
    generations = os.path.join(root, "generations")
    for entry in list_names(generations):
        whole = os.path.join(generations, entry)
        if not os.path.isdir(whole) or os.path.islink(whole):
            continue
        if entry.startswith(LEAVING):
            finish_removal(root, entry[len(LEAVING) :])
        elif entry.startswith(DISCARDED):
            remove_tree(whole)
    artefacts = list_needed_artefacts(root)
    depot = os.path.join(root, "depot")
    for folder, needed in ((depot, artefacts), (os.path.join(depot, "incoming"), set())):
        for entry in list_names(folder):
            file = os.path.join(folder, entry)
            if os.path.isfile(file) and entry not in needed and not is_young(file):
                os.unlink(file)


def list_inactive(root: str, link: str) -> list[str]:
    """Return the generations of an environment without a link, in the order of activation."""
    generations = os.path.join(root, "generations")
    envs, name = os.path.split(link)
    links = [os.path.join(envs, entry) for entry in list_names(envs)] if os.path.isdir(envs) else []
    # By their real path as well: an older link may name the home by another path.
    active = {os.readlink(one) for one in links if os.path.islink(one)}
    active |= {os.path.realpath(one) for one in links if os.path.islink(one)}
    found = []
    for entry in list_names(generations):
        path = os.path.join(generations, entry)
        ours = not entry.startswith(".") and not os.path.islink(path)
        if (
            ours
            and not active & {path, os.path.realpath(path)}
            and read_stamp(path).get("environment") == name
        ):
            found.append((read_activation_time(path), path))
    return [path for _, path in sorted(found)]


def find_use(link: str) -> Callable[[str], bool] | None:
    """Return a function that says whether a generation is in use; None if that is unknown.

    lsof lists all open files once: a python has its executable open as long as it runs. Without
    root, lsof lists this account's processes only. For other accounts, ps names the commands; one
    that was started by the link's name may use any generation. If accounts share the prefix, so may
    a python that was started by its name alone, as after `conda activate`.
    """
    listing = run_tool("lsof", "-n", "-P", "-w", "-F", "pn")
    processes = run_tool("ps", "-A", "-ww", "-o", "uid=", "-o", "command=")
    if f"p{os.getpid()}" not in listing or not processes:  # without this process it is incomplete
        return None
    rows = [row.split(None, 1) for row in processes]
    others = [row[1] for row in rows if len(row) == 2 and row[0] != str(os.getuid())]

    nameless = [one for one in others if os.environ.get("SHARED") and one.startswith("python")]

    def is_used(path: str) -> bool:
        if nameless:
            return True
        # By its end: lsof may print the path before it in escapes, or as the volume names it.
        inside = path[path.rindex("/.torchard/") :] + "/"
        return any(inside in f"{name}/" for name in listing) or any(
            f"{place}/" in command for command in others for place in (path, link)
        )

    return is_used


def run_tool(*command: str) -> list[str]:
    """Return the lines that a system tool prints; none if it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LISTING_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode(errors="replace").splitlines()


def list_needed_artefacts(root: str) -> set[str]:
    """Return the sha256 of each artefact of the generations here; remove the other kits."""
    kits = os.path.join(root, "kits")
    needed: set[str] = set()
    for entry in list_names(kits):
        kit = os.path.join(kits, entry)
        if not os.path.isdir(os.path.join(root, "generations", entry)) and not is_young(kit):
            shutil.rmtree(kit, ignore_errors=True)
            continue
        try:
            with open(os.path.join(kit, "artefacts"), encoding="utf-8") as file:
                needed.update(line.partition(" ")[0] for line in file)
        except OSError:
            continue
    return needed


if __name__ == "__main__":
    commands: dict[str, Any] = {"sweep": sweep, "remove": remove, "drop": drop}
    commands[sys.argv[1]](*sys.argv[2:])
