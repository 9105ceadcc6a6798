"""Finish one generation on its Mac. Runs there, with the base python, as `python -I -S`.

records KIT PATH     write where each package really came from, and the lab's own specs
stamp KIT PATH       write `.torchard.json`: the generation is verified
show PATH LINK       point the environment's link at it, in one rename
back PATH LINK       the same for one that was shown before: nothing else is touched
sweep ROOT LINK PATH [rebuilt]
                     remove what no generation needs any more
remove ROOT LINK PATH
                     remove the link, if it leads to PATH, and the generations that no link shows

The times of the stamps are the order in which generations were shown by an apply: `sweep` keeps
by it, and a rollback goes back by it. A rollback leaves them alone, so the second one finds that
nothing is older, and the next apply finds the generation that it takes leave of.
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

YOUNG = 3600  # seconds: what another run may be about to use
SECOND = 10**9  # nanoseconds; older volumes keep times in whole seconds
LISTING = 60  # seconds that lsof may take: it waits for a network volume that is gone
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


def names(folder: str) -> list[str]:
    """Return what is in a folder, less what macOS puts there by itself.

    Where a volume keeps no extended attributes (SMB, NFS, exFAT), each file has those in a file
    beside it, `._NAME` (AppleDouble), which goes when the file goes. The Finder leaves .DS_Store.
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
    """Remove a directory, even if files vanish meanwhile, as AppleDouble files do.

    shutil.rmtree of most pythons fails then (python/cpython#81441).
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


def now() -> str:
    """Return the date in UTC, to the second."""
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def records(kit: str, path: str) -> None:
    """Rewrite each record's origin and the history, and name the environment's channels.

    Where the lab freezes its environments, conda is told so, and what to say (CEP 22). Its python
    is told to import from where it lies, whatever its link leads to later.

    conda installed from this Mac's depot; with the real channels instead, a later `conda install`
    by a person still solves.
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
            record.pop(key, None)  # it names a file in this Mac's depot
        write(json.dumps(record, indent=2, sort_keys=True) + "\n", os.path.join(meta, name))
        seen.add(record["name"])
    missing = sorted(set(wanted["packages"]) - seen)
    if missing:
        sys.exit("conda did not install " + ", ".join(missing))
    rewrite_history(os.path.join(meta, "history"), wanted)
    if "frozen" in wanted:
        message = json.dumps({"message": wanted["frozen"]})
        write(message + "\n", os.path.join(meta, "frozen"))
    with open(os.path.join(kit, "stay.py"), encoding="utf-8") as text:
        stay = text.read()
    # Where there is none, there is no python that runs: the verification says so.
    for packages in glob.glob(os.path.join(glob.escape(path), "lib", "*", "site-packages")):
        # A conda python has lib/python3.1 beside lib/python3.12, as a link.
        if os.path.isdir(packages) and not os.path.islink(os.path.dirname(packages)):
            write(stay, os.path.join(packages, "_torchard_stay.py"))
            write("import _torchard_stay\n", os.path.join(packages, "_torchard_stay.pth"))
    with open(os.path.join(kit, "condarc"), encoding="utf-8") as settings:
        write(settings.read(), os.path.join(path, ".condarc"))


def rewrite_history(path: str, wanted: dict[str, Any]) -> None:
    """Replace conda's own history with one section that names the real channels.

    conda reads a section as a difference only where it has `+` or `-` lines, and any other as the
    whole state: `--revision` would go back to an empty environment (conda/history.py,
    construct_states). Its own section pins every package of the explicit file; the lab's specs
    bind a later `conda install` instead.
    """
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    date = next((line for line in lines if line.startswith("==> ")), f"==> {now()} <==")
    version = [line for line in lines if line.startswith("# conda version:")][:1]
    dists = sorted(package["dist"] for package in wanted["packages"].values())
    section = [date, "# cmd: torchard", *version, *(f"+{dist}" for dist in dists)]
    # conda evaluates the list as Python, and writes it so.
    section.append(f"# update specs: {wanted['specs']!r}")
    write("".join(f"{line}\n" for line in section), path)


def stamp(kit: str, path: str) -> None:
    """Write the stamp, last: what carries it is whole and verified."""
    content = {**read(kit, "kit.json")["stamp"], "verification": read(kit, "verification.json")}
    content["date"] = now()
    content["path"] = path  # its console scripts name it, so it works nowhere else
    write(json.dumps(content, sort_keys=True) + "\n", os.path.join(path, ".torchard.json"))


def show(path: str, link: str) -> None:
    """Show a generation, and let the stamps tell that it came after the one that was shown."""
    before = os.readlink(link) if os.path.islink(link) else ""
    if before == path:
        return
    generations = os.path.dirname(path)
    later = (shown_at(os.path.join(generations, one)) + SECOND for one in names(generations))
    at = max(time.time_ns(), *later)  # the clock may have been set back
    for one in (before, path):
        if one and shown_at(one):
            os.utime(os.path.join(one, ".torchard.json"), ns=(at, at))
            at += SECOND
    point(path, link)


def back(path: str, link: str) -> None:
    """Show a generation that was shown before, if it is still whole and was verified."""
    if not is_whole(path):
        sys.exit(f"{path} is not whole any more; it was not shown")
    point(path, link)


def point(path: str, link: str) -> None:
    """Point the link at a generation; a directory that is no link of ours is left alone."""
    if os.path.lexists(link) and not os.path.islink(link):
        sys.exit(f"{link} is a real directory; it was left alone")
    # Hidden, and the same for every run: what a killed one left is used up by the next.
    partial = os.path.join(os.path.dirname(link), f".{os.path.basename(link)}.torchard-partial")
    if os.path.islink(partial):
        os.unlink(partial)
    os.symlink(path, partial)
    os.replace(partial, link)


