"""Finish one generation on its Mac. Runs there, with the base python, as `python -I -S`.

records KIT PATH     write where each package really came from, and the lab's own specs
stamp KIT PATH       write `.torchard.json`: the generation is verified
activate PATH LINK   point the environment's link at it, in one rename
reactivate PATH LINK the same for one that was active before: nothing else changes
sweep ROOT LINK PATH [rebuilt]
                     remove what no generation needs any more
remove ROOT LINK PATH
                     remove the link, if it leads to PATH, and the generations without a link

The times of the stamps are the order in which an apply activated generations. `sweep` and a
rollback use that order. A rollback does not change it, so a second rollback finds nothing older.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import glob
import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

YOUNG_SECONDS = 3600  # another run may be about to use a file this new
SECOND = 10**9  # nanoseconds; older volumes keep times in whole seconds
LISTING_SECONDS = 60  # lsof waits for a network volume that is gone
DISCARDED = ".discarded-"
PIN = "_torchard_pin_imports"  # the module in each environment that pins its imports


def read(*parts: str) -> Any:
    """Read a JSON file."""
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return json.load(file)


def write(text: str, path: str) -> None:
    """Replace a file: a stop leaves the old or the new content, never half."""
    partial = path + ".torchard-partial"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def list_names(folder: str) -> list[str]:
    """Return the names in a folder, without the files that macOS itself puts there.

    On a volume without extended attributes (SMB, NFS, exFAT), each file has them in a second file,
    `._NAME` (AppleDouble), which goes when the file goes. The Finder writes .DS_Store.
    """
    return [one for one in os.listdir(folder) if not one.startswith("._") and one != ".DS_Store"]


def remove_appledouble(meta: str) -> None:
    """Remove AppleDouble files beside conda's records.

    conda reads every *.json there, and fails on these (conda/core/prefix_data.py, PrefixData.load).
    """
    for name in os.listdir(meta):
        if name.startswith("._"):
            os.unlink(os.path.join(meta, name))


def remove_tree(path: str) -> None:
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


def format_now() -> str:
    """Return the date in UTC, to the second."""
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def write_records(kit: str, path: str) -> None:
    """Rewrite the origin of each record and the history, and name the environment's channels.

    conda installed from this Mac's depot. With the real channels, a person's later `conda install`
    can be solved. If the lab freezes its environments, conda gets the file that says so (CEP 22).
    The python imports from its own generation, even if the link leads to another one later.
    """
    wanted = read(kit, "kit.json")
    meta = os.path.join(path, "conda-meta")
    seen = set()
    remove_appledouble(meta)
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
            record.pop(key, None)  # names a file in this Mac's depot
        write(json.dumps(record, indent=2, sort_keys=True) + "\n", os.path.join(meta, name))
        seen.add(record["name"])
    missing = sorted(set(wanted["packages"]) - seen)
    if missing:
        sys.exit("conda did not install " + ", ".join(missing))
    rewrite_history(os.path.join(meta, "history"), wanted)
    if "frozen" in wanted:
        message = json.dumps({"message": wanted["frozen"]})
        write(message + "\n", os.path.join(meta, "frozen"))
    with open(os.path.join(kit, "pin_imports.py"), encoding="utf-8") as text:
        pinning = text.read()
    # Without site-packages no python runs, and the verification says so.
    for packages in glob.glob(os.path.join(glob.escape(path), "lib", "*", "site-packages")):
        # A conda python has lib/python3.1 beside lib/python3.12, as a link.
        if os.path.isdir(packages) and not os.path.islink(os.path.dirname(packages)):
            write(pinning, os.path.join(packages, f"{PIN}.py"))
            write(f"import {PIN}\n", os.path.join(packages, f"{PIN}.pth"))
    with open(os.path.join(kit, "condarc"), encoding="utf-8") as settings:
        write(settings.read(), os.path.join(path, ".condarc"))


def rewrite_history(path: str, wanted: dict[str, Any]) -> None:
    """Replace conda's own history with one section that names the real channels.

    conda reads a section with `+` or `-` lines as a difference, and any other as the whole state.
    Without such lines, `--revision` would go back to an empty environment (conda/history.py,
    construct_states). conda's own section pins every package of the explicit file; with the lab's
    specs instead, a later `conda install` follows the lab.
    """
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    date = next((line for line in lines if line.startswith("==> ")), f"==> {format_now()} <==")
    version = [line for line in lines if line.startswith("# conda version:")][:1]
    dists = sorted(package["dist"] for package in wanted["packages"].values())
    section = [date, "# cmd: torchard", *version, *(f"+{dist}" for dist in dists)]
    # conda evaluates the list as Python, and writes it so.
    section.append(f"# update specs: {wanted['specs']!r}")
    write("".join(f"{line}\n" for line in section), path)


def write_stamp(kit: str, path: str) -> None:
    """Write the stamp, last: a generation that has it is whole and verified."""
    content = {**read(kit, "kit.json")["stamp"], "verification": read(kit, "verification.json")}
    content["date"] = format_now()
    content["path"] = path  # its console scripts name it, so it works nowhere else
    write(json.dumps(content, sort_keys=True) + "\n", os.path.join(path, ".torchard.json"))


def activate(path: str, link: str) -> None:
    """Activate a generation, and record by the stamps that it came after the active one."""
    before = os.readlink(link) if os.path.islink(link) else ""
    if before == path:
        return
    generations = os.path.dirname(path)
    paths = [os.path.join(generations, one) for one in list_names(generations)]
    later = (read_activation_time(one) + SECOND for one in paths)
    at = max(time.time_ns(), *later)  # the clock may have been set back
    for one in (before, path):
        if one and read_activation_time(one):
            os.utime(os.path.join(one, ".torchard.json"), ns=(at, at))
            at += SECOND
    point_link(path, link)


def reactivate(path: str, link: str) -> None:
    """Activate a generation that was active before, if it is whole and verified."""
    if not is_whole(path):
        sys.exit(f"{path} is not whole any more; it was not activated")
    point_link(path, link)


def point_link(path: str, link: str) -> None:
    """Point the link at a generation; a directory that is not a link is left alone."""
    if os.path.lexists(link) and not os.path.islink(link):
        sys.exit(f"{link} is a real directory; it was left alone")
    # Hidden, and the same for every run, so that the next run uses up what a killed one left.
    partial = os.path.join(os.path.dirname(link), f".{os.path.basename(link)}.torchard-partial")
    if os.path.islink(partial):
        os.unlink(partial)
    os.symlink(path, partial)
    os.replace(partial, link)


def read_activation_time(path: str) -> int:
    """Return when an apply last activated a generation, in nanoseconds; 0 without a stamp."""
    try:
        return os.lstat(os.path.join(path, ".torchard.json")).st_mtime_ns
    except OSError:
        return 0


def read_stamp(path: str) -> dict[str, Any]:
    """Return a generation's stamp, empty if it has none or a broken one."""
    try:
        content = read(path, ".torchard.json")
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def is_whole(path: str) -> bool:
    """Tell whether a generation can be activated; the probe and the plan use the same rule."""
    stamp = read_stamp(path)
    inside = glob.escape(path)
    return (
        isinstance(stamp.get("verification"), dict)
        and os.access(os.path.join(path, "bin", "python"), os.X_OK)
        and os.path.isfile(os.path.join(path, "conda-meta", "history"))
        and any(map(os.path.isfile, glob.glob(os.path.join(inside, "conda-meta", "*.json"))))
        and not glob.glob(os.path.join(inside, "conda-meta", "*.c~"))
        and is_at(path, stamp.get("path", path))
        and not os.path.lexists(os.path.join(path, ".torchard-failed.json"))
    )


