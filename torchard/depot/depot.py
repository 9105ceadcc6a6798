"""The controller's store of verified artefacts. Each is fetched once for all labs, and kept.

ROOT/files/SHA256/NAME     a whole, verified file, put there by one rename
ROOT/partial/SHA256        the part of a download that broke off; the next one continues it
ROOT/locks/SHA256          locked while one process fetches the artefact
ROOT/locks/SHA256.holder   which process that is, for people
ROOT/channels/             the indexes of conda channels, kept by py-rattler
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from torchard.depot.bounds import mark_used
from torchard.depot.contents import compute_sha256
from torchard.depot.holder import describe_holder, write_holder
from torchard.errors import TorchardError
from torchard.plain_files import append_plain, open_plain
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ATTEMPTS = 5
_PAUSE = 0.25  # seconds before the second attempt, and twice as long before each further one
_POLL = 0.1  # seconds between looks at a lock that another process holds
_SILENT_WAIT = 10  # seconds without a byte, before the process that fetches is named
_LONGEST_WAIT = 900  # seconds without a byte, while another process fetches an artefact
_FIRST_ROOT = "~/.cache/torchard/depot"  # still used where it exists


def _ignore(_what: str, _done: int = 0, _total: int = 0) -> None:
    """Drop a report of progress."""


class DepotError(TorchardError):
    """An artefact cannot be fetched or kept, or does not have its sha256."""


class Depot:
    """A depot in the folder `root`, by default `default_root()`.

    `pause` waits for so many seconds. `report` gets the name of each file that is being fetched,
    the bytes so far and in all, 0 if that is not known. `announce` gets a sentence for people.
    """

    report: Callable[[str, int, int], None] = staticmethod(_ignore)
    announce: Callable[[str], None] = staticmethod(_ignore)

    def __init__(
        self, root: Path | None = None, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self.root = (root or default_root()).expanduser().absolute()
        self._pause = pause
        self._verified: dict[Path, tuple[int, ...]] = {}

    def has_file(self, sha256: str) -> bool:
        """Say whether an artefact was fetched. `fetch` verifies it."""
        return (self.root / "files" / sha256).is_dir()

    def fetch(
        self,
        file: str,
        sha256: str,
        size: int | None,
        address: Callable[[], str],
        report: Callable[[int, int], None] | None = None,
    ) -> Path:
        """Return the path of an artefact's verified file; `size` in bytes, None if not known.

        `address` is called only if the file is missing or damaged. `report` gets the bytes so far
        and in all, instead of the depot's own. Raise DownloadError if the server does not have the
        file, DepotError if it is not what its sha256 says or cannot be kept.
        """
        path = self.root / "files" / sha256 / file
        unfinished = self.root / "partial" / sha256
        try:
            mark_used(path)  # first: what was just used is not removed
            if self._is_verified(path, sha256):
                return path
            url = address()
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            with self._lock(file, sha256, unfinished):
                if self._is_verified(path, sha256):  # another process has fetched it meanwhile
                    return path
                with append_plain(unfinished) as stream:
                    self._download(
                        stream, url, file, sha256, size, report or partial(self.report, file)
                    )
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished.replace(path)
                self._verified[path] = _identity(path)
        except OSError as error:
            raise DepotError(
                f"{file} cannot be kept in {self.root}: {error.strerror or error}.",
                "Free some space there, or set TORCHARD_DEPOT to another folder.",
            ) from error
        return path

    @contextmanager
    def _lock(self, file: str, sha256: str, unfinished: Path) -> Iterator[None]:
        """Lock an artefact; wait as long as another process or thread fetches it.

        That process may be stopped, or wait for a server. After a while without a byte it is named.
        """
        # Only a download needs this library, and its import takes long.
        from filelock import FileLock, Timeout  # noqa: PLC0415

        path = self.root / "locks" / sha256
        path.parent.mkdir(exist_ok=True)
        lock = FileLock(path, is_singleton=False, thread_local=False)
        holder = path.with_name(f"{sha256}.holder")
        size, idle, is_named = -1, 0.0, False
        while True:
            try:
                # A wait in the kernel would stop every Mac of a pyinfra run.
                lock.acquire(timeout=0)
                break
            except Timeout:
                before, size = size, unfinished.stat().st_size if unfinished.exists() else 0
                idle = idle + _POLL if size == before else 0
            if idle > _LONGEST_WAIT:
                raise DepotError(
                    f"{file} is being fetched by {describe_holder(holder)}, and no byte has come"
                    f" for {_LONGEST_WAIT // 60} minutes.",
                    "End that process, then run the command again.",
                )
            if not is_named and idle > _SILENT_WAIT:
                is_named = True
                self.announce(
                    f"waiting for {file}: {describe_holder(holder)} is fetching it, and no byte"
                    f" has come for {_SILENT_WAIT} seconds"
                )
            self._pause(_POLL)
        try:
            write_holder(holder)
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def _is_verified(self, path: Path, sha256: str) -> bool:
        """Say whether a file has a sha256. It is read once, and again only after a change."""
        try:
            identity = _identity(path)
        except FileNotFoundError:
            return False
        if self._verified.get(path) != identity:
            with open_plain(path) as stream:
                if compute_sha256(stream) != sha256:
                    return False
            self._verified[path] = identity
        return True

    def _download(  # noqa: PLR0917  # the one caller has them all
        self,
        stream: BinaryIO,
        url: str,
        file: str,
        sha256: str,
        size: int | None,
        report: Callable[[int, int], None],
    ) -> None:
        """Fetch the rest of an artefact into the stream and verify the whole."""
        # Only a download needs the HTTP client.
        from torchard.depot.connection import explain_connection  # noqa: PLC0415
        from torchard.depot.download import (  # noqa: PLC0415
            BrokenOffError,
            append_rest,
            explain_type,
        )

        reason, wait = "", 0.0
        for attempt in range(ATTEMPTS):
            if attempt:
                self._pause(max(wait, _PAUSE * 2 ** (attempt - 1)))
            begun = stream.seek(0, os.SEEK_END)
            try:
                kind = append_rest(stream, url, size, report)
            except BrokenOffError as error:
                reason, wait = str(error), error.wait
                continue
            found = compute_sha256(stream)
            if found == sha256:
                stream.flush()
                os.fsync(stream.fileno())
                return
            stream.truncate(0)
            if not begun:
                raise DepotError(
                    f"{file} from {redact(url)} has the wrong sha256: wanted {sha256}, found"
                    f" {found}. It was deleted.{explain_type(kind)}",
                    "If that file is the right one, write its sha256. Otherwise the server, or"
                    " something before it, changes files.",
                )
            reason, wait = "the part from an earlier download did not fit the rest", 0.0
        cause = explain_connection(reason)
        check = cause.instead if cause else "Check the network and `mirrors`."
        raise DepotError(
            f"{file} could not be fetched from {redact(url)} in {ATTEMPTS} attempts: {reason}.",
            f"{check} The next run continues with what has arrived.",
        )


def default_root() -> Path:
    """Return $TORCHARD_DEPOT, else the depot in the cache folder of this computer's account."""
    if chosen := os.environ.get("TORCHARD_DEPOT"):
        return Path(chosen)
    first = Path(_FIRST_ROOT).expanduser()
    if first.is_dir():
        return first
    from platformdirs import user_cache_path  # noqa: PLC0415

    return user_cache_path("torchard") / "depot"


def _identity(path: Path) -> tuple[int, ...]:
    """Return what tells a file from another one, or from itself after a change."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
