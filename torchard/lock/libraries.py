"""Read the libraries in the wheels of a lock, and those of a PyTorch that comes from conda.

An archive is read once, and the summary kept beside it. So a lock with the same wheels, or another
environment with one of them, costs no second reading.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from torchard import programs
from torchard.binaries.summary import Summary, read_key
from torchard.lock.addresses import form_conda_url
from torchard.lock.compare import may_have_libraries
from torchard.lock.fetch import fetch_all
from torchard.lock.lockfile import CondaPackage, LockError, Wheel
from torchard.plain_files import create_plain, open_plain
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torchard.depot.depot import Depot
    from torchard.lab.model import Mirrors

# The libraries of torch take 100 MB of memory, and a second.
LIMITS = programs.Limits(seconds=600, memory=1 << 30, file=256 << 20, output=256 << 20)
_LARGEST = 64 << 20  # bytes of a kept summary; that of torch has 3 MB
_WORKER = "torchard.lock.library_worker"

Artefact = TypeVar("Artefact", CondaPackage, Wheel)


class _Answer(msgspec.Struct):
    wheels: list[Summary]


class _Kept(msgspec.Struct):
    """A summary, and the table and the reader that it was made with."""

    key: str
    summary: Summary


def read_libraries(
    wheels: Mapping[Wheel, str], arch: str, depot: Depot, announce: Callable[[str], None]
) -> dict[str, Summary]:
    """Return the summary of each wheel that may have libraries, by its sha256.

    `wheels` has the URL of each wheel. Those that the depot lacks are fetched. Raise LockError if
    one cannot be read within limits, DepotError or DownloadError if one cannot be fetched.
    """
    wanted = [one for one in wheels if may_have_libraries(one.file)]

    def fetch(left: Sequence[Wheel]) -> list[Path]:
        announce("reading the libraries in the wheels")
        return fetch_all(left, depot, lambda one: wheels[one], "wheels", "The wheel index says")

    return _read(wanted, fetch, arch, depot)


def read_conda_libraries(
    packages: Sequence[CondaPackage],
    mirrors: Mirrors,
    arch: str,
    depot: Depot,
    announce: Callable[[str], None],
) -> dict[str, Summary]:
    """Return the summary of PyTorch's own libraries in each conda package, by its sha256.

    Raise what `read_libraries` raises.
    """

    def fetch(left: Sequence[CondaPackage]) -> list[Path]:
        announce("reading the libraries of conda's PyTorch")
        place = partial(form_conda_url, mirrors=mirrors)
        return fetch_all(left, depot, place, "conda packages", "The channels say")

    return _read(packages, fetch, arch, depot)


def _read(
    artefacts: Sequence[Artefact],
    fetch: Callable[[Sequence[Artefact]], list[Path]],
    arch: str,
    depot: Depot,
) -> dict[str, Summary]:
    """Return the summary of each artefact, from its kept one or newly read."""
    key = read_key() if artefacts else ""
    kept = {one: _read_kept(_place(one, arch, depot), key) for one in artefacts}
    left = [one for one in artefacts if kept[one] is None]
    if left:
        for one, found in zip(left, _run_worker(fetch(left), arch), strict=True):
            kept[one] = found
            _keep(_place(one, arch, depot), _Kept(key, found))
    return {one.sha256: found for one, found in kept.items() if found is not None}


def _place(artefact: CondaPackage | Wheel, arch: str, depot: Depot) -> Path:
    """Return where the summary of an artefact is kept: it is removed together with it."""
    return depot.root / "files" / artefact.sha256 / f"libraries-{arch}.json"


def _read_kept(path: Path, key: str) -> Summary | None:
    """Return a kept summary; None if there is none of this table and reader."""
    try:
        with open_plain(path) as file:
            kept = msgspec.json.decode(file.read(_LARGEST), type=_Kept)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return kept.summary if kept.key == key else None


def _keep(path: Path, kept: _Kept) -> None:
    """Keep a summary, by one rename. Without it, the wheel is read again next time."""
    content = msgspec.json.encode(kept)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    if len(content) < _LARGEST:
        with suppress(OSError):
            with create_plain(partial) as stream:
                stream.write(content)
            partial.replace(path)


def _run_worker(paths: Sequence[Path], arch: str) -> list[Summary]:
    """Return what the child process read in each wheel. Raise LockError."""
    request = {"wheels": [{"path": str(path), "arch": arch} for path in paths]}
    words = programs.module_words(_WORKER, limits=LIMITS)
    given = msgspec.json.encode(request).decode()
    try:
        done = programs.run(words, LIMITS, programs.reaching_environment(), given)
    except programs.LimitError as error:
        file = _last_line(error.printed).rpartition("/")[2] or paths[0].name
        raise LockError(
            f"The libraries in {file} cannot be read: their reader was stopped, because it"
            f" {error}.",
            "It has the sha256 that its index lists. Ask for another version or index.",
        ) from error
    try:
        found = msgspec.json.decode(_last_line(done.out), type=_Answer).wheels
    except msgspec.MsgspecError:
        found = []
    if len(found) != len(paths):
        said = redact(done.err).strip().splitlines()
        last = said[-1] if said else f"exit {done.status}"
        raise LockError(
            f"The reader of libraries ended without an answer: {last}",
            "Run the command again.",
        )
    return found


def _last_line(text: str) -> str:
    """Return the last line. A name may have a character in it that `splitlines` splits at."""
    return text.rstrip("\n").rpartition("\n")[2]
