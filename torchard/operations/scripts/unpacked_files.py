"""Files that a killed build was about to install: a program imports this. It runs on a Mac.

The record of a package is written after its files. So only the unpacked package, or the wheel, says
what such a build brought.
"""

from __future__ import annotations

import json
import os
import zipfile
from typing import TYPE_CHECKING

from torchard.operations.scripts.check_files import find_sites, resolve_path

if TYPE_CHECKING:
    from collections.abc import Iterator


def list_unpacked(kit: str, packages: str, root: str) -> Iterator[str]:
    """Yield files of packages that a killed build was about to install, by their paths in `root`.

    `packages` is conda's cache of this build, and `kit` has the wheels.
    """
    sites = [*find_sites(root)]
    for folder in list_folder(packages):
        yield from list_conda_files(os.path.join(packages, folder), sites)
    for name in list_folder(os.path.join(kit, "wheels")):
        yield from list_wheel_files(os.path.join(kit, "wheels", name), sites)


def list_conda_files(folder: str, sites: list[str]) -> Iterator[str]:
    """Yield where the files of an unpacked package go (conda, core/path_actions.py)."""
    try:
        with open(os.path.join(folder, "info/paths.json"), encoding="utf-8") as file:
            rows = [str(one["_path"]) for one in json.load(file)["paths"]]
    except (OSError, ValueError, LookupError, TypeError):
        return
    for row in rows:
        yield row
        if row.startswith("site-packages/"):
            yield from (site + row[len("site-packages") :] for site in sites)
        elif row.startswith("python-scripts/"):
            yield "bin" + row[len("python-scripts") :]


def list_wheel_files(wheel: str, sites: list[str]) -> Iterator[str]:
    """Yield where the files of a wheel go (the wheel format, on its .data folders)."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            rows = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return
    for row in rows:
        data, kind, rest = (*row.split("/", 2), "", "")[:3]
        is_data = data.endswith(".data")
        places = {"scripts": ["bin"], "data": ["."]} if is_data else {}
        for place in places.get(kind, sites):
            path = resolve_path(f"{place}/{rest if is_data else row}")
            if path is not None:
                yield path


def list_folder(path: str) -> list[str]:
    """Return the names in a folder, none without one."""
    try:
        return os.listdir(path)
    except OSError:
        return []
