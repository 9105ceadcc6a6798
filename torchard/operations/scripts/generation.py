"""Finish one generation on its Mac. Runs there, with the base python, as `python -I -S`.

records KIT PATH     write where each package really came from, and the lab's own specs
stamp KIT PATH       write `.torchard.json`: the generation is proved
show PATH LINK       point the environment's link at it, in one rename
sweep ROOT LINK PATH remove what no generation needs any more
remove ROOT LINK PATH
                     remove the link, if it leads to PATH, and the generations that no link shows
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sys
import time
from typing import Any

YOUNG = 3600  # seconds: what another run may be about to use
DISCARDED = ".discarded-"


def read(*parts: str) -> Any:
    """Read a JSON file."""
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return json.load(file)


def write(text: str, path: str) -> None:
    """Write a file so that it is there whole, or as it was."""
    partial = path + ".torchard-partial"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def now() -> str:
    """Return the date in UTC, to the second."""
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def records(kit: str, path: str) -> None:
    """Rewrite each record's origin, append the lab's specs to the history, and name its channels.

    conda installed from this Mac's depot and pinned every package of the explicit file; with the
    real channels and the lab's specs instead, a later `conda install` by a person still solves.
    """
    wanted = read(kit, "kit.json")
    meta = os.path.join(path, "conda-meta")
    seen = set()
    for name in sorted(os.listdir(meta)):
        if not name.endswith(".json"):
            continue
        record = read(meta, name)
        package = wanted["packages"].get(record.get("name"))
        if package is None or record.get("version") != package["version"]:
            sys.exit(f"conda-meta/{name} is not in the lock")
        for key in ("url", "channel", "sha256", "size"):
            record[key] = package[key]
        for key in ("requested_spec", "requested_specs"):
            record.pop(key, None)  # it names a file in this Mac's depot
        write(json.dumps(record, indent=2, sort_keys=True) + "\n", os.path.join(meta, name))
        seen.add(record["name"])
    missing = sorted(set(wanted["packages"]) - seen)
    if missing:
        sys.exit("conda did not install " + ", ".join(missing))
    with open(os.path.join(meta, "history"), "a", encoding="utf-8") as history:
        history.write(f"==> {now()} <==\n# cmd: torchard\n")
        history.write(f"# remove specs: {json.dumps(sorted(wanted['packages']))}\n")
        history.write(f"# update specs: {json.dumps(wanted['specs'])}\n")
    with open(os.path.join(kit, "condarc"), encoding="utf-8") as settings:
        write(settings.read(), os.path.join(path, ".condarc"))


def stamp(kit: str, path: str) -> None:
    """Write the stamp, last: what carries it is whole and proved."""
    content = {**read(kit, "kit.json")["stamp"], "proof": read(kit, "proof-result.json")}
    content["date"] = now()
    write(json.dumps(content, sort_keys=True) + "\n", os.path.join(path, ".torchard.json"))


def show(path: str, link: str) -> None:
    """Point the link at the generation; a directory that is no link of ours is left alone."""
    if os.path.lexists(link) and not os.path.islink(link):
        sys.exit(f"{link} is a real directory; it was left alone")
    if os.path.islink(link) and os.readlink(link) == path:
        return
    # Hidden, and the same for every run: what a killed one left is used up by the next.
    partial = os.path.join(os.path.dirname(link), f".{os.path.basename(link)}.torchard-partial")
    if os.path.islink(partial):
        os.unlink(partial)
    os.symlink(path, partial)
    os.replace(partial, link)
    # One that was built long ago may be shown anew: for `sweep`, it is now the last that was.
    os.utime(os.path.join(path, ".torchard.json"))


def stamped(path: str) -> dict[str, Any]:
    """Return a generation's stamp, or nothing where it has none that can be read."""
    try:
        content = read(path, ".torchard.json")
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def young(path: str) -> bool:
    """Tell whether something was written within the last hour."""
    return time.time() - os.lstat(path).st_mtime < YOUNG


