"""Copy what a person made to a new generation. Runs on a Mac, with Miniconda's python, `-I -S`.

list PATH                  list what the generation at PATH has right after its build
copy KIT FROM PATH LINK    copy a person's settings and documents from the active generation at
                           FROM; LINK is the environment's link

Nothing is replaced and no link is followed. A copy is whole or not there.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
from typing import Any

from torchard.operations.scripts.conda_state import (
    STATE,
    find_own_variables,
    read_lab_variables,
    read_state,
)
from torchard.operations.scripts.own_files import (
    BUILT,
    CARRIED,
    Own,
    find_own,
    is_ours,
    read_rows,
    walk,
    write_rows,
)

BATCH = 100  # files that one `cp` copies
KERNEL_BYTES = 2**20  # of a kernel.json


def read(*parts: str) -> Any:
    """Read a JSON file."""
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return json.load(file)


def read_environment(path: str) -> object:
    """Return the environment that a stamp names; None without a readable stamp."""
    try:
        content = read(path, ".torchard.json")
    except (OSError, ValueError):
        return None
    return content.get("environment") if isinstance(content, dict) else None


def list_built(path: str) -> None:
    """Write what a generation has right after its build, with the records of its packages."""
    rows = {}
    for one in walk(path):
        is_record = one.name.startswith("conda-meta/") and one.name.endswith(".json")
        if one.mode and (is_record or not is_ours(one.name)):
            rows[one.name] = [one.size, one.time]
    write_rows(os.path.join(path, BUILT), rows)


def carry_over(kit: str, before: str, path: str, link: str) -> None:
    """Copy the settings and documents that a person made, and note which ones."""
    if read_environment(before) not in {None, read(kit, "kit.json")["stamp"]["environment"]}:
        return  # another environment's settings do not belong here
    settings = [one for one in find_own(before).files if one.is_setting]
    carry_variables(kit, before, path, [one for one in settings if one.name == STATE])
    wanted = [one for one in settings if not os.path.lexists(os.path.join(path, one.name))]
    if not wanted:
        return
    staging = os.path.join(path, ".torchard-carrying")
    shutil.rmtree(staging, ignore_errors=True)  # a killed run left it
    os.mkdir(staging, 0o700)
    done = read_rows(os.path.join(path, CARRIED))
    for folder, group in itertools.groupby(wanted, lambda one: os.path.dirname(one.name)):
        target = make_folder(before, path, folder)
        own = list(group) if target is not None else []
        for first in range(0, len(own), BATCH):
            for one in copy_files(before, staging, own[first : first + BATCH]):
                staged = os.path.join(staging, os.path.basename(one.name))
                whole = os.path.join(path, one.name)
                rewrite_kernel(staged, one.name, before, link)
                if not os.path.lexists(whole):
                    os.rename(staged, whole)
                    done[one.name] = [one.size, one.time]
    shutil.rmtree(staging)
    write_rows(os.path.join(path, CARRIED), done)


def carry_variables(kit: str, before: str, path: str, own: list[Own]) -> None:
    """Add a person's variables to those of the lab, if there are both. Those of a person win.

    `own` has the conda-meta/state of the generation before, if that has anything of a person's.
    Without variables of the lab before and now, it is copied like any other setting.
    """
    labs = read(kit, "kit.json")["stamp"].get("variables", {})
    labs_before = read_lab_variables(before)
    old, new = read_state(before), read_state(path)
    if not own or not (labs or labs_before) or old is None or new is None:
        return
    theirs = {**find_own_variables(old, labs_before), **find_own_variables(new, labs)}
    target = os.path.join(path, STATE)
    partial = f"{target}.torchard-partial"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    mode = stat.S_IMODE(os.stat(os.path.join(before, STATE)).st_mode)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({**old, **new, "env_vars": {**labs, **theirs}}, file)
        os.fchmod(file.fileno(), mode)
    sync(partial)
    os.replace(partial, target)
    done = read_rows(os.path.join(path, CARRIED))
    done[STATE] = [own[0].size, own[0].time]
    write_rows(os.path.join(path, CARRIED), done)


def make_folder(before: str, path: str, folder: str) -> str | None:
    """Make a folder as it is in the generation before; None if a link leads out of this one."""
    target = os.path.join(path, folder)
    if not os.path.lexists(target):
        parent = os.path.dirname(folder)
        if folder and make_folder(before, path, parent) is None:
            return None
        os.mkdir(target)
        mode = stat.S_IMODE(os.lstat(os.path.join(before, folder)).st_mode)
        os.chmod(target, mode | 0o700)
    inside = os.path.normpath(os.path.join(os.path.realpath(path), folder))
    return target if os.path.isdir(target) and os.path.realpath(target) == inside else None


def copy_files(before: str, staging: str, own: list[Own]) -> list[Own]:
    """Copy files of one folder to `staging`; return those that still exist.

    `cp -c` clones on APFS, which needs no room. It fails on other volumes, and in old versions of
    macOS it does not copy instead.
    """
    for name in os.listdir(staging):
        os.unlink(os.path.join(staging, name))
    links = [one for one in own if os.path.islink(os.path.join(before, one.name))]
    for one in links:
        to = os.readlink(os.path.join(before, one.name))
        os.symlink(to, os.path.join(staging, os.path.basename(one.name)))
    files = [one for one in own if one not in links]
    paths = [os.path.join(before, one.name) for one in files]
    if paths:
        with contextlib.suppress(OSError):
            subprocess.run(
                ["cp", "-c", "-p", *paths, staging],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
    copied = []
    for one, path in zip(files, paths):  # noqa: B905  # Python 3.7 has no `strict`
        staged = os.path.join(staging, os.path.basename(one.name))
        try:
            copy_file(path, staged)
        except FileNotFoundError:
            continue  # a person removed it at this moment
        copied.append(one)
    return links + copied


def copy_file(path: str, staged: str) -> None:
    """Copy one file with its mode and times, unless a whole copy is there."""
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(source, "rb") as file:
        about = os.fstat(source)
        if not stat.S_ISREG(about.st_mode):
            raise FileNotFoundError(path)
        with contextlib.suppress(FileNotFoundError):
            found = os.lstat(staged)
            if stat.S_ISREG(found.st_mode) and found.st_size == about.st_size:
                sync(staged)
                return
            os.unlink(staged)
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            shutil.copyfileobj(file, copy, 2**20)
            os.fchmod(copy.fileno(), stat.S_IMODE(about.st_mode))
    os.utime(staged, ns=(about.st_atime_ns, about.st_mtime_ns))
    sync(staged)


def sync(path: str) -> None:
    """Wait until a file is on the disk: the generation before may go soon."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def rewrite_kernel(staged: str, name: str, before: str, link: str) -> None:
    """Let a Jupyter kernel of a person's start the environment's python, not the old one.

    `python -m ipykernel install --sys-prefix` writes the path of the python that ran it.
    """
    if not (name.startswith("share/jupyter/kernels/") and name.endswith("/kernel.json")):
        return
    found = os.lstat(staged)
    if not stat.S_ISREG(found.st_mode) or found.st_size > KERNEL_BYTES:
        return
    with open(staged, "rb") as file:
        text = file.read()
    python = os.fsencode(os.path.join(before, "bin", "python"))
    new = text.replace(b'"' + python, b'"' + os.fsencode(os.path.join(link, "bin", "python")))
    if new == text:
        return
    os.unlink(staged)
    with open(staged, "wb") as file:
        file.write(new)
        os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode))
    os.utime(staged, ns=(found.st_atime_ns, found.st_mtime_ns))
    sync(staged)


if __name__ == "__main__":
    commands: dict[str, Any] = {"list": list_built, "copy": carry_over}
    commands[sys.argv[1]](*sys.argv[2:])