def shown_at(path: str) -> int:
    """Return when an apply showed a generation last, in nanoseconds; 0 where it has no stamp."""
    try:
        return os.lstat(os.path.join(path, ".torchard.json")).st_mtime_ns
    except OSError:
        return 0


def stamped(path: str) -> dict[str, Any]:
    """Return a generation's stamp, or nothing where it has none that can be read."""
    try:
        content = read(path, ".torchard.json")
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def is_whole(path: str) -> bool:
    """Tell whether a generation can be shown: the probe and the plan judge by the same signs."""
    stamp = stamped(path)
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
    """Tell whether a generation lies where it was built, however that is written."""
    if built == path:
        return True
    try:
        return isinstance(built, str) and os.path.samefile(built, path)
    except (OSError, ValueError):
        return False


def young(path: str) -> bool:
    """Tell whether something was written within the last hour."""
    return time.time() - os.lstat(path).st_mtime < YOUNG


def sweep(root: str, link: str, path: str, rebuilt: str = "") -> None:
    """Keep the generation that is shown, the one before and any in use; remove what none needs.

    The one before is the last that is whole: no other one can be gone back to. Where somebody
    asked to build the same lock again, what was built of it before is not what they would want.
    """
    others = [other for other in unshown(root, link) if other != path]
    lock = stamped(path).get("lock")
    others.sort(key=lambda one: (is_whole(one), not rebuilt or stamped(one).get("lock") != lock))
    gone = others[:-1]
    used = in_use(link) if gone else None
    for other in gone:
        # A process that has a file open in it may be about to import the next one.
        if used is not None and not used(other):
            discard(other)
    sweep_artefacts(root)


def remove(root: str, link: str, path: str) -> None:
    """Remove an environment: its link first, so that what is shown is always whole."""
    used = in_use(link)
    for other in (path, *unshown(root, link)):
        if os.path.isdir(other) and (used is None or used(other)):
            why = "is in use" if used else "cannot be told from one that is in use"
            sys.exit(f"{other} {why}; it was left alone, run it again later")
    if os.path.islink(link):
        target = os.readlink(link)
        if target == path or is_at(path, target):
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
        remove_tree(hidden)
    os.rename(path, hidden)
    remove_tree(hidden)


def sweep_artefacts(root: str) -> None:
    """Remove what no generation is built from, and what a stop has left of removed ones."""
    generations = os.path.join(root, "generations")
    for entry in names(generations):
        whole = os.path.join(generations, entry)
        if entry.startswith(DISCARDED) and os.path.isdir(whole) and not os.path.islink(whole):
            remove_tree(whole)
    artefacts = needed_artefacts(root)
    depot = os.path.join(root, "depot")
    for folder, needed in ((depot, artefacts), (os.path.join(depot, "incoming"), set())):
        for entry in names(folder):
            file = os.path.join(folder, entry)
            if os.path.isfile(file) and entry not in needed and not young(file):
                os.unlink(file)


def unshown(root: str, link: str) -> list[str]:
    """Return the generations of an environment that no link shows, the last that was shown last."""
    generations = os.path.join(root, "generations")
    envs, name = os.path.split(link)
    links = [os.path.join(envs, entry) for entry in names(envs)] if os.path.isdir(envs) else []
    # By where they lead as well: the home may be written in another way in an older one.
    shown = {os.readlink(one) for one in links if os.path.islink(one)}
    shown |= {os.path.realpath(one) for one in links if os.path.islink(one)}
    found = []
    for entry in names(generations):
        path = os.path.join(generations, entry)
        ours = not entry.startswith(".") and not os.path.islink(path)
        if (
            ours
            and not shown & {path, os.path.realpath(path)}
            and stamped(path).get("environment") == name
        ):
            found.append((shown_at(path), path))
    return [path for _, path in sorted(found)]


def in_use(link: str) -> Callable[[str], bool] | None:
    """Return what tells whether a generation is in use; None where that cannot be known.

    One listing of all open files: a python has its executable open as long as it runs. Without
    root, lsof tells of this account's own processes. Another's, that was started by the link's
    name or the generation's, may be in any of them.
    """
    listing = said("lsof", "-n", "-P", "-w", "-F", "pn")
    processes = said("ps", "-A", "-ww", "-o", "uid=", "-o", "command=")
    if f"p{os.getpid()}" not in listing or not processes:  # a listing without us is not whole
        return None
    rows = [row.split(None, 1) for row in processes]
    others = [row[1] for row in rows if len(row) == 2 and row[0] != str(os.getuid())]

    def used(path: str) -> bool:
        # By its end: lsof writes what comes before as the volume has it, or in escapes.
        inside = path[path.rindex("/.torchard/") :] + "/"
        return any(inside in f"{name}/" for name in listing) or any(
            f"{place}/" in command for command in others for place in (path, link)
        )

    return used


def said(*command: str) -> list[str]:
    """Return the lines that a system tool prints; none where it cannot be run to its end."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LISTING,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode(errors="replace").splitlines()


def needed_artefacts(root: str) -> set[str]:
    """Return the sha256 of each artefact that a generation is built from; drop the other kits."""
    kits = os.path.join(root, "kits")
    needed: set[str] = set()
    for entry in names(kits):
        kit = os.path.join(kits, entry)
        if not os.path.isdir(os.path.join(root, "generations", entry)) and not young(kit):
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
        "records": records,
        "stamp": stamp,
        "show": show,
        "back": back,
        "sweep": sweep,
        "remove": remove,
    }
    commands[sys.argv[1]](*sys.argv[2:])
