"""Open files in folders that somebody else may have prepared, such as a bundle's or a lab's."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path


def open_plain(path: Path) -> BinaryIO:
    """Open a file to read. Raise OSError; a pipe or a device is not waited for."""
    return open(path, "rb", opener=_open)


def _open(path: str, flags: int) -> int:
    opened = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY, 0o666)
    mode = os.fstat(opened).st_mode
    if stat.S_ISREG(mode):
        return opened
    os.close(opened)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "it is not a file")


def _open_without_links(path: str, flags: int) -> int:
    return _open(path, flags | os.O_NOFOLLOW)


def append_plain(path: Path) -> BinaryIO:
    """Open a file to append to and to read, or create it. Raise OSError; a link is an error."""
    return open(path, "ab+", opener=_open_without_links)


def create_plain(path: Path) -> BinaryIO:
    """Create a file to write, in place of what has its name. Raise OSError.

    A link of that name, which could lead to any file of the account, is removed and not followed.
    """
    path.unlink(missing_ok=True)
    return path.open("xb+")
