"""What goes from the controller to a Mac, and what becomes of a failure there.

pyinfra stops every host when one raises; so these functions catch what may go wrong with one Mac,
keep its reason, and return False, which fails that Mac alone.
"""

from __future__ import annotations

import getpass
import io
import os
import secrets
import shlex
import socket
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from paramiko import SSHException
from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand

from torchard.errors import TorchardError
from torchard.operations.incoming import (
    incoming_directory,
    parse_free_bytes,
    remove_partial_file,
)
from torchard.operations.script_text import Controller
from torchard.remote.quoting import for_any_shell
from torchard.sanitize import sanitize, sanitize_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from torchard.catalog.installers import Installer
    from torchard.lock.lockfile import CondaPackage, Wheel
    from torchard.mac.state import MacState

A = TypeVar("A", "CondaPackage | Wheel", "Installer")
FAILURE = "torchard failure"
PROGRESS = "torchard progress"
CHANGED = "it is not as it was when it was planned, and was left alone; run it again"
_AT_ONCE = 32 * 1024 * 1024  # bytes pushed before they are named: what a lost connection costs


@lru_cache(maxsize=1)
def controller() -> Controller:
    """Return who works on the Macs in this run."""
    who = sanitize(f"{getpass.getuser()}@{socket.gethostname()}")
    return Controller(who=who, token=f"{os.getpid()}-{secrets.token_hex(8)}")


def tell(host: Any, doing: str, done: int = 0, total: int = 0) -> None:
    """Tell whoever watches what a Mac is doing; `done` of `total` bytes, where there are bytes."""
    progress = host.connector_data.get(PROGRESS)
    if progress is not None:
        progress(host, doing, done, total)


def fail(reason: str) -> FunctionCommand:
    """Return a command that fails the Mac it runs on, and no other."""
    return FunctionCommand(_fail, (reason,), {})


def _fail(state: Any, host: Any, reason: str) -> bool:  # noqa: ARG001  # pyinfra gives both
    host.connector_data[FAILURE] = reason
    host.log_styled(sanitize_lines(reason), fg="red", log_func=logger.error)
    return False


def say(doing: str) -> FunctionCommand:
    """Return a command that only tells what the next one does."""
    return FunctionCommand(_say, (doing,), {})


def _say(state: Any, host: Any, doing: str) -> bool:  # noqa: ARG001  # pyinfra gives both
    tell(host, doing)
    return True


def push(
    mac_state: MacState,
    artefacts: Sequence[A],
    fetch: Callable[[A], Path],
    text: bytes | None = None,
    text_path: str = "",
) -> FunctionCommand:
    """Return the command that fetches artefacts once and pushes those the Mac does not hold.

    `text` is one more file, made here. Each file has a name of this run's own until it is whole,
    then that of its sha256: a connection that breaks off, or another controller at the same work,
    leaves no half file where a whole one is looked for. All are verified on the Mac before use.
    """
    return FunctionCommand(_push, (mac_state, artefacts, fetch, text, text_path), {})


def _push(  # noqa: PLR0917  # pyinfra passes them by position
    state: Any,
    host: Any,
    mac_state: MacState,
    artefacts: Sequence[A],
    fetch: Callable[[A], Path],
    text: bytes | None,
    text_path: str,
) -> bool:
    missing = [one for one in artefacts if not _holds(mac_state, one)]
    total = sum(getattr(one, "size", 0) for one in missing)
    done = named = 0
    whole: list[str] = []
    try:
        for artefact in missing:
            tell(host, f"fetching {artefact.file}", done, total)
            path = fetch(artefact)
            tell(host, f"pushing {artefact.file}", done, total)
            target = f"{incoming_directory(mac_state)}/{artefact.sha256}"
            told = _telling(host, artefact.file, done, total)
            with _arriving(host, mac_state, target, artefact.file, path.stat().st_size):
                _put(host, path, _own(target), told)
            whole.append(target)
            done += getattr(artefact, "size", 0)
            if done - named >= _AT_ONCE:
                _name(host, whole)
                whole, named = [], done
        if text is not None:
            with _arriving(host, mac_state, text_path, "what it is built with", len(text)):
                _taken(host.put_file(io.BytesIO(text), _own(text_path)))
            whole.append(text_path)
        _name(host, whole)
    except TorchardError as error:
        # What has arrived is not sent again, and not left for nobody to find.
        with suppress(TorchardError, OSError, EOFError, SSHException):
            _name(host, whole)
        return _fail(state, host, str(error))
    except (OSError, EOFError, SSHException) as error:
        return _fail(state, host, f"the connection was lost while pushing: {error}")
    return True


def _telling(host: Any, file: str, begun: int, total: int) -> Callable[[int], None]:
    """Return what tells how many bytes of one file, behind those of others, were pushed."""
    return lambda sent: tell(host, f"pushing {file}", begun + sent, total)


class _Told(io.FileIO):
    """A file that tells how many bytes of it were read."""

    def __init__(self, path: Path, told: Callable[[int], None]) -> None:
        super().__init__(path)
        self._told = told

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size) or b""
        self._told(self.tell())
        return data


def _put(host: Any, path: Path, target: str, told: Callable[[int], None]) -> None:
    """Push one file. On the Mac at hand pyinfra copies it by its name, and is not watched."""
    if getattr(host.connector, "client", None) is None:
        _taken(host.put_file(str(path), target))
        return
    with _Told(path, told) as file:
        _taken(host.put_file(file, target))


def _taken(done: object) -> None:
    """Raise OSError where pyinfra says no more than that a file was not taken."""
    if not done:
        raise OSError("it does not say why")


@contextmanager
def _arriving(host: Any, mac_state: MacState, path: str, name: str, size: int) -> Iterator[None]:
    """Raise TorchardError where the Mac does not take a file of `size` bytes.

    SFTP has no word for a disk that is full: so the Mac is asked. What arrived of the file goes at
    once, as it would stand in the way of the next attempt.
    """
    try:
        yield
    except (OSError, EOFError, SSHException) as error:
        # Where it was the connection that failed, this raises.
        remove = StringCommand(for_any_shell(remove_partial_file(mac_state, _own(path))))
        _, output = host.run_shell_command(remove)
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


def _own(path: str) -> str:
    """Return the name that a file has while this run pushes it."""
    return f"{path}.{controller().token}"


def _name(host: Any, paths: Sequence[str]) -> None:
    """Give files that have arrived whole the names that they are looked for by."""
    renames = (f"mv -f {shlex.quote(_own(path))} {shlex.quote(path)}" for path in paths)
    done, output = host.run_shell_command(StringCommand(for_any_shell(" && ".join(renames) or ":")))
    if not done:
        raise TorchardError(f"what was pushed could not be named on the Mac: {output.stderr}")


def _holds(mac_state: MacState, artefact: CondaPackage | Wheel | Installer) -> bool:
    size = getattr(artefact, "size", None)
    return size is not None and mac_state.depot.get(artefact.sha256) == size
