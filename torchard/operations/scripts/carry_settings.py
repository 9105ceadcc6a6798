"""Copy a person's own settings to a new generation. Runs with the base python, `python -I -S`.

KIT FROM PATH    the kit of the generation at PATH, which names the files and directories that may
                 hold settings; FROM is the active generation
"""

from __future__ import annotations

import glob
import json
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGEST = 2**20  # bytes of one file; the probe says which ones are larger
MOST = 100  # files


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


def carry_settings(kit: str, before: str, path: str) -> None:
    """Copy files that a person made and no package owns. Nothing is replaced, no link followed."""
    wanted = read(kit, "kit.json")
    if read_environment(before) not in {None, wanted["stamp"]["environment"]}:
        return  # another environment's settings do not belong here
    names = [one for place in wanted["carried"] for one in sorted(list_files(before, place))]
    owned = set(list_owned_files(before)) if names else set()
    for name in [one for one in names if one not in owned][:MOST]:
        copy_own(before, path, name)


def list_files(root: str, place: str) -> Iterator[str]:
    """Yield a file of an environment, or those of a directory, by their names in it."""
    whole = os.path.join(root, place)
    if os.path.isdir(whole):
        names = [os.path.join(place, one) for one in os.listdir(whole) if not one.startswith(".")]
    else:
        names = [place]
    for name in names:
        file = os.path.join(root, name)
        # A part of the path may be a link that leads out of the environment.
        here = os.path.join(os.path.realpath(root), name)
        if os.path.isfile(file) and os.path.realpath(file) == here:
            yield name


def list_owned_files(root: str) -> Iterator[str]:
    """Yield the files that the packages of an environment own, by their names in it."""
    for record in glob.glob(os.path.join(glob.escape(root), "conda-meta", "*.json")):
        try:
            files: Iterable[Any] = read(record)["files"]
        except (OSError, ValueError, LookupError, TypeError):
            continue  # an interrupted conda leaves broken records
        yield from (one for one in files if isinstance(one, str))
    dists = os.path.join(glob.escape(root), "lib", "python3*", "site-packages", "*.dist-info")
    for path in glob.glob(os.path.join(dists, "RECORD")):
        packages = os.path.dirname(os.path.dirname(os.path.relpath(path, root)))
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                lines = file.readlines()
        except OSError:
            continue
        for line in lines:
            yield os.path.normpath(os.path.join(packages, line.split(",", 1)[0]))


def copy_own(before: str, path: str, name: str) -> None:
    """Copy one small file with its mode, unless there is one of that name."""
    target = os.path.join(path, name)
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    inside = os.path.realpath(folder) == os.path.join(os.path.realpath(path), os.path.dirname(name))
    if os.path.lexists(target) or not inside:
        return
    try:
        source = os.open(os.path.join(before, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except PermissionError:
        return  # the plan says so
    with open(source, "rb") as file:
        about = os.fstat(source)
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
            return
        content = file.read(LARGEST)
    # Hidden, and the same for every run, so that the next run uses up what a killed one left.
    partial = os.path.join(folder, f".{os.path.basename(name)}.torchard-partial")
    if os.path.lexists(partial):
        os.unlink(partial)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), stat.S_IMODE(about.st_mode))
    os.replace(partial, target)


if __name__ == "__main__":
    carry_settings(*sys.argv[1:])
