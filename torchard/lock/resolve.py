"""Lock one environment for one Mac class: conda's packages first, then the wheels around them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torchard.lock.compare import find_contradictions, find_unasked
from torchard.lock.conda import solve_conda
from torchard.lock.conda_failure import find_newest
from torchard.lock.fitting import resolve_fitting_wheels
from torchard.lock.lockfile import Lock, LockError
from torchard.lock.wheels import resolve_wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torchard.depot.depot import Depot
    from torchard.lock.lockfile import CondaPackage
    from torchard.lock.question import Question


def _ignore(_message: str) -> None:
    """Drop a progress message."""


def resolve(question: Question, depot: Depot, announce: Callable[[str], None] = _ignore) -> Lock:
    """Answer a question with a lock.

    `announce` gets a short message before each part, which may take minutes. Wheels that may have
    libraries are fetched and read. Raise LockError if there is no answer, DepotError or
    DownloadError if an archive or a wheel cannot be fetched.
    """
    announce(f"solving the conda packages of {question}")
    conda = solve_conda(question, depot)
    announce(f"resolving the wheels of {question}")
    python = next(one.version for one in conda if one.name == "python")
    provided = _find_provided(conda, question)
    find_conda = partial(find_newest, question, depot.root / "channels")
    ask = partial(resolve_wheels, python=python, provided=provided, find_conda=find_conda)
    fitting = resolve_fitting_wheels(question, ask, depot, announce)
    lock = Lock(
        environment=question.environment.name,
        mac_class=question.mac_class,
        inputs=question.digest,
        python=question.environment.python,
        variant=question.variant,
        conda_specs=question.conda_specs,
        pip_specs=tuple(question.environment.pip),
        channels=question.channels,
        conda=conda,
        wheels=fitting.wheels,
        libraries=fitting.libraries,
    )
    for _, what in (*find_contradictions(lock), *find_unasked(lock, question)):
        raise LockError(
            f"{question.environment.where}: {question} cannot be locked: {what}.",
            "Use another channel, index or mirror: this one may be damaged.",
        )
    return lock


def _find_provided(conda: Sequence[CondaPackage], question: Question) -> dict[str, str]:
    """Return the distributions of all conda packages. Raise LockError if two versions conflict."""
    owners: dict[str, tuple[str, str]] = {}
    for package in conda:
        for name, version in package.provides:
            owner, other = owners.setdefault(name, (package.name, version))
            if other != version:
                raise LockError(
                    f"{question.environment.where}: in {question}, conda's {owner} brings {name}"
                    f" {other}, and its {package.name} brings {name} {version}.",
                    "Remove one of the two from `conda:`.",
                )
    return {name: version for name, (_, version) in owners.items()}
