"""Homes of simulated Macs in memory, as they were at some moment: put back by what differs.

Thousands of files make a home, of which a step changes a few. What was read once, and has the same
inode, size and time since, is not read again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Entry:
    """A file with its content and time in nanoseconds, a link with its target, or a directory."""

    mode: int
    content: bytes = b""
    time: int = 0

    @property
    def link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)


Home = dict[str, Entry]
_BYTES: dict[bytes, bytes] = {}  # each content once, by its sha256

# What differs between two runs that were stopped at one place: times, and numbers of processes.
_TIMES = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{8}-\d{6}")
# Nor does it matter how much is left of a generation that is being removed: nothing reads that.
_IGNORED = re.compile(
    r"\.torchard/(log|home)/|\.torchard/lock(\.\w+)?(/|$|-)|__pycache__"
    r"|\.torchard/generations/\.discarded-[^/]+/"
)
_NUMBERED = re.compile(
    r"\d{8}-\d{6}|installer-\d+|\.\d+-[0-9a-f]{16}|(?<=tmp)\w{8}|(?<=pip-)[\w-]+"
)


class Keeper:
    """Keeps the home of one Mac."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: dict[str, tuple[tuple[int, ...], Entry]] = {}

    def look(self) -> Home:
        """Return all that is there now; what goes away meanwhile is left out."""
        found: Home = {}
        for folder, folders, files in os.walk(self.path):
            for name in (*folders, *files):
                path = os.path.join(folder, name)  # noqa: PTH118 (thousands of them)
                try:
                    found[path[len(str(self.path)) + 1 :]] = self._entry(path)
                except FileNotFoundError:
                    continue
        return found

    def _entry(self, path: str) -> Entry:
        one = os.lstat(path)
        time = 0 if stat.S_ISDIR(one.st_mode) else one.st_mtime_ns
        key = (one.st_mode, one.st_ino, one.st_size, time)
        known = self._read.get(path)
        if known is None or known[0] != key:
            known = self._read[path] = (key, _entry(path, one))
        return known[1]

    def put_back(self, home: Home) -> None:
        """Make the home what it was: only what differs is touched."""
        now = self.look()
        for name in sorted(now.keys() | home.keys(), reverse=True):
            old, new = now.get(name), home.get(name)
            if old is not None and (new is None or stat.S_IFMT(old.mode) != stat.S_IFMT(new.mode)):
                path = self.path / name
                shutil.rmtree(path) if stat.S_ISDIR(old.mode) else path.unlink(missing_ok=True)
        for name in sorted(home):
            if now.get(name) != home[name]:
                _write(self.path / name, home[name])


def _entry(path: str, one: os.stat_result) -> Entry:
    if stat.S_ISLNK(one.st_mode):
        return Entry(one.st_mode, os.fsencode(Path(path).readlink()))
    if not stat.S_ISREG(one.st_mode):
        return Entry(one.st_mode)
    content = Path(path).read_bytes()
    content = _BYTES.setdefault(hashlib.sha256(content).digest(), content)
    return Entry(one.st_mode, content, one.st_mtime_ns)


def moved(home: Home, old: str, new: str) -> tuple[Home, dict[str, str]]:
    """Return a home as if its Mac were at another path, as long as the old one.

    What is named by its sha256 gets a new name: return the new names by the old ones as well.
    """
    assert len(old) == len(new)
    if old == new:
        return home, {}
    found: Home = {}
    names: dict[str, str] = {}
    for path, entry in home.items():
        if old.encode() not in entry.content:
            found[path] = entry
            continue
        one = replace(entry, content=entry.content.replace(old.encode(), new.encode()))
        folder, _, name = path.rpartition("/")
        if name == hashlib.sha256(entry.content).hexdigest():
            names[name] = hashlib.sha256(one.content).hexdigest()
            path = f"{folder}/{names[name]}"  # noqa: PLW2901
        found[path] = one
    return found, names


def _write(path: Path, entry: Entry) -> None:
    if stat.S_ISDIR(entry.mode):
        path.mkdir(exist_ok=True)
    else:
        path.unlink(missing_ok=True)
        if entry.link:
            path.symlink_to(os.fsdecode(entry.content))
            return
        path.write_bytes(entry.content)
        os.utime(path, ns=(entry.time, entry.time))
    path.chmod(stat.S_IMODE(entry.mode))


@lru_cache(maxsize=1 << 16)
def _without_times(content: bytes, root: str) -> bytes:
    if len(content) >= 1 << 16:
        return b""
    return _TIMES.sub(b"", content).replace(root.encode(), b"")


def digest(home: Home, root: str) -> str:
    """Return a digest of a home, but for times, logs, the run lock, and numbers of processes.

    Those of two Macs are alike, as the path `root` of a Mac is left out of all files.
    """
    whole = hashlib.sha256()
    for name in sorted(home):
        if not _IGNORED.search(name):
            entry = home[name]
            content = _without_times(entry.content, root)
            whole.update(f"{_NUMBERED.sub('', name)} {entry.mode} {len(content)} ".encode())
            whole.update(content)
    return whole.hexdigest()


def shown(home: Home, root: Path, name: str = "torch") -> Mapping[str, tuple[int, bytes]]:
    """Return an environment as its users reach it: each of its files, byte by byte.

    `root` is the path of the home on its Mac, where links of environments begin.
    """
    link = home.get(f"miniconda3/envs/{name}")
    if link is None or not link.link:
        return {}
    target = os.fsdecode(link.content).removeprefix(f"{root}/") + "/"
    found = {
        path.removeprefix(target): (entry.mode, entry.content)
        for path, entry in home.items()
        if path.startswith(target) and "__pycache__" not in path
    }
    return {"": (link.mode, link.content), **found}
