"""The wheel half of a lock: resolved by uv for a Mac class, one file for each release."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from torchard.lock import index
from torchard.lock.bounds import resolve_within_bounds
from torchard.lock.codec import read_wheel
from torchard.lock.lockfile import LockError
from torchard.lock.prereleases import explain_prerelease, find_unasked
from torchard.lock.tags import list_tags
from torchard.lock.unsolved import UnsolvableError, quote
from torchard.lock.wheel_failure import explain_failure, list_without_arch
from torchard.lock.wheel_fit import describe_macs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from packaging.tags import Tag

    from torchard.catalog.variant import Variant
    from torchard.lab.model import Mirrors
    from torchard.lock.bounds import Resolution
    from torchard.lock.index import Offer, WheelQuery
    from torchard.lock.lockfile import Lock, Wheel
    from torchard.lock.question import Question


def _know_nothing(_names: Iterable[str]) -> dict[str, str]:
    """Return no package of a channel."""
    return {}


def resolve_wheels(
    question: Question,
    python: str,
    provided: Mapping[str, str],
    find_conda: Callable[[Iterable[str]], Mapping[str, str]] = _know_nothing,
) -> dict[Wheel, str]:
    """Return the wheels of an environment, sorted by name, each with its URL.

    `python` is the full version of its python. `provided` are the distributions in its conda
    packages: they count as installed, and none of them comes as a wheel. `find_conda` returns the
    newest versions of conda packages, for a message about wheels that are not there. Raise
    LockError.
    """
    if not question.wheel_requirements:
        return {}
    _check_owners(question, provided)
    query = index.WheelQuery(
        question.wheel_requirements,
        question.mac_class,
        python,
        question.wheel_constraints,
        question.mirrors.wheels,
        installed=provided,
        elsewhere={
            **{k: v for k, v in question.package_indexes.items() if k not in provided},
            **_nightly_packages(question.variant, question.nightly),
        },
    )
    resolved = _resolve(query, question, find_conda)
    unasked = find_unasked(resolved.offers, question, query)
    if unasked is not None:
        try:
            resolved = _resolve(replace(query, only_named_prereleases=True), question, find_conda)
        except UnsolvableError as error:
            raise explain_prerelease(unasked, question, error) from error
    releases: dict[str, list[Offer]] = {}
    for offer in resolved.offers:
        releases.setdefault(str(canonicalize_name(offer.name)), []).append(offer)
    ranks = {tag: rank for rank, tag in enumerate(list_tags(question.mac_class, python))}
    found = {}
    for name in sorted(releases):
        wheel, url = _choose_wheel(releases[name], ranks, question)
        note = _describe_yanked(releases[name][0]) or resolved.notes.get(name, "")
        place = question.package_indexes.get(name, "")
        found[replace(wheel, note=note, index=place)] = url
    return found


def _resolve(
    query: WheelQuery,
    question: Question,
    find_conda: Callable[[Iterable[str]], Mapping[str, str]],
) -> Resolution:
    """Return uv's answer to a query. Raise LockError with the cause if there is none."""
    try:
        return resolve_within_bounds(query, question, query.python)
    except index.WheelIndexError as error:
        if error.bounds:
            names = tuple(dict.fromkeys(one.package for one in error.bounds))
            no_wheel = list_without_arch(names, question, query)
            raise _explain_bounds(error, question, no_wheel) from error
        raise explain_failure(error.message, question, query, find_conda) from error


def _nightly_packages(variant: Variant | None, nightly: str) -> dict[str, str]:
    """Return the packages that come from the index of nightly builds, each with that index."""
    return dict.fromkeys(variant.packages, nightly) if variant and variant.is_nightly else {}


def _check_owners(question: Question, provided: Mapping[str, str]) -> None:
    """Raise LockError if a package that conda brings is also wanted as a wheel."""
    for place, text in enumerate(question.environment.pip):
        asked = Requirement(text)
        name = str(canonicalize_name(asked.name))
        if asked.extras and name in provided:
            raise LockError(
                f"{question.locate_item('pip', place)}: in {question}, {name} comes from conda,"
                f" which has no extras such as {text}.",
                "Add the packages of the extra to `pip:`, or remove what brings"
                f" {name} from `conda:`.",
            )
    for name, version in question.torch_wheels.items():
        if name in provided and not _is_same_version(provided[name], version):
            raise LockError(
                f"{question.environment.where}: in {question}, {name} {provided[name]} comes from"
                f" conda, and {version or 'a nightly build'} is wanted as a wheel.",
                f"A package has one owner: remove what brings {name} from `conda:`.",
            )


def _is_same_version(one: str, other: str | None) -> bool:
    try:
        return Version(one) == Version(str(other))
    except InvalidVersion:
        return one == other


