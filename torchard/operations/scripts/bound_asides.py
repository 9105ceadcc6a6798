"""Remove the oldest Minicondas that Torchard set aside. Runs with the base python, `-I -S`.

ROOT COUNT    ROOT is ~/.torchard, whose file `asides` lists them, the oldest first; COUNT stay

One that holds anything of a person's always stays: an environment, a package that was installed
later, a file that no package has, or one that was edited. A name that the list does not have is
never touched.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ASIDE = ".torchard-aside-"
GENERATIONS = "/.torchard/generations/"
# What the installers of conda leave beside packages (constructor, header.sh).
OF_INSTALLER = frozenset(
    (
        "_conda",
        "LICENSE.txt",
        ".installer.info",
        ".messages.txt",
        ".nonadmin",
        "preconda.tar.bz2",
        "postconda.tar.bz2",
        "conda-meta/history",
        "conda-meta/initial-state.explicit.txt",
        "conda-meta/.messages.txt",
    )
)
# What conda and the Finder put beside environments (conda, base/context.py).
OF_ENVS = frozenset((".conda_envs_dir_test", ".DS_Store"))
# Unpacked packages, and the installer's own files: nothing that a person made is in them.
CACHES = ("pkgs", "install_tmp")


def bound(root: str, count: int) -> None:
    """Remove all but the newest `count`, except those that hold something of a person's."""
    listed = os.path.join(root, "asides")
    try:
        with open(listed, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return
    asides = [one for one in dict.fromkeys(lines) if ASIDE in os.path.basename(one)]
    asides = [one for one in asides if os.path.isdir(one) and not os.path.islink(one)]
    for path in asides[: max(0, len(asides) - count)]:
        if next(find_persons_own(path), None) is None:
            shutil.rmtree(path, ignore_errors=True)
    left = "".join(f"{one}\n" for one in asides if os.path.lexists(one))
    partial = listed + ".torchard-partial"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(left)
    os.replace(partial, listed)


def find_persons_own(path: str) -> Iterator[str]:
    """Yield what is not the installer's: its files, packages and environments."""
    envs = os.path.join(path, "envs")
    try:
        names = os.listdir(envs)
    except FileNotFoundError:
        names = []
    except OSError:
        names = []
        yield envs  # what is in there may be a person's
    for name in names:
        link = os.path.join(envs, name)
        is_ours = os.path.islink(link) and GENERATIONS in os.readlink(link)
        if not is_ours and name not in OF_ENVS and not name.startswith("._"):
            yield link
    yield from find_later_packages(path)
    owned: dict[str, str | None] = dict.fromkeys(OF_INSTALLER)
    owned.update(list_owned_files(path))
    closed: list[OSError] = []
    for folder, folders, files in os.walk(path, onerror=closed.append):
        inside = os.path.relpath(folder, path)
        inside = "" if inside == "." else inside + "/"
        if inside == "":
            folders[:] = [one for one in folders if one not in {*CACHES, "envs"}]
        for name in [*files, *(one for one in folders if os.path.islink(f"{folder}/{one}"))]:
            file = inside + name
            is_note = file.startswith((".torchard", "conda-meta/")) and (
                inside == "" or name.endswith(".json")
            )
            is_cache = name.endswith(".pyc") or name.startswith("._") or name == ".DS_Store"
            if is_note or is_cache:
                continue
            if file not in owned or is_edited(os.path.join(path, file), owned[file]):
                yield file
    yield from (str(one.filename) for one in closed)


def is_edited(path: str, sha256: str | None) -> bool:
    """Tell whether a file is not as conda's record says; without a sha256 it does not say."""
    if sha256 is None or os.path.islink(path):
        return False
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for part in iter(lambda: file.read(2**20), b""):
                digest.update(part)
    except OSError:
        return True  # nobody knows
    return digest.hexdigest() != sha256


def find_later_packages(path: str) -> Iterator[str]:
    """Yield the packages that came after the install, if it was finished."""
    try:
        with open(os.path.join(path, ".torchard-packages"), encoding="utf-8") as file:
            lines = [line.split("\t") for line in file.read().splitlines()]
    except FileNotFoundError:
        return  # it was never whole, so nothing could be installed with it
    known = {"-".join(line[1:4]) for line in lines if line[0] == "conda"}
    known |= {line[1] for line in lines if line[0] == "dist"}
    for record in glob.glob(os.path.join(glob.escape(path), "conda-meta", "*.json")):
        if os.path.basename(record)[: -len(".json")] not in known:
            yield record
    for folder in list_dists(path):
        if os.path.basename(folder)[: -len(".dist-info")] not in known:
            yield folder


def list_dists(path: str) -> list[str]:
    """Return the folders that wheels and conda's python packages leave."""
    inside = os.path.join(glob.escape(path), "lib", "python3*", "site-packages", "*.dist-info")
    return [one for one in glob.glob(inside) if not os.path.islink(one.rsplit("/", 2)[0])]


def list_owned_files(path: str) -> Iterator[tuple[str, str | None]]:
    """Yield the files of packages, with their sha256 if a record has it.

    Half an install has unpacked packages whose records it had not written.
    """
    inside = glob.escape(path)
    sites = [os.path.basename(one) for one in glob.glob(os.path.join(inside, "lib", "python3*"))]
    for paths in glob.glob(os.path.join(inside, "pkgs", "*", "info", "paths.json")):
        for site in ("", *sites):
            yield from ((name, None) for name, _ in read_paths(paths, site))
    for folder in list_dists(path):
        packages = os.path.dirname(os.path.relpath(folder, path))
        try:
            with open(os.path.join(folder, "RECORD"), encoding="utf-8", errors="replace") as file:
                lines = file.readlines()
        except OSError:
            continue
        for line in lines:
            yield os.path.normpath(os.path.join(packages, line.split(",", 1)[0])), None
    for record in glob.glob(os.path.join(inside, "conda-meta", "*.json")):
        yield from read_paths(record, "")


def read_paths(file: str, site: str) -> Iterator[tuple[str, str | None]]:
    """Yield the paths in a record, or in the paths.json of a package for one python."""
    try:
        with open(file, encoding="utf-8") as stream:
            found = json.load(stream)
        names = [(one, None) for one in found.get("files", ())]
        paths = found.get("paths_data", found).get("paths", ())
        names += [(one["_path"], one.get("sha256_in_prefix")) for one in paths]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return  # a stopped installer leaves broken files
    for name, sha256 in names:
        if not isinstance(name, str):
            continue
        noarch = site and name.startswith("site-packages/")
        yield (f"lib/{site}/{name}" if noarch else name), sha256


if __name__ == "__main__":
    bound(sys.argv[1], int(sys.argv[2]))
