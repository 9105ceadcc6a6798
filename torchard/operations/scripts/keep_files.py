"""Move what a person made in a generation to kept/: other scripts import this. It runs on a Mac.

kept/GENERATION/files/ has the files by their paths in the generation, environment.yml the packages
that the person installed, and about.json what it is. Nothing of Torchard's removes or replaces it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any

from torchard.operations.scripts.check_files import Package, UnreadableError, find_sites, read_text
from torchard.operations.scripts.generation import read_stamp, write
from torchard.operations.scripts.own_files import Found, Others, Own, find_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARK = ".torchard-kept"  # in a generation that is being removed: the name of its folder in kept/


def keep_own(
    root: str, path: str, name: str, others: Iterable[str], unpacked: Iterable[str]
) -> bool:
    """Keep what a person made in the generation at `path`, and none of the `others` has.

    Return whether the rest can be removed. If its files cannot be read or moved, all of it goes
    to kept/. A stop leaves each file here or there, and the next call goes on.
    """
    try:
        found = find_own(path, unpacked)
        saved = Others(others)
        own = [one for one in found.files if not saved.have(path, one)]
        if not own and not found.packages:
            return True
        folder = find_folder(root, path, name)
        write_notes(folder, path, name, own, found)
        move_files(path, os.path.join(folder, "files"), own, found)
    except (UnreadableError, OSError) as error:
        keep_whole(root, path, name, error)
        return False
    return True


def find_folder(root: str, path: str, name: str) -> str:
    """Return the folder in kept/ for a generation: a new one, or that of a run that was stopped."""
    kept = os.path.join(root, "kept")
    try:
        with open(os.path.join(path, MARK), encoding="utf-8") as mark:
            chosen = mark.read(300)
    except OSError:
        chosen = os.path.basename(find_free(os.path.join(kept, name)))
        write(chosen, os.path.join(path, MARK))
    if os.path.islink(kept):
        raise NotADirectoryError(20, "it is a link", kept)
    folder = os.path.join(kept, os.path.basename(chosen))
    os.makedirs(folder, exist_ok=True)
    return folder


def find_free(path: str) -> str:
    """Return a path where nothing is: this one, or with a number behind it."""
    number = 1
    free = path
    while os.path.lexists(free):
        number += 1
        free = f"{path}.{number}"
    return free


def write_notes(folder: str, path: str, name: str, own: list[Own], found: Found) -> None:
    """Write what the folder will have: a number of files, their bytes, and the packages."""
    environment = str(read_stamp(path).get("environment") or name)
    about = {
        "bytes": sum(one.size for one in own),
        "date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
        "environment": environment,
        "files": len(own),
        "generation": name,
    }
    if not os.path.exists(os.path.join(folder, "about.json")):
        write(json.dumps(about, sort_keys=True) + "\n", os.path.join(folder, "about.json"))
    listing = os.path.join(folder, "environment.yml")
    if found.packages and not os.path.exists(listing):
        write("\n".join(describe_packages(environment, path, found.packages)) + "\n", listing)


def move_files(path: str, target: str, own: list[Own], found: Found) -> None:
    """Rename files to `target`, whole folders at once. Nothing there is replaced."""
    all_of_it: dict[str, int] = {}
    for one in found.files:
        top = found.find_top(one.name)
        all_of_it[top] = all_of_it.get(top, 0) + 1
    groups: dict[str, list[str]] = {}
    for one in own:
        groups.setdefault(found.find_top(one.name), []).append(one.name)
    for top, names in groups.items():
        for name in [top] if len(names) == all_of_it[top] else names:
            whole = name.rstrip("/")
            free = find_free(os.path.join(target, whole))
            os.makedirs(os.path.dirname(free), exist_ok=True)
            os.rename(os.path.join(path, whole), free)


def keep_whole(root: str, path: str, name: str, error: Exception) -> None:
    """Move all of a generation to kept/, because a part of it cannot be read or moved."""
    try:
        folder = find_folder(root, path, name)
        about = {"bytes": 0, "files": 0, "generation": name, "whole": str(error)}
        write(json.dumps(about, sort_keys=True) + "\n", os.path.join(folder, "about.json"))
        with contextlib.suppress(OSError):  # of an attempt that moved nothing
            os.rmdir(os.path.join(folder, "files"))
        os.rename(path, find_free(os.path.join(folder, "files")))
    except OSError as failure:
        why = failure.strerror or failure
        sys.exit(f"{path} cannot be moved to {root}/kept: {why}; nothing of it was removed")


def describe_packages(environment: str, path: str, packages: list[Package]) -> Iterator[str]:
    """Yield the lines of an environment file (`conda env create --file`)."""
    conda = [one for one in packages if one.source == "conda"]
    wheels = [one for one in packages if one.source != "conda"]
    records = [read_json(path, f"conda-meta/{one.stem}.json") for one in conda]
    channels = dict.fromkeys(find_channel(str(one.get("channel") or "")) for one in records)
    yield "# Packages that a person had installed in this environment."
    yield f"name: {json.dumps(environment)}"
    yield "channels:" if any(channels) else "channels: []"
    yield from (f"  - {json.dumps(one)}" for one in channels if one)
    yield "dependencies:"
    yield from (f"  - {json.dumps('='.join(one.stem.rsplit('-', 2)))}" for one in conda)
    if wheels:
        yield "  - pip"
        yield "  - pip:"
        yield from (f"      - {json.dumps(describe_wheel(path, one))}" for one in wheels)


def read_json(*parts: str) -> dict[str, Any]:
    """Read a JSON object of a package; empty if it cannot be read."""
    try:
        content = json.loads(read_text(os.path.join(*parts)))
    except (UnreadableError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def find_channel(url: str) -> str:
    """Return a channel of conda without its platform, login and token."""
    url = re.sub(r"/t/[^/]+", "", remove_login(url))
    return re.sub(r"/(noarch|osx-64|osx-arm64)/?\Z", "", url)


def remove_login(url: str) -> str:
    """Return an address without what may be a secret."""
    return re.sub(r"//[^/@]*@", "//", url).partition("?")[0]


def describe_wheel(path: str, package: Package) -> str:
    """Return what pip takes to install a distribution again (PEP 610)."""
    origin: dict[str, Any] = {}
    for site in find_sites(path):
        folder = os.path.join(path, site, f"{package.stem}.dist-info")
        origin = origin or read_json(folder, "direct_url.json")
    url = remove_login(str(origin.get("url") or ""))
    version = package.stem.rpartition("-")[2]
    if not url:
        return f"{package.name}=={version}"
    source, about = origin.get("vcs_info"), origin.get("dir_info")
    if isinstance(about, dict) and about.get("editable") is True:
        return f"-e {re.sub('^file://', '', url)}"
    if isinstance(source, dict):
        url = f"{source.get('vcs')}+{url}@{source.get('commit_id')}"
    return f"{package.name} @ {url}"
