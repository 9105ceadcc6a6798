"""Upload files to a Mac: artefacts that the controller fetched, and the kit of a generation."""

from __future__ import annotations

import io
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from paramiko import SSHException
from pyinfra.api import FunctionCommand, StringCommand

from torchard.depot.contents import compute_sha256_of_part
from torchard.errors import TorchardError
from torchard.operations.controller import find_controller
from torchard.operations.fetch_ahead import FetchAhead
from torchard.operations.incoming import (
    PARTS,
    continue_part,
    incoming_directory,
    name_complete,
    parse_free_bytes,
    remove_partial_files,
)
from torchard.operations.lease import renewed_lease
from torchard.operations.report import record_failure, report_delivered, report_progress
from torchard.operations.transfers import find_line
from torchard.remote.archive import Archive
from torchard.remote.client import takes_archives
from torchard.remote.limits import limit_file_command, limit_step
from torchard.remote.quoting import for_any_shell
from torchard.remote.uploads import LARGE, WatchedFile
from torchard.workspace.artefacts import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pyinfra.api.host import Host
    from pyinfra.api.state import State

    from torchard.catalog.installers import Installer
    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import CondaPackage, Lock, Wheel
    from torchard.mac.state import MacState
    from torchard.operations.fetch_ahead import Store
    from torchard.remote.limits import Limit

A = TypeVar("A", "CondaPackage | Wheel", "Installer")
# Uploaded before they get their names: a lost connection costs these.
_BATCH_BYTES = 32 * 1024 * 1024
_BATCH_FILES = 100  # their paths are words of one command

_LOST = "the connection was lost while pushing"


def upload_files(  # noqa: PLR0917  # as _upload
    mac: MacHost,
    mac_state: MacState,
    store: Store[A],
    artefacts: Sequence[A],
    lock: Lock | None = None,
    text: bytes | None = None,
    text_path: str = "",
) -> FunctionCommand:
    """Return the command that fetches artefacts once and uploads those that the Mac lacks.

    `store` fetches them; `lock` is theirs, None for an installer. `text` is the content of one more
    file. What is fetched is sent while the rest is fetched.
    Each file has a name of this run until it is complete, then its sha256 as a name. So a lost
    connection, or another controller at the same work, never leaves half a file under that name.
    The next run sends the rest of a large one. The Mac verifies all of them before use.
    """
    return FunctionCommand(_upload, (mac, mac_state, store, artefacts, lock, text, text_path), {})


def _upload(  # noqa: PLR0917  # pyinfra passes them by position
    state: State,
    host: Host,
    mac: MacHost,
    mac_state: MacState,
    store: Store[A],
    artefacts: Sequence[A],
    lock: Lock | None,
    text: bytes | None,
    text_path: str,
) -> bool:
    missing = list_missing(mac_state, artefacts)
    push = _Push(host, mac, mac_state, total=sum(getattr(one, "size", 0) for one in missing))
    ahead = FetchAhead(store, [Wanted(one, lock, mac) for one in missing])
    try:
        while batch := _take_batch(push, ahead):
            push.send(batch)
        if text is not None:
            _put_content(host, mac, mac_state, text, text_path)
            push.complete.append(text_path)
        push.name_complete()
    except TorchardError as error:
        # Complete files keep their bytes: the next run does not send them again.
        with suppress(TorchardError, OSError, EOFError, SSHException):
            push.name_complete()
        return record_failure(state, host, str(error))
    except (OSError, EOFError, SSHException) as error:
        return record_failure(state, host, f"{_LOST}: {error}")
    finally:
        ahead.stop()
    report_delivered(host)
    return True


def _take_batch(push: _Push, ahead: FetchAhead[A]) -> list[_File]:
    """Return the next file, or with the small ones behind it as many as go together."""
    batch: list[_File] = []
    while (artefact := ahead.next) is not None:
        if batch and not (_has_room(batch) and push.is_small(artefact)):
            break
        report_progress(push.host, f"fetching {artefact.file}", push.sent, push.total)
        with renewed_lease(push.host, push.mac):
            path = ahead.take()
        batch.append(_File(artefact.file, artefact.sha256, path, path.stat().st_size))
        if not push.is_small(artefact):
            break
    return batch


