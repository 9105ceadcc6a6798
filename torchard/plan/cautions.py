"""What to know of an environment's PyTorch for as long as it is there: warnings, as clauses. Pure.

They are made of today's catalogue, not kept in the lock: what is found out of a release later is
told of every Mac that has it, up to date or not.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from torchard.catalog.alternatives import suggest_safe_change
from torchard.catalog.choose import read_request
from torchard.catalog.variant import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.catalog.mac_class import MacClass
    from torchard.catalog.rows import Catalogue
    from torchard.catalog.variant import Variant
    from torchard.lab.model import Request
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState


def of_lock(lock: Lock, request: Request | None, catalogue: Catalogue) -> Iterator[str]:
    """Yield what to know of a locked environment; `request` is None without PyTorch."""
    yield from _openmp(lock, catalogue)
    if lock.variant is not None:
        yield from _frozen(lock.variant, catalogue)
    version = torch_of(lock, catalogue)
    if version is not None:
        yield from _unsafe(version, request, lock.mac_class, catalogue)


def of_choice(
    variant: Variant, request: Request, mac_class: MacClass, catalogue: Catalogue
) -> Iterator[str]:
    """Yield the same of a variant that is not locked."""
    yield from _frozen(variant, catalogue)
    version = next(iter(variant.packages.values()))
    if version is not None:
        yield from _unsafe(Version(version), request, mac_class, catalogue)


def of_virtual(state: MacState, lock: Lock) -> Iterator[str]:
    """Yield a warning where an environment expects MPS, and the Mac is a virtual machine.

    There MPS calls itself available and fails at its first allocation, as on GitHub's hosted
    runners (github.com/actions/runner-images, issue 9918). Only a real sum decides.
    """
    if state.virtual and lock.variant is not None and lock.variant.mps_expected:
        yield (
            "this Mac is a virtual machine, whose GPU MPS usually cannot use; if the environment"
            " fails for that, write `backend: cpu`"
        )


def torch_of(lock: Lock, catalogue: Catalogue) -> Version | None:
    """Return the version of the torch in a lock, whoever asked for it; None where there is none."""
    names = {one.names.get("torch", "torch") for one in catalogue.sources.values()}
    found = {one.name: one.version for one in lock.wheels}
    found.update((one.name, one.version) for one in lock.conda)
    for name in names & found.keys():
        with suppress(InvalidVersion):
            return Version(found[name])
    return None


def _unsafe(
    version: Version, request: Request | None, mac_class: MacClass, catalogue: Catalogue
) -> Iterator[str]:
    known = catalogue.advisories_on(version)
    if not known:
        return
    ask = read_request(request, mac_class, catalogue) if request is not None else None
    ways = "" if ask is None or isinstance(ask, Refusal) else suggest_safe_change(ask, catalogue)
    what = "a known vulnerability" if len(known) == 1 else "known vulnerabilities"
    avoided = f", or {ways}" if ways else "; no single change to the lab avoids that"
    yield (
        f"torch {version} has {what} ({', '.join(one.id for one in known)}):"
        f" load only weights that you trust{avoided}"
    )


def _frozen(variant: Variant, catalogue: Catalogue) -> Iterator[str]:
    source = catalogue.sources.get(variant.source)  # a lock is a file, and may say anything
    if source is not None and source.frozen:
        yield f"PyTorch comes from the channel {source.channel}, which is frozen: {source.frozen}"


def _openmp(lock: Lock, catalogue: Catalogue) -> Iterator[str]:
    """Say where a torch wheel's OpenMP runtime meets one of conda's."""
    conda = [one.name for one in lock.conda if one.name in catalogue.openmp]
    if conda and lock.variant is not None and lock.variant.as_wheels:
        yield (
            "two OpenMP runtimes meet, the one in torch's wheel and conda's"
            f" {' and '.join(conda)}: a program that loads both may be aborted (OMP: Error #15)."
            " Move numpy and its like from `conda:` to `pip:`, or take PyTorch from"
            " `source: conda-forge`"
        )
