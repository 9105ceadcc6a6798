"""What a lock with some packages beside PyTorch would have, without locking anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from torchard.catalog.mac_class import widen_class
from torchard.catalog.variant import Refusal
from torchard.depot.depot import DepotError
from torchard.depot.download import DownloadError
from torchard.errors import TorchardError
from torchard.lab.model import Environment, MacHost, Position
from torchard.lock.lockfile import LockError
from torchard.lock.resolve import forecast
from torchard.lock.unsolved import UnsolvableError
from torchard.plan.forecast import Forecast
from torchard.plan.warnings import find_package_notes
from torchard.workspace.locks import form_question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torchard.catalog.mac_class import MacClass
    from torchard.catalog.rows import Catalogue
    from torchard.catalog.variant import Variant
    from torchard.depot.depot import Depot
    from torchard.lab.model import Lab, Request
    from torchard.lock.question import Question
    from torchard.lock.resolve import Solution

_WHERE = Position("--for", 1, 1)  # of what messages about a lab file name by its line


def form_packages_question(  # noqa: PLR0917  # both callers have them all
    packages: Sequence[str],
    request: Request,
    variant: Variant,
    exact: MacClass,
    catalogue: Catalogue,
    sources: MacHost,
) -> Question:
    """Return the question of an environment with packages in `pip:`.

    `variant` is the PyTorch of a Mac whose own macOS `exact` begins at. Channels, mirrors and
    further indexes are those of the Mac `sources`.
    """
    environment = Environment("torch", request.python, request, pip=tuple(packages), where=_WHERE)
    group = widen_class(exact, catalogue)
    return form_question(environment, group, variant, sources, catalogue)


def find_sources(lab: Lab, name: str | None) -> MacHost:
    """Return a Mac of a lab for its channels, mirrors and indexes: a named one, or any.

    Raise TorchardError if the lab has no such Mac, or if these differ among its Macs.
    """
    if name is not None and name not in lab.macs:
        raise TorchardError(
            f"{lab.path} has no Mac {name}.", f"Its Macs are {', '.join(lab.macs) or 'none'}."
        )
    macs = [lab.macs[name]] if name is not None else [*lab.macs.values()]
    if not macs:
        raise TorchardError(f"{lab.path} has no Macs, so it has no mirrors and indexes.")
    first = macs[0]
    for one in macs:
        if (one.channels, one.mirrors, one.indexes) != (
            first.channels,
            first.mirrors,
            first.indexes,
        ):
            raise TorchardError(
                f"{first.name} and {one.name} of {lab.path} take packages from different places.",
                f"Name one of them: `--mac {first.name}` or `--mac {one.name}`.",
            )
    return first


def make_forecast(
    question: Question, catalogue: Catalogue, depot: Depot, announce: Callable[[str], None]
) -> Forecast | Refusal:
    """Return what `torchard lock` would choose, or why there is nothing to choose.

    Nothing is written but what the depot keeps of channels and conda packages.
    """
    try:
        found = forecast(question, depot, announce)
    except UnsolvableError as error:
        return Refusal(_end(error.cause), error.instead)
    except (LockError, DepotError, DownloadError) as error:
        return Refusal(_end(error.message.removeprefix(f"{_WHERE}: ")), error.instead)
    return _describe(found, question.environment.pip, catalogue)


def _end(text: str) -> str:
    """Return a sentence with its full stop, which none has that ends with a solver's words."""
    return text if "\n" in text or text.endswith(".") else f"{text}."


def _describe(found: Solution, packages: Sequence[str], catalogue: Catalogue) -> Forecast:
    lock = found.lock
    versions = {name: version for one in lock.conda for name, version in one.provides}
    versions.update((one.name, one.version) for one in lock.wheels)
    named = [str(canonicalize_name(Requirement(one).name)) for one in packages]
    return Forecast(
        packages={name: versions[name] for name in named if name in versions},
        python=found.python,
        conda=len(lock.conda),
        wheels=len(lock.wheels),
        bytes=lock.size,
        unread=found.unread,
        notes=tuple(find_package_notes(lock, catalogue)),
    )
