"""A bundle: all that a lab needs, in a folder for a computer or for Macs without internet.

DIR/sha256/AB/SHA256/NAME   an artefact; AB are the first two digits of its sha256
DIR/locks/LAB/NAME          a lock file of a lab
DIR/index/LAB.json          what a lab needs; written last, so all of it is there

Any web server or object store can serve the folder: names never change their bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from torchard.depot.contents import compute_sha256
from torchard.depot.depot import Depot, DepotError
from torchard.plain_files import create_plain, open_plain
from torchard.resources import shorten_local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_LARGEST_INDEX = 64 << 20  # bytes
_LARGEST_LOCK = 4 << 20  # bytes, as lock/codec.py reads them
_CHUNK = 1 << 20  # bytes
_LOCK = ".torchard-bundle.lock"
_FOLDERS = ("index", "locks", "sha256")

_SHA256 = r"^[0-9a-f]{64}\Z"
_FILE_NAME = r"^[A-Za-z0-9_][A-Za-z0-9._!+-]{0,240}\.(conda|tar\.bz2|whl|sh)\Z"
_LOCK_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.json\Z"

_Sha256 = Annotated[str, Meta(pattern=_SHA256)]
_Size = Annotated[int, Meta(ge=0, le=1 << 40)]
_LockSize = Annotated[int, Meta(ge=0, le=_LARGEST_LOCK)]
_Name = Annotated[str, Meta(pattern=_FILE_NAME)]
_LockName = Annotated[str, Meta(pattern=_LOCK_NAME)]


class BundleError(DepotError):
    """A bundle is incomplete or damaged, or is not one."""


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON object that has exactly these keys."""


class BundledFile(_Entry, frozen=True):
    """An artefact in a bundle; `size` in bytes."""

    name: _Name
    sha256: _Sha256
    size: _Size

    @property
    def path(self) -> str:
        """Its path below the folder of the bundle."""
        return form_path(self.sha256, self.name)


class BundledLock(_Entry, frozen=True):
    """A lock file in a bundle; `size` in bytes."""

    name: _LockName
    sha256: _Sha256
    size: _LockSize


class Index(_Entry, frozen=True):
    """What a lab needs, as DIR/index/LAB.json says."""

    format: Literal[1]
    lab: str
    locks: tuple[BundledLock, ...]
    artefacts: tuple[BundledFile, ...]


def form_path(sha256: str, name: str) -> str:
    """Return the path of an artefact below the folder of a bundle."""
    return f"sha256/{sha256[:2]}/{sha256}/{name}"


def form_bundle_url(url: str, sha256: str, name: str) -> str:
    """Return the URL of an artefact in a bundle that a web server has at `url`."""
    return f"{url.rstrip('/')}/{quote(form_path(sha256, name))}"


class Bundle(Depot):
    """A bundle that stands for the depot: what it does not have is an error, and not fetched.

    Raise BundleError if the folder has no bundle of that lab file. A file is read and compared when
    it is used.
    """

    def __init__(self, folder: Path, lab: Path) -> None:
        super().__init__(folder)
        self._lab_file = lab
        self.lab = lab.resolve().stem
        self.index = self._read_index()
        self._names = {one.sha256: one.name for one in self.index.artefacts}

    @property
    def command(self) -> str:
        """What to type where there is a network, to write the bundle again."""
        return shlex.join(
            ["torchard", "bundle", str(self.root), shorten_local_path(self._lab_file)]
        )

    def require_files(self) -> None:
        """Raise BundleError if the folder lacks a file of the lab, or has one of another size."""
        wrong = [text for text in map(self._describe_size, self.paths()) if text]
        if wrong:
            more = f", and {len(wrong) - 1} more files are not right" if len(wrong) > 1 else ""
            self._fail(f"{self.root}/{wrong[0]}{more}.")

    def paths(self) -> Iterator[tuple[str, str, int]]:
        """Yield the path below the folder, the sha256 and the size of each file of the lab."""
        for lock in self.index.locks:
            yield f"locks/{self.lab}/{lock.name}", lock.sha256, lock.size
        for one in self.index.artefacts:
            yield one.path, one.sha256, one.size

    def find_damage(self, file: tuple[str, str, int]) -> str:
        """Read a file of the lab; return a clause if it is not as the index says, else ""."""
        path, sha256, _ = file
        if text := self._describe_size(file):
            return text
        try:
            with open_plain(self.root / path) as stream:
                found = compute_sha256(stream)
        except OSError as error:
            return f"{path} cannot be read: {error.strerror or error}"
        return (
            ""
            if found == sha256
            else f"{path} has the wrong sha256: wanted {sha256}, found {found}"
        )

    def has_file(self, sha256: str) -> bool:
        """Say whether the bundle has an artefact."""
        return sha256 in self._names

    def fetch(  # as Depot's
        self,
        file: str,
        sha256: str,
        size: int | None,  # noqa: ARG002  # the index has it
        address: Callable[[], str],  # noqa: ARG002  # nothing is fetched
        report: Callable[[int, int], None] | None = None,  # noqa: ARG002
    ) -> Path:
        """Return the path of an artefact that the bundle has, once its sha256 is verified.

        Raise BundleError if it is not there, or not that.
        """
        if sha256 not in self._names:
            self._fail(f"The bundle {self.root} does not have {file}, whose sha256 is {sha256}.")
        path = self.root / form_path(sha256, self._names[sha256])
        try:
            is_verified = self._is_verified(path, sha256)
        except OSError as error:
            self._fail(f"{path} cannot be read: {error.strerror or error}.")
        if not is_verified:
            self._fail(f"{path} does not have its sha256, {sha256}.")
        return path

    def read_lock(self, lock: BundledLock) -> bytes:
        """Return the bytes of a lock file. Raise BundleError if they are not as the index says."""
        path = self.root / "locks" / self.lab / lock.name
        try:
            with open_plain(path) as stream:
                content = stream.read(lock.size + 1)
        except OSError as error:
            self._fail(f"{path} cannot be read: {error.strerror or error}.")
        if hashlib.sha256(content).hexdigest() != lock.sha256:
            self._fail(f"{path} does not have its sha256, {lock.sha256}.")
        return content

    def _read_index(self) -> Index:
        path = self.root / "index" / f"{self.lab}.json"
        try:
            return _read_index(path)
        except _UNREADABLE as error:
            why = error.strerror or error if isinstance(error, OSError) else error
            self._fail(f"{self.root} has no bundle of the lab {self.lab}: {path}: {why}.")

    def _describe_size(self, file: tuple[str, str, int]) -> str:
        """Return what is wrong with the size of a file, as a clause; empty if nothing is."""
        path, _, size = file
        try:
            status = (self.root / path).stat()
        except FileNotFoundError:
            return f"{path} is missing"
        except OSError as error:
            return f"{path} cannot be read: {error.strerror or error}"
        if not S_ISREG(status.st_mode):
            return f"{path} is not a file"
        found = status.st_size
        if found != size:
            return f"{path} has {found} bytes, and its index says {size}"
        return ""

    def _fail(self, what: str) -> NoReturn:
        raise BundleError(what, f"Run `{self.command}` where there is a network.")