def is_at(path: str, built: object) -> bool:
    """Tell whether a generation lies where it was built, by whatever path."""
    if built == path:
        return True
    try:
        return isinstance(built, str) and os.path.samefile(built, path)
    except (OSError, ValueError):
        return False


def is_young(path: str) -> bool:
    """Tell whether a file was written within the last hour."""
    return time.time() - os.lstat(path).st_mtime < YOUNG_SECONDS


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
            discard(other)
    sweep_artefacts(root)


def remove(root: str, link: str, path: str) -> None:
    """Remove an environment: its link first, so that an active generation is always whole."""
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
        discard(other)
    sweep_artefacts(root)


def discard(path: str) -> None:
    """Rename a generation, then remove it: a stop never leaves half of one under its name."""
    folder, name = os.path.split(path)
    hidden = os.path.join(folder, DISCARDED + name)
    if os.path.isdir(hidden):
        remove_tree(hidden)
    os.rename(path, hidden)
    remove_tree(hidden)


def sweep_artefacts(root: str) -> None:
    """Remove artefacts that no generation needs, and the rest of generations that a stop left."""
    generations = os.path.join(root, "generations")
    for entry in list_names(generations):
        whole = os.path.join(generations, entry)
        if entry.startswith(DISCARDED) and os.path.isdir(whole) and not os.path.islink(whole):
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
    that was started by the link's name may use any generation.
    """
    listing = run_tool("lsof", "-n", "-P", "-w", "-F", "pn")
    processes = run_tool("ps", "-A", "-ww", "-o", "uid=", "-o", "command=")
    if f"p{os.getpid()}" not in listing or not processes:  # without this process it is incomplete
        return None
    rows = [row.split(None, 1) for row in processes]
    others = [row[1] for row in rows if len(row) == 2 and row[0] != str(os.getuid())]

    def is_used(path: str) -> bool:
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
    commands: dict[str, Any] = {
        "records": write_records,
        "stamp": write_stamp,
        "activate": activate,
        "reactivate": reactivate,
        "sweep": sweep,
        "remove": remove,
    }
    commands[sys.argv[1]](*sys.argv[2:])