def _has_room(batch: Sequence[_File]) -> bool:
    return len(batch) < _BATCH_FILES and sum(one.size for one in batch) < _BATCH_BYTES


@dataclass(frozen=True)
class _File:
    """One file to send: its name for people, its sha256, its path here, and its bytes."""

    file: str
    sha256: str
    path: Path
    size: int


@dataclass
class _Push:
    """What is sent to one Mac: `sent` of `total` bytes.

    `complete` are the final paths of those that the Mac has, until it knows them by that name.
    """

    host: Host
    mac: MacHost
    mac_state: MacState
    total: int
    sent: int = 0
    complete: list[str] = field(default_factory=list)
    _unnamed: int = 0

    def is_small(self, artefact: CondaPackage | Wheel | Installer) -> bool:
        """Tell whether a file may go with others. The rest of one that broke off goes alone."""
        size = getattr(artefact, "size", None)
        is_begun = artefact.sha256 in self.host.connector_data.get(PARTS, {})
        is_ours = takes_archives(self.host.connector)
        return size is not None and size < LARGE and not is_begun and is_ours

    def send(self, batch: Sequence[_File]) -> None:
        """Send one file, or several small ones as one archive."""
        directory = incoming_directory(self.mac_state)
        targets = [f"{directory}/{one.sha256}" for one in batch]
        size = sum(one.size for one in batch)
        name = batch[0].file if len(batch) == 1 else f"an archive of {len(batch)} files"
        report_progress(self.host, f"pushing {batch[0].file}", self.sent, self.total)
        with _explaining(self.host, self.mac, self.mac_state, targets, name, size):
            if len(batch) > 1:
                self._put_archive(batch, directory)
            else:
                self._put_alone(batch[0], targets[0])
        self.complete += targets
        self.sent += size
        self._unnamed += size
        if self._unnamed >= _BATCH_BYTES or len(self.complete) >= _BATCH_FILES:
            self.name_complete()

    def _put_alone(self, file: _File, target: str) -> None:
        host, mac, begun = self.host, self.mac, self.sent
        partial = _partial_name(host, target)
        begin = _continue_part(host, mac, self.mac_state, file.path, partial, file.sha256)

        def report(sent: int) -> None:
            report_progress(host, f"pushing {file.file}", begun + sent, self.total)

        _put(host, mac, file.path, partial, report, begin)

    def _put_archive(self, batch: Sequence[_File], directory: str) -> None:
        before = [*accumulate((one.size for one in batch), initial=self.sent)]

        def report(number: int, sent: int) -> None:
            name = f"pushing {batch[number].file}"
            report_progress(self.host, name, before[number] + sent, self.total)

        files = [(one.path, _partial_name(self.host, one.sha256)) for one in batch]
        with _taking_turns(self.host, self.mac) as take:
            _require_success(self.host.put_file(Archive(files, report, take), directory))

    def name_complete(self) -> None:
        """Give complete files their final names."""
        if self.complete:
            _rename(self.host, self.mac, self.complete)
        self.complete, self._unnamed = [], 0


def upload_content(  # noqa: PLR0917  # as _upload
    state: State, host: Host, mac: MacHost, mac_state: MacState, content: bytes, path: str
) -> bool:
    """Write a small file on a Mac by one rename; return whether it is there."""
    try:
        _put_content(host, mac, mac_state, content, path)
        _rename(host, mac, [path])
    except TorchardError as error:
        return record_failure(state, host, str(error))
    except (OSError, EOFError, SSHException) as error:
        return record_failure(state, host, f"{_LOST}: {error}")
    return True


def list_missing(mac_state: MacState, artefacts: Sequence[A]) -> list[A]:
    """Return the artefacts that a Mac does not have in its depot."""
    return [one for one in artefacts if not _is_in_depot(mac_state, one)]


def _put_content(host: Host, mac: MacHost, mac_state: MacState, content: bytes, path: str) -> None:
    with _explaining(host, mac, mac_state, [path], "what it is built with", len(content)):
        partial = _partial_name(host, path)
        _require_success(host.put_file(io.BytesIO(content), partial, **_limit_copy(mac)))