_UNREADABLE = (OSError, msgspec.MsgspecError, UnicodeDecodeError)


def _read_index(path: Path) -> Index:
    with open_plain(path) as stream:
        return msgspec.json.decode(stream.read(_LARGEST_INDEX), type=Index)


def remove_unnamed(folder: Path) -> tuple[int, int]:
    """Remove the files of earlier locks from a bundle's folder, which no lab's index names.

    Return their number and their bytes. What has another name than a bundle's files stays. Raise
    BundleError if an index cannot be read; then nothing is removed.
    """
    _require_no_links(folder)
    named: set[Path] = set()
    for path in sorted((folder / "index").glob("*.json")):
        try:
            index = _read_index(path)
        except _UNREADABLE as error:
            raise BundleError(
                f"Nothing was removed, because {path} cannot be read: {error}.",
                "Write that lab's bundle again, or remove its index if the lab does not exist now.",
            ) from error
        named.update(folder / one.path for one in index.artefacts)
        named.update(folder / "locks" / path.stem / one.name for one in index.locks)
    files = size = 0
    for path in list(_list_own_files(folder)):
        if path not in named:
            files, size = files + 1, size + path.stat().st_size
            path.unlink()
            for parent in (path.parent, path.parent.parent):
                with suppress(OSError):  # it has other files
                    parent.rmdir()
    return files, size


def _require_no_links(folder: Path) -> None:
    """Raise BundleError if a folder of a bundle, or its lock, is a link.

    What is written or removed behind a link would not be the bundle's.
    """
    tops = [folder / name for name in _FOLDERS]
    below = (
        Path(where, name) for top in tops for where, folders, _ in os.walk(top) for name in folders
    )
    for path in chain([folder / _LOCK], tops, below):
        if path.is_symlink():
            raise BundleError(
                f"{path} is a link, so what is behind it is not the bundle's.",
                "Remove it, or name another folder. Nothing was written or removed.",
            )


def _list_own_files(folder: Path) -> Iterator[Path]:
    """Yield the files in a bundle's folder that have the names which a bundle writes."""
    for path in folder.glob("sha256/*/*/*"):
        sha256 = path.parent.name
        is_named = re.match(_SHA256, sha256) and re.match(_FILE_NAME, path.name)
        if is_named and path == folder / form_path(sha256, path.name) and _is_file(path):
            yield path
    for path in folder.glob("locks/*/*"):
        if re.match(_LOCK_NAME, path.name) and _is_file(path):
            yield path


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Have a bundle's folder to write in.

    Raise BundleError if another process has it, or a link in it leads elsewhere.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415  # only writing needs it

    try:
        folder.mkdir(parents=True, exist_ok=True)
        _require_no_links(folder)
        with FileLock(folder / _LOCK).acquire(timeout=0):
            yield
    except Timeout as error:
        raise BundleError(
            f"Another process writes a bundle to {folder}.", "Wait until it has ended."
        ) from error
    except OSError as error:
        raise BundleError(
            f"The bundle cannot be written to {folder}: {error.strerror or error}.",
            "Name another folder, or make room there. The same command continues.",
        ) from error


def put_file(source: Path, target: Path, sha256: str) -> int:
    """Copy a file, unless the target has these bytes. Return the number of bytes written.

    The target is never half a file. Raise BundleError if the source does not have the sha256.
    """
    if not target.is_symlink():
        with suppress(OSError), open_plain(target) as stream:
            if compute_sha256(stream) == sha256:
                return 0
    with source.open("rb") as stream:
        chunks = iter(lambda: stream.read(_CHUNK), b"")
        return _write(target, chunks, sha256)


def put_content(content: bytes, target: Path, sha256: str = "") -> int:
    """Write a file of these bytes by one rename. Return their number."""
    return _write(target, [content], sha256)


def _write(target: Path, chunks: Iterable[bytes], sha256: str) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")  # one process at a time writes here
    try:
        with create_plain(partial) as stream:
            for chunk in chunks:
                stream.write(chunk)
            size = stream.tell()
            if sha256 and compute_sha256(stream) != sha256:
                raise BundleError(
                    f"{target.name} changed while it was copied.", "Run the same command again."
                )
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return size