def sweep(root: str, link: str, path: str) -> None:
    """Keep the generation that is shown and the one before it; remove what no other needs."""
    older = [other for other in unshown(root, link) if other != path]
    for other in older[:-1]:
        discard(other)
    sweep_artefacts(root)


def remove(root: str, link: str, path: str) -> None:
    """Remove an environment: its link first, so that what is shown is always whole."""
    if os.path.islink(link):
        target = os.readlink(link)
        if target == path:
            os.unlink(link)
        elif stamped(target).get("environment") == os.path.basename(link):
            sys.exit(f"{link} leads to {target} by now; it was left alone")
    for other in unshown(root, link):
        discard(other)
    sweep_artefacts(root)


def discard(path: str) -> None:
    """Remove a generation, out of sight first: no stop leaves half of one under its name."""
    folder, name = os.path.split(path)
    hidden = os.path.join(folder, DISCARDED + name)
    if os.path.isdir(hidden):
        shutil.rmtree(hidden)
    os.rename(path, hidden)
    shutil.rmtree(hidden)


def sweep_artefacts(root: str) -> None:
    """Remove what no generation is built from, and what a stop has left of removed ones."""
    generations = os.path.join(root, "generations")
    for entry in os.listdir(generations):
        if entry.startswith(DISCARDED):
            shutil.rmtree(os.path.join(generations, entry))
    artefacts = needed_artefacts(root)
    depot = os.path.join(root, "depot")
    for folder, needed in ((depot, artefacts), (os.path.join(depot, "incoming"), {})):
        for entry in os.listdir(folder):
            file = os.path.join(folder, entry)
            if os.path.isfile(file) and entry not in needed and not young(file):
                os.unlink(file)
    pkgs = os.path.join(root, "pkgs")
    packages = {bare(target) for target in artefacts.values()}
    for entry in os.listdir(pkgs) if os.path.isdir(pkgs) else ():
        if bare(entry) in packages or entry in {"urls", "urls.txt", "cache"}:
            continue
        whole = os.path.join(pkgs, entry)
        shutil.rmtree(whole) if os.path.isdir(whole) else os.unlink(whole)


def unshown(root: str, link: str) -> list[str]:
    """Return the generations of an environment that no link shows, the last that was shown last."""
    generations = os.path.join(root, "generations")
    envs, name = os.path.split(link)
    links = [os.path.join(envs, entry) for entry in os.listdir(envs)] if os.path.isdir(envs) else []
    shown = {os.readlink(one) for one in links if os.path.islink(one)}
    found = []
    for entry in os.listdir(generations):
        path = os.path.join(generations, entry)
        ours = not entry.startswith(".") and not os.path.islink(path) and path not in shown
        if ours and stamped(path).get("environment") == name:
            found.append((os.lstat(os.path.join(path, ".torchard.json")).st_mtime_ns, path))
    return [path for _, path in sorted(found)]


def needed_artefacts(root: str) -> dict[str, str]:
    """Return the artefacts that some generation is built from, by sha256; drop the other kits."""
    kits = os.path.join(root, "kits")
    needed: dict[str, str] = {}
    for entry in os.listdir(kits):
        kit = os.path.join(kits, entry)
        if not os.path.isdir(os.path.join(root, "generations", entry)) and not young(kit):
            shutil.rmtree(kit, ignore_errors=True)
            continue
        try:
            with open(os.path.join(kit, "artefacts"), encoding="utf-8") as file:
                for line in file:
                    sha256, _, target = line.strip().partition(" ")
                    needed[sha256] = target
        except OSError:
            continue
    return needed


def bare(target: str) -> str:
    """Return a package's `name-version-build`, from its archive's name or its directory's."""
    name = os.path.basename(target)
    for suffix in (".conda", ".tar.bz2"):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


if __name__ == "__main__":
    commands: dict[str, Any] = {
        "records": records,
        "stamp": stamp,
        "show": show,
        "sweep": sweep,
        "remove": remove,
    }
    commands[sys.argv[1]](*sys.argv[2:])
