"""Give a new generation the files of wheels that another generation has: a program imports this.

It runs on a Mac, with the generation's own python. A file is shared by clonefile(2): a
new file with blocks of its own only where somebody changes it. So a person who edits a file in one
generation changes no other. APFS has it, and no other volume of macOS.

What people may have changed in the other generation does not matter. Each clone is read, and its
sha256 compared with the one in the wheel's RECORD, which lies in an archive that was verified. Byte
code is compared with what the build noted in the other generation's kit. If one file differs, pip
installs that wheel.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import ctypes
import errno
import hashlib
import io
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from torchard.operations.scripts.generation import (
    list_names,
    read_activation_time,
    read_stamp,
)
from torchard.operations.scripts.wheel_files import (
    Row,
    Wheel,
    describe_python,
    find_clashes,
    find_code,
    measure_open,
    open_file,
    read_notes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CLONE_NOFOLLOW = 1  # sys/clonefile.h
# Flags that a person may have set, and that a clone would inherit (sys/stat.h): no changes allowed.
FIXED = 0x00000002 | 0x00000004 | 0x00020000 | 0x00040000
SCRIPT_BYTES = 2**20  # of a script with a first line that names its generation
LINE = 512  # bytes of the first line that macOS and pip allow (pip, distlib/scripts.py)
FULL = (errno.ENOSPC, errno.EDQUOT)
READERS = 4  # threads that read clones: more of them wait for each other
FEWEST = 100  # files that are worth several readers
# What another file or account may cause; every other error means that the volume has no clones.
OF_ONE_FILE = (
    *(errno.EACCES, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENOENT, errno.ENOTDIR),
    *(errno.EPERM, errno.EIO),
)


class DifferentError(Exception):
    """A wheel in another generation is not as it was built."""


class NoClonesError(Exception):
    """This volume cannot clone files."""


class Generation:
    """The new generation: its folders, and what was shared with it."""

    def __init__(self, path: str, python: str) -> None:
        self.path = path
        self.real = os.path.realpath(path)
        self.python = python
        self.site = python.rpartition(" ")[2]
        self.folders: set[str] = set()
        self.made: list[str] = []  # those that were not there
        self.libc = ctypes.CDLL(None, use_errno=True)

    def make_folder(self, folder: str) -> None:
        """Make a folder of files. Raise DifferentError if a link leads elsewhere."""
        if folder in self.folders:
            return
        parent = os.path.dirname(folder)
        if folder:
            self.make_folder(parent)
        whole = os.path.join(self.path, folder)
        if not os.path.isdir(whole):
            os.mkdir(whole)
            self.made.append(folder)
        if os.path.realpath(whole) != os.path.normpath(os.path.join(self.real, folder)):
            raise DifferentError(folder)
        self.folders.add(folder)

    def remove(self, files: list[str], made: list[str]) -> None:
        """Remove files, which may not exist, and folders that were made for them.

        pip would take the empty folder of a wheel's metadata as that wheel, installed.
        """
        for name in files:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.path, name))
        for folder in reversed(made):
            os.rmdir(os.path.join(self.path, folder))
            self.folders.discard(folder)

    def clone(self, source: str, name: str) -> None:
        """Clone a file. Raise DifferentError or NoClonesError if that does not work."""
        self.make_folder(os.path.dirname(name))
        about = os.lstat(source)
        if not stat.S_ISREG(about.st_mode) or getattr(about, "st_flags", 0) & FIXED:
            raise DifferentError(name)
        target = os.path.join(self.path, name)
        words = (os.fsencode(source), os.fsencode(target), CLONE_NOFOLLOW)
        try:
            failed = self.libc.clonefile(*words)
        except AttributeError:
            raise NoClonesError("this system has no clonefile") from None
        if failed:
            code = ctypes.get_errno()
            if code in FULL or code in OF_ONE_FILE:
                raise OSError(code, os.strerror(code), target)
            raise NoClonesError(os.strerror(code))

    def check(self, name: str, row: Row) -> None:
        """Compare a clone with its row, and give it the mode and time of the build."""
        file = open_file(os.path.join(self.path, name))
        try:
            found = measure_open(file)
            if found.sha256 != row.sha256 or os.fstat(file).st_nlink != 1:
                raise DifferentError(name)
            if found.mode != row.mode:
                os.fchmod(file, row.mode & 0o755)
            if found.time != row.time:
                os.utime(file, ns=(row.time, row.time))  # byte code names the time of its module
        finally:
            os.close(file)

    def check_all(self, rows: dict[str, Row]) -> None:
        """Compare clones with their rows. The disk answers several readers in less time."""
        names = list(rows)

        def check_part(part: list[str]) -> None:
            for name in part:
                self.check(name, rows[name])

        if len(names) < FEWEST:
            check_part(names)
            return
        with ThreadPoolExecutor(READERS) as readers:
            list(readers.map(check_part, (names[first::READERS] for first in range(READERS))))

    def write(self, name: str, content: bytes, row: Row) -> Row:
        """Write a file that names its generation, and return its row."""
        self.make_folder(os.path.dirname(name))
        path = os.path.join(self.path, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), row.mode & 0o755)
            os.utime(file.fileno(), ns=(row.time, row.time))
        return row._replace(sha256=hashlib.sha256(content).hexdigest())


def share(new: Generation, source: str, wheel: Wheel, rows: dict[str, Row]) -> dict[str, Row]:
    """Share a wheel with another generation; return its rows in the new one.

    Raise DifferentError if a file of it is not as it was built. Then nothing of it is left.
    """
    begun: list[str] = []
    new.made.clear()
    try:
        check_rows(new, wheel, rows)
        written = rewrite_scripts(new, source, wheel, rows)
        shared = dict(rows)
        # RECORD first: after a stop, the next run knows by it whose the other files are.
        record = f"{new.site}/{wheel.folder}/RECORD"
        content = read_file(source, record, rows[record])
        for name in (record, *written):
            begun.append(name)
            text = rewrite_record(content, new.site, written) if name == record else written[name]
            shared[name] = new.write(name, text, rows[name])
        for name in rows:
            if name != record and name not in written:
                begun.append(name)
                new.clone(os.path.join(source, name), name)
        new.check_all({name: rows[name] for name in begun[1 + len(written) :]})
    except (DifferentError, NoClonesError, OSError) as error:
        # One that was there already is conda's.
        is_conda = isinstance(error, FileExistsError)
        new.remove(begun[:-1] if is_conda else begun, new.made)
        if isinstance(error, OSError):
            if error.errno not in OF_ONE_FILE:
                raise
            raise DifferentError(str(error)) from None
        raise
    return shared


def check_rows(new: Generation, wheel: Wheel, rows: dict[str, Row]) -> None:
    """Compare the notes on a wheel with its archive. Raise DifferentError unless they agree."""
    code = {find_code(path) for path in wheel.wanted if path.endswith(".py")}
    record = f"{new.site}/{wheel.folder}/RECORD"
    for path, sha256 in wheel.wanted.items():
        if path not in rows or rows[path].sha256 != sha256:
            raise DifferentError(path)
    for path in rows:
        if path not in wheel.wanted and path not in wheel.others and path not in code:
            raise DifferentError(path)
    if record not in rows:
        raise DifferentError(record)


def read_file(source: str, name: str, row: Row, most: int = 64 * SCRIPT_BYTES) -> bytes:
    """Read a file of another generation. Raise DifferentError if it is not as it was built."""
    with open(open_file(os.path.join(source, name)), "rb") as opened:
        content = opened.read(most)
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise DifferentError(name)
    return content


def rewrite_scripts(
    new: Generation, source: str, wheel: Wheel, rows: dict[str, Row]
) -> dict[str, bytes]:
    """Return the scripts whose first lines name their generation, as the new one has them."""
    written = {}
    for name in sorted(wheel.others):
        path = os.path.join(source, name)
        if not name.startswith("bin/"):
            continue
        if name not in rows:
            raise DifferentError(name)
        if os.lstat(path).st_size > SCRIPT_BYTES:
            continue  # a program
        content = read_file(source, name, rows[name])
        head, line, rest = content.partition(b"\n")
        if head.startswith(b"#!/bin/sh"):  # a path that is too long or has a space
            second, end, rest = rest.partition(b"\n")
            head, line = head + line + second, end
        old, to = (os.fsencode(f"{one}/bin/") for one in (source, new.path))
        if head.startswith(b"#!") and old in head:
            head = head.replace(old, to)
            if len(head) > LINE:
                raise DifferentError(name)
            written[name] = head + line + rest
    return written


def rewrite_record(content: bytes, site: str, written: dict[str, bytes]) -> bytes:
    """Return a RECORD with the sizes and hashes of the scripts that were written."""
    named = {os.path.relpath(name, site): text for name, text in written.items()}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in csv.reader(io.StringIO(content.decode(errors="surrogateescape"), newline="")):
        if row and row[0] in named:
            digest = base64.urlsafe_b64encode(hashlib.sha256(named[row[0]]).digest())
            row[1:] = [f"sha256={digest.decode().rstrip('=')}", str(len(named[row[0]]))]
        writer.writerow(row)
    return text.getvalue().encode(errors="surrogateescape")


def list_generations(root: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the kit of each other generation that is whole, the newest first."""
    folder = os.path.join(root, "generations")
    paths = [os.path.join(folder, one) for one in list_names(folder) if one[0] != "."]
    paths.sort(key=read_activation_time, reverse=True)
    for one in paths:
        if one != path and not os.path.islink(one) and read_stamp(one):
            yield one, os.path.join(root, "kits", os.path.basename(one))


def share_all(kit: str, path: str, wheels: list[Wheel]) -> dict[str, dict[str, Row]]:
    """Share what can be shared, and return the rows of these wheels by their sha256."""
    new = Generation(path, describe_python(path))
    clashing = {sha256 for found in find_clashes(wheels).values() for sha256 in found}
    left = {one.sha256: one for one in wheels if one.is_plain and one.sha256 not in clashing}
    shared: dict[str, dict[str, Row]] = {}
    for other, its_kit in list_generations(os.path.dirname(os.path.dirname(kit)), path):
        if not left:
            break
        notes = read_notes(its_kit, new.python)
        for sha256 in sorted(left.keys() & notes.keys()):
            try:
                shared[sha256] = share(new, other, left[sha256], notes[sha256])
            except DifferentError as error:
                print(f"{left[sha256].folder} differs in {other}: {error}")
            except NoClonesError as error:
                print(f"no file can be cloned here: {error}")
                return shared
            else:
                del left[sha256]
    return shared
