"""Choose wheels whose libraries load: on the Macs of a class, and beside the locked torch.

No metadata says either. A library that was built against another torch fails when it is imported,
and the tag of a wheel can name an older macOS than its libraries need. So each wheel that may have
libraries is fetched and read, and where one does not fit, an older release is tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.binaries.summary import Summary, find_missing, shorten_name
from torchard.catalog.catalog import PACKAGES
from torchard.lock.compare import CONDA_TORCH
from torchard.lock.libraries import read_conda_libraries, read_libraries
from torchard.lock.lockfile import LibraryCheck
from torchard.lock.unsolved import UnsolvableError
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from torchard.catalog.mac_class import MacClass
    from torchard.depot.depot import Depot
    from torchard.lock.lockfile import CondaPackage, Wheel
    from torchard.lock.question import Question

_ROUNDS = 16  # of uv, in each of which at least one release was left out
_LONGEST = 300  # characters of a clause
_LONGEST_NAME = 120  # characters of a symbol


@dataclass(frozen=True)
class Misfit:
    """A release whose libraries do not load. `reason` is a clause without its subject."""

    name: str
    version: str
    reason: str

    @property
    def requirement(self) -> str:
        """The requirement that leaves this release and newer ones out."""
        return f"{self.name}<{Version(self.version).public}"


@dataclass(frozen=True)
class FittingWheels:
    """The wheels of an environment, sorted by name, and what was found in their libraries."""

    wheels: tuple[Wheel, ...]
    libraries: tuple[LibraryCheck, ...] = ()


def resolve_fitting_wheels(
    question: Question,
    ask: Callable[[Question], Mapping[Wheel, str]],
    depot: Depot,
    announce: Callable[[str], None],
    conda: Sequence[CondaPackage] = (),
) -> FittingWheels:
    """Return the wheels of an environment, of which each library loads as far as is known.

    `ask` answers a question with wheels and the URL of each. `conda` are the environment's conda
    packages: if PyTorch is among them, wheels are compared with its libraries. Raise LockError if
    no such wheels are found, and DepotError or DownloadError if an archive cannot be fetched.
    """
    misfits: list[Misfit] = []
    for _ in range(_ROUNDS):
        try:
            wheels = ask(replace(question, misfits=tuple(one.requirement for one in misfits)))
        except UnsolvableError as error:
            if not misfits:
                raise
            raise _explain(misfits, question, "no older release fits") from error
        summaries = read_libraries(wheels, question.mac_class.arch, depot, announce)
        torch = _find_torch(wheels, summaries)
        if torch is None and any(one.imports for one in summaries.values()):
            torch = _read_conda_torch(conda, question, depot, announce)
        found = find_misfits(tuple(wheels), summaries, question.mac_class, torch)
        if not found:
            checks = check_libraries(tuple(wheels), summaries, question.mac_class, torch, misfits)
            return FittingWheels(tuple(wheels), checks)
        announce(f"{found[0].name} {found[0].version} {found[0].reason}: trying an older one")
        misfits += found
    raise _explain(misfits, question, f"Torchard tried no more than {_ROUNDS} times")


@dataclass(frozen=True)
class Torch:
    """The libraries of a PyTorch: its version, and the sha256 of its wheel or conda package."""

    version: str
    sha256: str
    summary: Summary


def find_misfits(
    wheels: Sequence[Wheel],
    summaries: Mapping[str, Summary],
    mac_class: MacClass,
    torch: Torch | None,
) -> list[Misfit]:
    """Return the wheels whose libraries do not load, beside a PyTorch that can be read."""
    found = []
    for wheel in wheels:
        summary = summaries.get(wheel.sha256)
        reason = summary and (
            _find_newer_macos(wheel, summary, mac_class) or _compare(summary, torch)
        )
        if reason:
            found.append(Misfit(wheel.name, wheel.version, reason))
    return found


def check_libraries(
    wheels: Sequence[Wheel],
    summaries: Mapping[str, Summary],
    mac_class: MacClass,
    torch: Torch | None,
    misfits: Iterable[Misfit] = (),
) -> tuple[LibraryCheck, ...]:
    """Return what a lock keeps of libraries that fit. `misfits` are the releases left out."""
    newest = {one.name: one for one in reversed(tuple(misfits))}
    found = []
    for wheel in wheels:
        summary = summaries.get(wheel.sha256)
        newer = newest.get(wheel.name)
        notes = [f"is not the newest: {newer.version} {newer.reason}"] if newer else []
        if summary is None:
            if notes:
                found.append(LibraryCheck(wheel.name, wheel.sha256, note=notes[0]))
            continue
        notes += _find_unknown(wheel, summary, torch, mac_class)
        compared = torch is not None and bool(summary.imports)
        found.append(
            LibraryCheck(
                name=wheel.name,
                sha256=wheel.sha256,
                macos=summary.macos or None,
                torch=torch.sha256 if torch and compared else None,
                symbols=sum(map(len, summary.imports.values())),
                note=sanitize("; ".join(notes)),
            )
        )
    return tuple(found)


def _find_torch(wheels: Iterable[Wheel], summaries: Mapping[str, Summary]) -> Torch | None:
    """Return the torch among wheels; None if it is not there, or cannot be read."""
    for one in wheels:
        summary = summaries.get(one.sha256) if one.name == "torch" else None
        if summary is not None and summary.exports:
            return Torch(one.version, one.sha256, summary)
    return None


def _read_conda_torch(
    conda: Sequence[CondaPackage],
    question: Question,
    depot: Depot,
    announce: Callable[[str], None],
) -> Torch | None:
    """Return the torch among conda packages; None if it is not there, or cannot be read.

    conda-forge has the libraries for C++ in libtorch, and those for Python in pytorch.
    """
    packages = [one for one in conda if one.name in CONDA_TORCH]
    if not packages:
        return None
    arch, mirrors = question.mac_class.arch, question.mirrors
    summaries = read_conda_libraries(packages, mirrors, arch, depot, announce)
    exports = {
        library: names
        for one in packages
        for library, names in summaries[one.sha256].exports.items()
    }
    first = packages[0]
    return Torch(first.version, first.sha256, Summary(exports=exports)) if exports else None


def _find_newer_macos(wheel: Wheel, summary: Summary, mac_class: MacClass) -> str:
    """Return why libraries do not load on the oldest macOS of a class; empty if they do.

    Of PyTorch's own packages the catalogue knows it: which libraries load only on demand.
    """
    if wheel.name in PACKAGES or not summary.macos:
        return ""
    if Version(summary.macos) <= Version(mac_class.macos):
        return ""
    return sanitize(f"needs macOS {summary.macos} ({summary.cause})")


def _compare(summary: Summary, torch: Torch | None) -> str:
    """Return what libraries need that this torch does not have; empty if it has all."""
    missing = find_missing(summary, torch.summary) if torch else []
    if torch is None or not missing:
        return ""
    number = "a symbol" if len(missing) == 1 else f"{len(missing)} symbols"
    example = shorten_name(missing[0].name)[:_LONGEST_NAME]
    return sanitize(f"needs {number} that torch {torch.version} does not have, such as {example}")


def _find_unknown(
    wheel: Wheel, summary: Summary, torch: Torch | None, mac_class: MacClass
) -> list[str]:
    """Return a clause on each thing that is not known of a wheel's libraries.

    A linker makes imports that its oldest macOS lacks weak. So an unknown symbol only matters if
    the libraries were built for a newer macOS than that of the class.
    """
    if summary.error:
        return [f"may not load: its libraries cannot be read ({summary.error[:_LONGEST]})"]
    notes = []
    is_built_for_class = summary.built_for and (
        Version(summary.built_for) <= Version(mac_class.macos)
    )
    if summary.unknown and not is_built_for_class and wheel.name not in PACKAGES:
        others = f" and {summary.unknown - 1} more" if summary.unknown > 1 else ""
        built = (
            f"were built for macOS {summary.built_for}" if summary.built_for else "name no macOS"
        )
        notes.append(
            f"may need a newer macOS: its libraries {built}, and Torchard does not know which macOS"
            f" has {summary.example}{others}"
        )
    if summary.imports and torch is None:
        notes.append(
            "may not load: its imports from PyTorch were not compared, because no library of this"
            " PyTorch could be read"
        )
    return notes


def _explain(misfits: Sequence[Misfit], question: Question, why: str) -> UnsolvableError:
    """Return the error of packages of which no release fits, each by its newest."""
    newest = {one.name: one for one in reversed(misfits)}
    texts = "; ".join(f"{one.name} {one.version} {one.reason}" for one in newest.values())
    names = " and ".join(newest)
    return UnsolvableError(
        question.locate("pip", names),
        question.environment.name,
        (question.mac_class,),
        f"{texts}, and {why}",
        f"Ask for another version of {names} or of PyTorch, or remove what needs {names}.",
    )
