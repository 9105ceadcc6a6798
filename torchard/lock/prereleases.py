"""A pre-release is locked only where somebody asked for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from torchard.lock.tags import list_markers
from torchard.lock.unsolved import UnsolvableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torchard.lock.index import Offer, WheelQuery
    from torchard.lock.question import Question


@dataclass(frozen=True)
class Prerelease:
    """A pre-release that nobody asked for. `owners` are the chosen packages that need it."""

    name: str
    version: str
    owners: tuple[str, ...]


def find_unasked(
    offers: Sequence[Offer], question: Question, query: WheelQuery
) -> Prerelease | None:
    """Return a pre-release that uv took only because no release fits; None if there is none.

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
        return None
    own = [Requirement(one) for one in query.requirements]
    markers = {**list_markers(question.mac_class, query.python), "extra": ""}
    for name in odd:
        needs = list(_find_needs(name, chosen, markers))
        if name not in _list_asked((*own, *(one for _, one in needs))):
            is_own = any(canonicalize_name(one.name) == name for one in own)
            owners = () if is_own else tuple(dict.fromkeys(owner for owner, _ in needs))
            return Prerelease(name, chosen[name].version, owners)
    return None


def explain_prerelease(
    found: Prerelease, question: Question, error: UnsolvableError
) -> UnsolvableError:
    """Return the error of an environment that only a pre-release would fit.

    `error` is that of the same environment without pre-releases. If it only quotes the solver, it
    says nothing more.
    """
    name, version = found.name, found.version
    item = f"write `{name}>={version}` in `pip:`."
    if "\n" in error.cause:
        need = "need" if len(found.owners) > 1 else "needs"
        who = f", and {' and '.join(found.owners)} {need} it" if found.owners else ""
        where, instead = question.locate("pip", name), f"To take one, {item}"
        cause = f"no release of {name} fits, only pre-releases such as {version}{who}"
    else:
        where, instead = error.where, f"{error.instead} Or take the pre-release: {item}"
        cause = f"{error.cause}. Only the pre-release {name} {version} fits"
    return UnsolvableError(where, question.environment.name, error.classes, cause, instead)


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


def _find_needs(
    wanted: str, chosen: Mapping[str, Offer], markers: Mapping[str, str]
) -> Iterator[tuple[str, Requirement]]:
    """Yield the chosen packages that need one of them, each with its requirement."""
    for name, offer in chosen.items():
        # It loads an HTTP client, which most commands do not need.
        from torchard.lock.wheel_metadata import read_metadata  # noqa: PLC0415

        for one in read_metadata(offer.url).requirements:
            counts = one.marker is None or one.marker.evaluate(dict(markers))
            if counts and canonicalize_name(one.name) == wanted:
                yield name, one
