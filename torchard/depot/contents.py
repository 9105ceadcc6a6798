"""What a depot has: artefacts, and parts of downloads. What a run has just used is not removed."""

from __future__ import annotations

import hashlib
import re
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from torchard.plain_files import open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_ARTEFACTS = (".conda", ".tar.bz2", ".whl", ".sh")  # beside one may be what was read of it
_REMOVING = ".removing-"  # before the sha256 of a folder that is being removed
_CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Stored:
    """One artefact in a depot, or a part of one: its files, its bytes, and when it was last used.

    `used` is in seconds since 1970.
    """

    path: Path
    names: tuple[str, ...]
    bytes: int
    used: float

    @property
    def sha256(self) -> str:
        """The sha256 that the artefact is kept by."""
        return self.path.name


def list_artefacts(root: Path) -> list[Stored]:
    """Return the artefacts in a depot, by sha256."""
    return list(_list_stored(root / "files"))


def list_parts(root: Path) -> list[Stored]:
    """Return the parts of downloads in a depot, by sha256."""
    return list(_list_stored(root / "partial"))


def _list_stored(folder: Path) -> Iterator[Stored]:
    """Yield what a folder has under a sha256. Anything else there is not Torchard's."""
    with suppress(OSError):
        for one in sorted(folder.iterdir()):
            with suppress(OSError):
                if _SHA256.match(one.name):
                    files = sorted(one.iterdir()) if one.is_dir() else [one]
                    size = sum(file.stat().st_size for file in files)
                    names = tuple(file.name for file in files if file.name.endswith(_ARTEFACTS))
                    yield Stored(one, names, size, one.stat().st_mtime)


def find_damage(stored: Stored) -> str:
    """Return what is wrong with the files of an artefact, as a clause; empty if all are whole."""
    if not stored.names:
        return "its folder has no such file"
    for name in stored.names:
        try:
            with open_plain(stored.path / name) as stream:
                found = compute_sha256(stream)
        except OSError as error:
            return f"it cannot be read: {error.strerror or error}"
        if found != stored.sha256:
            return f"its sha256 is {found}"
    return ""


def remove_unused(root: Path, stored: Stored, before: float) -> bool:
    """Remove an artefact, or a part of one, that was last used earlier than `before`.

    Tell whether it was removed. It stays if a run fetches it, or has used it meanwhile.
    """
    with _holding(root, stored.sha256) as is_held:
        if not is_held:
            return False
        aside = stored.path.with_name(_REMOVING + stored.sha256)
        try:
            shutil.rmtree(aside, ignore_errors=True)  # of a removal that was stopped
            # Another process may have marked it as used since it was listed. It marks an artefact
            # before it verifies it, so whichever comes first, the file is there or fetched again.
            stored.path.rename(aside)
            if aside.stat().st_mtime >= before:
                aside.rename(stored.path)
                return False
            if aside.is_dir():
                shutil.rmtree(aside)
            else:
                aside.unlink()
        except OSError:
            return False
    return True


@contextmanager
def _holding(root: Path, sha256: str) -> Iterator[bool]:
    """Hold the lock of an artefact, if no process fetches it now."""
    from filelock import FileLock, Timeout  # noqa: PLC0415  # only a removal needs it

    path = root / "locks" / sha256
    lock = FileLock(path, is_singleton=False)
    try:
        path.parent.mkdir(exist_ok=True)
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def compute_sha256_of_part(path: Path, size: int) -> str:
    """Return the sha256 of the first bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(min(_CHUNK, size)):
            digest.update(chunk)
            size -= len(chunk)
    return digest.hexdigest()


def compute_sha256(stream: BinaryIO) -> str:
    """Return the sha256 of a file from its beginning, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