def _choose_wheel(
    offers: Sequence[Offer], ranks: Mapping[Tag, int], question: Question
) -> tuple[Wheel, str]:
    """Choose among the wheels of one release as pip does: the best tag, then the last build.

    Return the wheel and its URL.
    """
    fitting = []
    for offer in offers:
        try:
            _, _, build, tags = parse_wheel_filename(offer.file)
        except InvalidWheelFilename:
            continue
        rank = min((ranks[tag] for tag in tags if tag in ranks), default=None)
        if rank is not None:
            fitting.append((-rank, build, offer))
    if not fitting:
        one = offers[0]
        raise LockError(
            f"{question.locate('pip', one.name)}: no wheel of {one.name} {one.version} fits"
            f" {question.mac_class} ({question.environment.name}).",
            "Torchard builds nothing on a Mac: ask for another version, or take it from conda.",
        )
    chosen = max(fitting, key=lambda one: one[:2])[2]
    if chosen.sha256 is None:
        raise LockError(
            f"The wheel index has no sha256 of {chosen.file}.",
            "Set `mirrors.wheels` to an index that has it (PEP 503), or remove that key.",
        )
    try:
        wheel = read_wheel(
            {
                "name": str(canonicalize_name(chosen.name)),
                "version": chosen.version,
                "file": chosen.file,
                "sha256": chosen.sha256,
                "size": _find_size(chosen),
            }
        )
    except ValueError as error:
        raise LockError(
            f"The wheel index describes {chosen.name!a} {chosen.version!a} in a way that no lock"
            f" can hold: {error}.",
            "Set `mirrors.wheels` to another index: this one may be damaged.",
        ) from error
    return wheel, chosen.url


def _find_size(offer: Offer) -> int:
    """Return a wheel's size in bytes; its server has it if the index has not (PEP 503)."""
    if offer.size is not None:
        return offer.size
    # Most indexes have the sizes, and then nothing here needs the HTTP client.
    from torchard.depot.download import BrokenOffError, DownloadError, fetch_length  # noqa: PLC0415

    try:
        return fetch_length(offer.url)
    except (DownloadError, BrokenOffError) as error:
        said = error.message if isinstance(error, DownloadError) else f"{error}."
        raise LockError(
            f"Neither the wheel index nor its server has the size of {offer.file}: {said}",
            "Run the command again, or set `mirrors.wheels` to an index with sizes (PEP 691).",
        ) from error


def _describe_yanked(offer: Offer) -> str:
    """Return a warning of a release that its maker has withdrawn; empty for others."""
    return f"is yanked from the index: {offer.yanked}" if offer.yanked else ""


def _explain_bounds(
    error: index.WheelIndexError, question: Question, no_wheel: Collection[str]
) -> LockError:
    """Return an error that names the bounds which Torchard itself added to the lab's.

    `no_wheel` are packages without any wheel for the Mac's arch: no other PyTorch helps there.
    """
    lines = "".join(
        f"\n    No {one.package} fits: {one.reason}."
        if one.requirement == f"{one.package}<0"
        else f"\n    Torchard asks for {one.requirement}: {one.reason}."
        for one in error.bounds
    )
    names = " and ".join(dict.fromkeys(one.package for one in error.bounds))
    without = f"Do without {names} and what needs it."
    if no_wheel:
        macs = describe_macs([question.mac_class.arch])
        lines += f"\n    {' and '.join(no_wheel)} has no wheel for {macs} beside any PyTorch."
    return UnsolvableError(
        question.locate("pip", error.message),
        question.environment.name,
        (question.mac_class,),
        f"no set of wheels satisfies it:\n    {quote(error.message).strip()}{lines}",
        without
        if no_wheel or all(one.is_general for one in error.bounds)
        else f"Choose another `release:` of PyTorch, or do without {names} and what needs it.",
    )


def find_addresses(lock: Lock, mirrors: Mirrors, nightly: str) -> dict[tuple[str, str], str]:
    """Return the present URL of each wheel of a lock, by file and sha256; without those that left.

    Raise LockError if the index gives no answer.
    """
    pins = [f"{one.name}=={one.version}" for one in lock.wheels]
    try:
        offers = index.resolve(
            index.WheelQuery(
                pins,
                lock.mac_class,
                lock.python,
                index=mirrors.wheels,
                elsewhere={
                    **{one.name: one.index for one in lock.wheels if one.index},
                    **_nightly_packages(lock.variant, nightly),
                },
                only_these=True,
            )
        )
    except index.WheelIndexError as error:
        raise LockError(
            f"The wheel index cannot say where the wheels of {lock.environment} are:"
            f" {error.message}",
            "Check the network and `mirrors.wheels`, or lock again: `torchard lock --upgrade`.",
        ) from error
    return {(one.file, one.sha256): one.url for one in offers if one.sha256 is not None}
