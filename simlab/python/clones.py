"""A simulation of clonefile(2), which ctypes finds in the C library of a simulated Mac.

It fails where the real one fails. It shares bytes where the host's file system can (FICLONE: XFS,
Btrfs), and copies them elsewhere. Each call that succeeds is a line in the file `clones` of the
Mac's folder: the bytes, and whether they are shared or copied.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types

FICLONE = 0x40049409  # linux/fs.h
NOFOLLOW = 1  # sys/clonefile.h


def add_clonefile(module: types.ModuleType, root: str, without: str) -> None:
    """Add clonefile to the C library; the volume of the folder `without` cannot clone."""
    if not without and hasattr(module.CDLL(None), "clonefile"):
        return  # this host is a Mac

    class Library(module.CDLL):
        def __getattr__(self, name: str) -> object:
            if name == "clonefile" and self._name is None:
                return lambda *words: clonefile(root, without, *words)
            return super().__getattr__(name)

    module.CDLL = Library


def clonefile(root: str, without: str, source: bytes, target: bytes, flags: int) -> int:
    """Clone a file, a link or a folder; return 0, or -1 and set errno."""
    try:
        code = find_error(without, source, target)
        about = os.lstat(source) if flags & NOFOLLOW else os.stat(source)
        if code:
            pass
        elif stat.S_ISLNK(about.st_mode):
            os.symlink(os.readlink(source), target)
        elif stat.S_ISDIR(about.st_mode):
            shutil.copytree(source, target, symlinks=True)
        else:
            clone(source, target, f"{root}/clones")
    except OSError as error:
        code = error.errno or errno.EIO
    ctypes.set_errno(code)
    return -1 if code else 0


def find_error(without: str, source: bytes, target: bytes) -> int:
    """Return why two paths cannot be a file and its clone, or 0."""
    folder = os.path.dirname(target) or b"."
    if os.path.lexists(target):
        return errno.EEXIST
    if os.stat(folder).st_dev != os.lstat(source).st_dev:
        return errno.EXDEV
    has_none = without and os.fsdecode(os.path.realpath(folder)).startswith(without)
    return errno.ENOTSUP if has_none else 0


def clone(source: bytes, target: bytes, log: str) -> None:
    """Clone one file, whole or not at all, with its mode and times, and count it."""
    try:
        with open(source, "rb") as old, open(target, "xb") as new:
            size = os.fstat(old.fileno()).st_size
            try:
                fcntl.ioctl(new.fileno(), FICLONE, old.fileno())
                how = "shared"
            except OSError:
                shutil.copyfileobj(old, new, 2**20)
                how = "copied"
        shutil.copystat(source, target)
    except OSError:
        if os.path.lexists(target):
            os.unlink(target)
        raise
    with open(log, "a", encoding="ascii") as lines:
        lines.write(f"{size} {how}\n")
