"""A simulation of clonefile(2), which ctypes finds in the C library of a simulated Mac.

It fails where the real one fails. It shares bytes where the host's file system can (FICLONE: XFS,
Btrfs), and copies them elsewhere. Each call that succeeds is a line in the file `clones` of the
Mac's folder: the bytes, and whether they are shared or copied.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import os
import shutil
import stat
import sys
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
    """Clone one file, whole or not at all, with its mode, times and attributes, and count it."""
    old = os.open(source, os.O_RDONLY)
    try:
        about = os.fstat(old)
        new = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            how = copy(old, new)
            if sys.platform == "linux":
                for name in os.listxattr(old):
                    os.setxattr(new, name, os.getxattr(old, name))
            os.fchmod(new, stat.S_IMODE(about.st_mode))
            os.utime(new, ns=(about.st_atime_ns, about.st_mtime_ns))
        except OSError:
            os.unlink(target)
            raise
        finally:
            os.close(new)
    finally:
        os.close(old)
    os.write(open_log(log), f"{about.st_size} {how}\n".encode())


def copy(old: int, new: int) -> str:
    """Give an empty file the bytes of another one; say how."""
    try:
        fcntl.ioctl(new, FICLONE, old)
    except OSError:
        while part := os.read(old, 2**20):
            while part:
                part = part[os.write(new, part) :]
        return "copied"
    return "shared"


@functools.cache
def open_log(path: str) -> int:
    """Return the log of a Mac's clones, open: a process may make some 50,000."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
