"""Simulated Macs that are borrowed and given back: a home is kept, and what differs put back."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from simlab.lab import SimMac

Marks = dict[str, tuple[int, ...]]


def marks(folder: Path) -> Marks:
    """Return what tells each path below a folder from another, or from itself after a change.

    The last of them is the time at which its inode was changed, which nobody can set back: any
    write shows, whatever it wrote.
    """
    found: Marks = {}
    left = [""]
    while left:
        place = left.pop()
        with os.scandir(folder / place) as entries:
            for entry in entries:
                one = entry.stat(follow_symlinks=False)
                times = (one.st_size, one.st_mtime_ns, one.st_ctime_ns)
                path = f"{place}{entry.name}"
                found[path] = (one.st_mode, one.st_ino, *times)
                if stat.S_ISDIR(one.st_mode):
                    left.append(f"{path}/")
    return found


@dataclass
class Home:
    """The home of a simulated Mac, as it was built for a test, or with nothing in it.

    `built` says what for; `kept` is a copy of it, and `before` what it was marked with then.
    """

    mac: SimMac
    kept: Path
    built: str = ""
    before: Marks = field(default_factory=dict)

    def keep(self, built: str) -> None:
        """Keep what is there now; `kept` must not be there."""
        shutil.copytree(self.mac.home, self.kept, symlinks=True)
        self.built, self.before = built, marks(self.mac.home)

    def put_back(self) -> None:
        """Bring back what was kept, with its times: only what differs is copied."""
        now = marks(self.mac.home)
        for path in sorted(now.keys() - self.before.keys(), reverse=True):
            remove(self.mac.home / path)
        changed = [path for path, mark in sorted(self.before.items()) if now.get(path) != mark]
        for path in changed:
            copy(self.kept / path, self.mac.home / path)
        for path in reversed(changed):  # a folder's own times last, when nothing comes into it
            if stat.S_ISDIR(self.before[path][0]):
                shutil.copystat(self.kept / path, self.mac.home / path)
        if changed:
            self.before = marks(self.mac.home)

    def forget(self) -> None:
        """Let there be nothing."""
        shutil.rmtree(self.kept, ignore_errors=True)
        self.built, self.before = "", {}
        self.put_back()


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def copy(kept: Path, path: Path) -> None:
    """Make a path what was kept of it; of a folder, the folder alone."""
    if not kept.is_dir() or kept.is_symlink():
        remove(path)
        shutil.copy2(kept, path, follow_symlinks=False)
    elif path.is_symlink() or not path.is_dir():
        remove(path)
        path.mkdir()
