"""Lock one environment for one Mac class: conda's packages first, then the wheels around them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from torchard.lock.compare import find_contradictions, find_unasked
from torchard.lock.conda import solve_conda
from torchard.lock.conda_failure import find_newest
from torchard.lock.fitting import FittingWheels, resolve_fitting_wheels
from torchard.lock.lockfile import Lock, LockError, UnreadChannelError
from torchard.lock.wheels import resolve_wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torchard.depot.depot import Depot
    from torchard.lock.lockfile import CondaPackage, Wheel
    from torchard.lock.question import Question


_NEWEST_PATCH = 99  # of a python that no channel has named


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
    ask = _around(conda, question, depot)
    fitting = resolve_fitting_wheels(question, ask, depot, announce, conda)
    lock = _form_lock(question, conda, fitting)
    _check_answer(lock, question)
    return lock


@dataclass(frozen=True)
class Solution:
    """What a question would be answered with. No wheel was fetched, so its libraries are unknown.

    `python` is the full version in the lock. If no channel could be read, `unread` is why: the lock
    then has wheels only, for the newest release of the `python` that the question names.
    """

    lock: Lock
    python: str
    unread: str = ""


def forecast(
    question: Question, depot: Depot, announce: Callable[[str], None] = _ignore
) -> Solution:
    """Answer a question as `resolve` does, without fetching a wheel. Raise what it raises.

    Wheels alone are solved if no channel can be read, unless PyTorch itself comes from one.
    """
    announce(f"solving the conda packages of {question}")
    try:
        conda = solve_conda(question, depot)
    except UnreadChannelError as error:
        if question.conda_specs != question.usual_specs:
            raise
        minor = question.environment.python
        announce(f"resolving the wheels of {question}")
        alone = resolve_wheels(question, f"{minor}.{_NEWEST_PATCH}", {})
        lock = _form_lock(question, (), FittingWheels(tuple(alone)))
        return Solution(lock, minor, error.message.splitlines()[0].rstrip(":"))
    announce(f"resolving the wheels of {question}")
    wheels = _around(conda, question, depot)(question)
    lock = _form_lock(question, conda, FittingWheels(tuple(wheels)))
    _check_answer(lock, question)
    return Solution(lock, _find_python(conda))


def _around(
    conda: Sequence[CondaPackage], question: Question, depot: Depot
) -> Callable[[Question], Mapping[Wheel, str]]:
    """Return what answers a question with wheels around conda packages, each with its URL."""
    find_conda = partial(find_newest, question, depot.root / "channels")
    return partial(
        resolve_wheels,
        python=_find_python(conda),
        provided=_find_provided(conda, question),
        find_conda=find_conda,
    )


def _find_python(conda: Sequence[CondaPackage]) -> str:
    return next(one.version for one in conda if one.name == "python")


def _form_lock(question: Question, conda: tuple[CondaPackage, ...], fitting: FittingWheels) -> Lock:
    return Lock(
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
        indexes=question.package_indexes,
    )


def _check_answer(lock: Lock, question: Question) -> None:
    """Raise LockError if a lock contradicts itself or its question."""
    for _, what in (*find_contradictions(lock), *find_unasked(lock, question)):
        raise LockError(
            f"{question.environment.where}: {question} cannot be locked: {what}.",
            "Use another channel, index or mirror: this one may be damaged.",
        )


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