def _put(  # noqa: PLR0917  # all of one upload
    host: Host,
    mac: MacHost,
    path: Path,
    target: str,
    report: Callable[[int], None],
    begin: int,
) -> None:
    """Upload one file from a byte on. On this very Mac, pyinfra copies it without progress."""
    if mac.connection == "local":
        _require_success(host.put_file(str(path), target, **_limit_copy(mac)))
        return
    with (
        _taking_turns(host, mac) as take,
        WatchedFile(path, report, begin, take) as file,
    ):
        _require_success(host.put_file(file, target))


@contextmanager
def _taking_turns(host: Host, mac: MacHost) -> Iterator[Callable[[int], None] | None]:
    """Wait for a turn to send something; yield what waits for the rate, if there is one."""
    line = find_line(mac.transfers)
    with renewed_lease(host, mac):
        line.turns.acquire()
    try:
        yield line.take
    finally:
        line.turns.release()


def _continue_part(  # noqa: PLR0917  # all of one upload
    host: Host, mac: MacHost, mac_state: MacState, path: Path, target: str, sha256: str
) -> int:
    """Return how many bytes of a file an earlier run has sent: they become those of `target`.

    Another process may still write to them: the same bytes, or their sha256 is another one.
    """
    name, size = host.connector_data.get(PARTS, {}).pop(sha256, ("", 0))
    if mac.connection == "local" or not 0 < size < path.stat().st_size:
        return 0
    command = StringCommand(for_any_shell(continue_part(mac_state, name, target, size)))
    _, output = host.run_shell_command(command, _timeout=limit_file_command(mac))
    return size if output.stdout.split()[:1] == [compute_sha256_of_part(path, size)] else 0


def _limit_copy(mac: MacHost) -> dict[str, Limit]:
    """Return the limit of a file that is copied on this very Mac: over SSH, the client has one."""
    return {"_timeout": limit_step(mac)} if mac.connection == "local" else {}


def _require_success(done: object) -> None:
    """Raise OSError if pyinfra says no more than that an upload failed."""
    if not done:
        raise OSError("it does not say why")


@contextmanager
def _explaining(  # noqa: PLR0917  # all of one upload
    host: Host, mac: MacHost, mac_state: MacState, paths: Sequence[str], name: str, size: int
) -> Iterator[None]:
    """Raise TorchardError with the reason if the Mac does not accept files of `size` bytes.

    SFTP cannot say that a disk is full, so this asks the Mac. It also removes the partial files,
    which would need the room of the next attempt.
    """
    try:
        yield
    except (OSError, EOFError, SSHException) as error:
        # If the connection itself failed, this raises.
        partial = [_partial_name(host, path) for path in paths]
        remove = StringCommand(for_any_shell(remove_partial_files(mac_state, partial)))
        _, output = host.run_shell_command(remove, _timeout=limit_file_command(mac))
        free = parse_free_bytes(output.stdout_lines)
        if free is not None and free < size:
            raise TorchardError(
                f"this Mac's disk is full: {free // 10**6} MB are free, and {name} does not fit;"
                " make room, and run it again"
            ) from error
        limit = output.stderr.strip()
        raise TorchardError(
            f"{name} could not be written to the Mac: {error}{limit and f'; {limit}'}"
        ) from error


def _partial_name(host: Host, path: str) -> str:
    """Return the name of a file while this run uploads it."""
    return f"{path}.{find_controller(host.name).token}"


def _rename(host: Host, mac: MacHost, paths: Sequence[str]) -> None:
    """Give complete files their final names."""
    command = name_complete(paths, find_controller(host.name).token)
    script = StringCommand(for_any_shell(command))
    done, output = host.run_shell_command(script, _timeout=limit_file_command(mac))
    if not done:
        raise TorchardError(f"uploaded files could not be renamed on the Mac: {output.stderr}")


def _is_in_depot(mac_state: MacState, artefact: CondaPackage | Wheel | Installer) -> bool:
    size = getattr(artefact, "size", None)
    return size is not None and mac_state.depot.get(artefact.sha256) == size
