"""The controller's store of verified artefacts: each is fetched once for every lab, and kept.

ROOT/files/SHA256/NAME     whole and verified; put there by one rename
ROOT/partial/SHA256        what a broken download left; the next one goes on from there
ROOT/channels/             the indexes of conda channels, kept by py-rattler
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from torchard.errors import TorchardError
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ATTEMPTS = 5
_PAUSE = 0.25  # seconds before the second attempt; twice as long before each further one
_CHUNK = 1 << 20  # bytes
_TURN = 0.1  # seconds between looks at a download that another is at


def _silent(_file: str, _done: int, _total: int) -> None:
    """Say nothing."""


class DepotError(TorchardError):
    """An artefact cannot be had, or is not what its sha256 says."""


class Depot:
    """A depot below `root`: $TORCHARD_DEPOT or ~/.cache/torchard/depot where left out.

    `pause` waits so many seconds. `tell` hears of each file that comes: its name, how many bytes
    have come, and of how many, 0 where that is not known.
    """

    tell: Callable[[str, int, int], None] = staticmethod(_silent)

    def __init__(
        self, root: Path | None = None, pause: Callable[[float], object] = time.sleep
    ) -> None:
        said = os.environ.get("TORCHARD_DEPOT") or "~/.cache/torchard/depot"
        self.root = (root or Path(said)).expanduser().absolute()
        self._pause = pause
        self._verified: dict[Path, tuple[int, ...]] = {}

    def holds(self, sha256: str) -> bool:
        """Tell whether an artefact was brought; it is verified when it is fetched from here."""
        return (self.root / "files" / sha256).is_dir()

    def fetch(self, file: str, sha256: str, size: int | None, address: Callable[[], str]) -> Path:
        """Return an artefact's verified file; `size` in bytes, None where it is not known.

        `address` is only asked where the artefact is not there yet, or spoilt. Raise
        DownloadError where no server has it, DepotError where it is spoilt or cannot be kept.
        """
        path = self.root / "files" / sha256 / file
        unfinished = self.root / "partial" / sha256
        try:
            if self._whole(path, sha256):
                return path
            url = address()
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            with _alone(unfinished, self._pause) as stream:
                if self._whole(path, sha256):  # another has brought it in the meantime
                    unfinished.unlink()
                    return path
                self._download(stream, url, file, sha256, size)
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished.replace(path)
                self._verified[path] = _marks(path)
        except OSError as error:
            raise DepotError(
                f"{file} cannot be kept below {self.root}: {error.strerror or error}.",
                "Make room there, or let TORCHARD_DEPOT name another directory.",
            ) from error
        return path

    def _whole(self, path: Path, sha256: str) -> bool:
        """Tell whether a file is what its sha256 says; until it changes, it is read but once."""
        try:
            marks = _marks(path)
        except FileNotFoundError:
            return False
        if self._verified.get(path) != marks:
            with path.open("rb") as stream:
                if _digest(stream) != sha256:
                    return False
            self._verified[path] = marks
        return True

    def _download(
        self, stream: BinaryIO, url: str, file: str, sha256: str, size: int | None
    ) -> None:
        """Bring the rest of an artefact into the stream and verify the whole."""
        # Only those who fetch something load the HTTP client.
        from torchard.depot.download import BrokenOffError, receive, remark  # noqa: PLC0415

        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._pause(_PAUSE * 2 ** (attempt - 1))
            begun = stream.seek(0, os.SEEK_END)
            try:
                kind = receive(stream, url, size, partial(self.tell, file))
            except BrokenOffError as error:
                reason = str(error)
                continue
            found = _digest(stream)
            if found == sha256:
                stream.flush()
                os.fsync(stream.fileno())
                return
            stream.truncate(0)
            if not begun:
                raise DepotError(
                    f"{file} from {redact(url)} has the wrong sha256: wanted {sha256}, found"
                    f" {found}. It was thrown away.{remark(kind)}",
                    "If the file is rightly another one, write its sha256; else mistrust that"
                    " server.",
                )
            reason = "what was there of it did not fit the rest"
        raise DepotError(
            f"{file} could not be fetched from {redact(url)} in {ATTEMPTS} attempts: {reason}.",
            "Check the network and `mirrors`; the next run goes on from what has arrived.",
        )


@contextmanager
def _alone(unfinished: Path, pause: Callable[[float], object]) -> Iterator[BinaryIO]:
    """Open a partial download for one caller alone; wait while another is at it."""
    while True:
        with unfinished.open("ab+") as stream:
            try:
                # Not waited for in the kernel, which would hold up every Mac of a pyinfra run.
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pause(_TURN)
                continue
            if _same(stream, unfinished):  # else the other has finished with it: look again
                yield stream
                return


def _same(stream: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _marks(path: Path) -> tuple[int, ...]:
    """Return what tells a file from another, or from itself after a change."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
