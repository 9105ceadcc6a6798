"""Finish one generation on its Mac. Runs there, with the base python, as `python -I -S`.

link KIT DEPOT       give verified files of the depot the names that conda and pip want
records KIT PATH     write where each package really came from, and the lab's own specs
stamp KIT PATH       write `.torchard.json`: the generation is verified
activate PATH LINK   point the environment's link at it, in one rename
reactivate PATH LINK the same for one that was active before: nothing else changes

The times of the stamps are the order in which an apply activated generations. The sweep in
`remove_generations.py` and a rollback use that order. A rollback does not change it, so a second
rollback finds nothing older.
"""

from __future__ import annotations

import datetime as dt
import glob
import json
import os
import shutil
import sys
import time
from typing import Any

SECOND = 10**9  # nanoseconds; older volumes keep times in whole seconds
REASON = 1000  # characters that are kept of why a verification failed
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


def link_files(kit: str, depot: str) -> None:
    """Give files of the depot their names in the kit; copy them if a volume has no hard links.

    SMB and exFAT have none. A shell would start a process for each file.
    """
    with open(os.path.join(kit, "artefacts"), encoding="utf-8") as file:
        for line in file:
            sha256, _, target = line.rstrip("\n").partition(" ")
            source, path = os.path.join(depot, sha256), os.path.join(kit, target)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                os.link(source, path)
            except OSError:
                shutil.copyfile(source, path)


def format_now() -> str:
    """Return the date in UTC, to the second."""
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def write_records(kit: str, path: str) -> None:
    """Rewrite the origin of each record and the history, and name the environment's channels.

    conda installed from this Mac's depot. With the real channels, a person's later `conda install`
    can be solved. If the lab freezes its environments, conda gets the file that says so (CEP 22).
    conda sets the variables that the lab names.
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
    write_settings(meta, wanted)
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


def write_settings(meta: str, wanted: dict[str, Any]) -> None:
    """Write what conda reads of an environment's own settings in its conda-meta."""
    if "frozen" in wanted:
        message = json.dumps({"message": wanted["frozen"]})
        write(message + "\n", os.path.join(meta, "frozen"))
    variables = wanted["stamp"].get("variables")
    if variables:
        # As `conda env config vars set` writes it (conda/core/prefix_data.py).
        write(json.dumps({"env_vars": variables}), os.path.join(meta, "state"))


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


def write_failure(kit: str, path: str) -> None:
    """Note in a generation why its verification failed; it is not activated then."""
    with open(os.path.join(kit, "verify.err"), encoding="utf-8", errors="replace") as file:
        reason = " ".join(file.read(REASON).split())
    note = {"date": format_now(), "reason": reason}
    write(json.dumps(note, sort_keys=True) + "\n", os.path.join(path, ".torchard-failed.json"))


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
    partial = remove_partial_link(link)
    os.symlink(path, partial)
    os.replace(partial, link)


def remove_partial_link(link: str) -> str:
    """Remove the link that a stopped activation left beside another one, and return its path.

    It is hidden, and has the same name in every run.
    """
    partial = os.path.join(os.path.dirname(link), f".{os.path.basename(link)}.torchard-partial")
    if os.path.islink(partial):
        os.unlink(partial)
    return partial


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


if __name__ == "__main__":
    commands: dict[str, Any] = {
        "link": link_files,
        "records": write_records,
        "stamp": write_stamp,
        "failed": write_failure,
        "activate": activate,
        "reactivate": reactivate,
    }
    commands[sys.argv[1]](*sys.argv[2:])
