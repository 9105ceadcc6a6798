"""A pre-release is locked only where somebody asked for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from torchard.lock.lockfile import LockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torchard.lock.index import Offer, WheelQuery
    from torchard.lock.question import Question


def check_prereleases(offers: Sequence[Offer], question: Question, query: WheelQuery) -> None:
    """Raise LockError if uv took a pre-release only because no release fits.

    The lab asks for one by a specifier that names one, such as `>=1.0rc1`, and so may another
    locked package. Nightly builds of PyTorch have an index of their own.
    """
    chosen = {str(canonicalize_name(one.name)): one for one in offers}
    pinned = {one.name for one in question.pins.wheels} if question.pins else set()
    odd = [name for name, one in chosen.items() if _is_prerelease(one.version)]
    variant = question.variant
    nightly = variant.packages if variant and variant.is_nightly else {}
    odd = [name for name in odd if name not in nightly and name not in pinned]
    if not odd:
        return
    asked = _list_asked(map(Requirement, query.requirements))
    for name in odd:
        needs = [] if name in asked else list(_find_needs(name, chosen))
        if name in asked or name in _list_asked(one for _, one in needs):
            continue
        who = " and ".join(dict.fromkeys(one for one, _ in needs))
        version = chosen[name].version
        raise LockError(
            f"{question.locate('pip', name)}: no release of {name} fits {question}, only"
            f" pre-releases such as {version}{f', and {who} needs it' if who else ''}.",
            f"To take one, write `{name}>={version}` in `pip:`.",
        )


def _is_prerelease(version: str) -> bool:
    try:
        return Version(version).is_prerelease
    except InvalidVersion:
        return False


def _list_asked(requirements: Iterable[Requirement]) -> set[str]:
    """Return the packages of which a requirement names a pre-release."""
    return {
        str(canonicalize_name(one.name))
        for one in requirements
        if any(_is_prerelease(row.version.removesuffix(".*")) for row in one.specifier)
    }


def _find_needs(wanted: str, chosen: dict[str, Offer]) -> Iterator[tuple[str, Requirement]]:
    """Yield the chosen packages that need one of them, each with its requirement."""
    for name, offer in chosen.items():
        # It loads an HTTP client, which most commands do not need.
        from torchard.lock.wheel_metadata import read_metadata  # noqa: PLC0415

        for one in read_metadata(offer.url).requirements:
            if canonicalize_name(one.name) == wanted:
                yield name, one
