"""The conda half of a lock: solved once for a Mac class, in a child process."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchard import programs
from torchard.lock.addresses import form_conda_url
from torchard.lock.codec import read_conda_package
from torchard.lock.conda_failure import explain_failure
from torchard.lock.conda_process import READ_LIMITS, SOLVE_LIMITS, run_worker, solver_request
from torchard.lock.fetch import fetch_all
from torchard.lock.lockfile import LockError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from torchard.depot.depot import Depot
    from torchard.lab.model import Mirrors
    from torchard.lock.lockfile import CondaPackage
    from torchard.lock.question import Question

_KEPT_SECONDS = 86_400  # for a part of an index that a process which was ended left behind


def solve_conda(question: Question, depot: Depot) -> tuple[CondaPackage, ...]:
    """Return the conda packages of an environment, each after its dependencies.

    Archives that may have Python distributions are fetched and read. Raise LockError if no set of
    packages fits, DepotError or DownloadError if an archive cannot be fetched.
    """
    channels, cache = question.channels, depot.root / "channels"
    parts = _remove_parts(cache)
    try:
        solved = run_worker({"solve": solver_request(question, cache)}, SOLVE_LIMITS)
    except programs.LimitError as error:
        _remove_parts(cache, parts)
        raise LockError(
            f"{question.environment.where}: the solver of {question} was stopped, because it"
            f" {error}.",
            "Check `mirrors.conda` and the channels: an index may have no end. If they are right,"
            " ask for fewer packages in `conda:`.",
        ) from error
    if "error" in solved:
        raise explain_failure(solved, question, cache)
    rows = solved["solve"]
    packages = [_read_package(row, channels[row["channel"]], {}) for row in rows]
    python = next(one for one in packages if one.name == "python")
    if re.search(r"_cp\d+t$", python.build):
        raise LockError(
            f"{question.environment.where}: {question} would get a python without the global"
            f" interpreter lock ({python.build}). PyTorch has no wheels for it.",
            "Remove the package that asks for it from `conda:`.",
        )
    with_python = [one for one, row in zip(packages, rows, strict=True) if row["python"]]
    provided = _read_distributions(with_python, question.mirrors, depot)
    return tuple(
        _read_package(row, one.channel, provided.get(one.name, {}))
        for one, row in zip(packages, rows, strict=True)
    )


def _remove_parts(cache: Path, before: Collection[Path] | None = None) -> set[Path]:
    """Remove parts of indexes that nobody downloads any more; return those that are left.

    They are as old as a day, or came after those in `before` by a process that was stopped.
    """
    left = set()
    for path in cache.glob(".tmp*"):
        with suppress(OSError):
            is_new = before is not None and path not in before
            if is_new or path.stat().st_mtime < time.time() - _KEPT_SECONDS:
                path.unlink()
            else:
                left.add(path)
    return left


def _read_package(
    row: Mapping[str, Any], channel: str, provided: Mapping[str, str]
) -> CondaPackage:
    known = {key: value for key, value in row.items() if key != "python"}
    try:
        return read_conda_package(
            {**known, "channel": channel, "provides": dict(sorted(provided.items()))}
        )
    except ValueError as error:
        raise LockError(
            f"The channel {channel} describes {row['name']!a} in a way that no lock can hold:"
            f" {error}.",
            "Use another channel or mirror: this one may be damaged.",
        ) from error


def _read_distributions(
    packages: Sequence[CondaPackage], mirrors: Mirrors, depot: Depot
) -> dict[str, dict[str, str]]:
    """Return the Python distributions in each package's archive, with their versions."""
    archives = fetch_all(
        packages,
        depot,
        lambda one: form_conda_url(one, mirrors),
        "conda packages",
        "The channels say",
    )
    try:
        read = run_worker({"provides": [str(path) for path in archives]}, READ_LIMITS)
    except programs.LimitError as error:
        file = Path((error.printed.splitlines() or [""])[-1]).name
        raise LockError(
            f"The archive {file} of a conda package cannot be read: its reader was stopped,"
            f" because it {error}.",
            "It has the sha256 that its channel lists. Use another channel or mirror.",
        ) from error
    if "error" in read:
        raise LockError(
            f"The archive of a conda package cannot be read: {read['text']}",
            "It has the sha256 that its channel lists. Use another channel or mirror.",
        )
    return {one.name: row for one, row in zip(packages, read["provides"], strict=True)}
