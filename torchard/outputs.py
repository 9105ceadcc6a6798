"""The files that options name to be written: Torchard replaces its own files, and no others."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from torchard.errors import TorchardError
from torchard.plain_files import create_plain

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["page", "junit", "plan", "log", "schema"]

_READ = 1000  # bytes in which the mark of a kind is
_LOG = re.compile(rb"\A[0-9-]{10} [0-9:]{8},[0-9]{3} (pyinfra|paramiko|torchard)")
_KINDS: dict[Kind, tuple[str, re.Pattern[bytes]]] = {
    "page": ("a page that `torchard report` wrote", re.compile(rb'<meta name="generator" .*Torch')),
    "junit": ("a JUnit file that Torchard wrote", re.compile(rb'<testsuite name="torchard ')),
    "plan": ("a plan", re.compile(rb'\A{\n  "format": [0-9]+,\n  "kind": "plan"')),
    "log": ("a log that Torchard wrote", _LOG),
    "schema": ("this schema", re.compile(rb'"\$id": "urn:torchard:lab"')),
}
_LABS = (".yaml", ".yml", ".json")


def require_output(path: Path, kind: Kind, option: str) -> None:
    """Raise TorchardError unless a file can be written there and replaces no file of a person.

    An existing file must be empty, or of the same kind. `option` is what named the path.
    """
    what, mark = _KINDS[kind]
    instead = f"Name another file with {option}."
    folder = path.absolute().parent
    if kind == "log" and _is_special(path):
        return  # a log is appended, so it may be a pipe
    if _is_special(path):
        raise TorchardError(f"{path} is not a file.", "Name a file: it is written as a whole.")
    if kind != "log" and not os.access(folder, os.W_OK | os.X_OK):
        raise TorchardError(
            f"{path} cannot be written: its folder does not exist, or you may not write to it.",
            f"Make the folder, or name another file with {option}.",
        )
    if _has_locks(folder.resolve()):
        raise TorchardError(f"{path} is in the folder of a lab's lock files.", instead)
    try:
        with path.open("rb") as file:
            start = file.read(_READ)
    except FileNotFoundError:
        return
    except OSError as error:
        raise TorchardError(f"{path} cannot be read: {error.strerror}.", instead) from error
    if start and not mark.search(start):
        raise TorchardError(f"{path} exists and is not {what}.", instead)


def _is_special(path: Path) -> bool:
    """Tell whether a path names a folder, a device or a pipe."""
    with suppress(OSError):
        return not stat.S_ISREG(path.stat().st_mode)
    return False


def _has_locks(folder: Path) -> bool:
    """Tell whether a folder is the one in which a lab beside it has its lock files."""
    place = folder.parent
    return place.name == "locks" and any(
        (place.parent / f"{folder.name}{ending}").is_file() for ending in _LABS
    )


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raise TorchardError if that is impossible."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with create_plain(partial) as stream:
            stream.write(text.encode())
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise TorchardError(f"{path} cannot be written: {error.strerror or error}.") from error
