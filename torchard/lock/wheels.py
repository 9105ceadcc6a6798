"""The wheels of a lock: resolved by uv for a Mac class, one file chosen for each release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.tags import compatible_tags, cpython_tags, mac_platforms
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from torchard.depot.download import BrokenOffError, DownloadError, length
from torchard.lock import index
from torchard.lock.lockfile import LockError, wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.tags import Tag

    from torchard.catalog.variant import MacClass, Variant
    from torchard.lab.model import Environment, Mirrors, Position
    from torchard.lock.index import Offer
    from torchard.lock.lockfile import Lock, Wheel


def resolve_wheels(
    environment: Environment,
    mac_class: MacClass,
    variant: Variant | None,
    *,
    python: str,
    provided: Mapping[str, str],
    mirrors: Mirrors,
    nightly: str,
) -> tuple[Wheel, ...]:
    """Return the wheels of an environment, by name.

    `python` is the full version of its python; `provided` are the distributions that conda's
    packages hold: they count as installed, and none of them comes as a wheel. `nightly` is the
    index that a nightly variant comes from. Raise LockError.
    """
    trio = variant.packages if variant and variant.as_wheels else {}
    wanted = [f"{name}=={version}" if version else name for name, version in trio.items()]
    requirements = [*wanted, *environment.pip]
    if not requirements:
        return ()
    constraints = variant.constraints if variant else ()
    _one_owner(environment, mac_class, trio, provided)
    try:
        offers = index.resolve(
            requirements,
            constraints,
            mac_class,
            python,
            mirrors.wheels,
            installed=provided,
            elsewhere=_elsewhere(variant, nightly),
        )
    except index.IndexError as error:
        raise _unresolved(error.message, environment, mac_class, provided) from error
    releases: dict[str, list[Offer]] = {}
    for offer in offers:
        releases.setdefault(str(canonicalize_name(offer.name)), []).append(offer)
    ranks = {tag: rank for rank, tag in enumerate(_tags(mac_class, python))}
    return tuple(
        _choose(releases[name], ranks, environment, mac_class) for name in sorted(releases)
    )


def _elsewhere(variant: Variant | None, nightly: str) -> dict[str, str]:
    """Return the packages that come from an index of their own, each with that index."""
    return dict.fromkeys(variant.packages, nightly) if variant and variant.nightly else {}


def _one_owner(
    environment: Environment,
    mac_class: MacClass,
    trio: Mapping[str, str | None],
    provided: Mapping[str, str],
) -> None:
    for place, text in enumerate(environment.pip):
        asked = Requirement(text)
        name = str(canonicalize_name(asked.name))
        if asked.extras and name in provided:
            where = environment.item_positions.get(f"pip/{place}", environment.where)
            raise LockError(
                f"{where}: in {environment.name} for {mac_class}, {name} comes from conda, which"
                f" knows no extras such as {text}.",
                "Ask `pip:` for what the extra brings, or take what brings it out of `conda:`.",
            )
    for name, version in trio.items():
        if name in provided and not _same(provided[name], version):
            raise LockError(
                f"{environment.where}: in {environment.name} for {mac_class}, {name}"
                f" {provided[name]} comes from conda, and {version or 'a nightly build'} is wanted"
                " as a wheel.",
                "A package has one owner: take what brings it out of `conda:`.",
            )


def _same(one: str, other: str | None) -> bool:
    try:
        return Version(one) == Version(str(other))
    except InvalidVersion:
        return one == other


def _tags(mac_class: MacClass, python: str) -> Iterable[Tag]:
    """Return the wheel tags that a Mac class takes, the best first."""
    major, minor, *_ = (int(re.match(r"\d+", part)[0]) for part in python.split("."))  # type: ignore[index]
    macos_major, macos_minor = (int(part) for part in mac_class.macos.split("."))
    platforms = list(mac_platforms((macos_major, macos_minor), mac_class.arch))
    yield from cpython_tags((major, minor), platforms=platforms)
    yield from compatible_tags((major, minor), f"cp{major}{minor}", platforms)


def _choose(
    offers: Sequence[Offer],
    ranks: Mapping[Tag, int],
    environment: Environment,
    mac_class: MacClass,
) -> Wheel:
    """Choose among the wheels of one release as pip would: the best tag, then the last build."""
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
            f"{_asked(environment, one.name)}: no wheel of {one.name} {one.version} fits"
            f" {mac_class} ({environment.name}).",
            "Torchard builds nothing on a Mac: ask for another version, or take it from conda.",
        )
    chosen = max(fitting, key=lambda one: one[:2])[2]
    if chosen.sha256 is None:
        raise LockError(
            f"The wheel index tells no sha256 of {chosen.file}.",
            "Let `mirrors` name an index that does (PEP 503), or leave it out.",
        )
    try:
        return wheel(
            {
                "name": str(canonicalize_name(chosen.name)),
                "version": chosen.version,
                "file": chosen.file,
                "sha256": chosen.sha256,
                "size": _size(chosen),
            }
        )
    except ValueError as error:
        raise LockError(
            f"The wheel index describes {chosen.name} {chosen.version} strangely: {error}.",
            "Let `mirrors.wheels` name another index, or mistrust this one.",
        ) from error


def _size(offer: Offer) -> int:
    """Return a wheel's size; an index of the old form (PEP 503) tells none, but its server does."""
    if offer.size is not None:
        return offer.size
    try:
        return length(offer.url)
    except (DownloadError, BrokenOffError) as error:
        said = error.message if isinstance(error, DownloadError) else f"{error}."
        raise LockError(
            f"The wheel index tells no size of {offer.file}, and nor does its server: {said}",
            "Try again, or let `mirrors` name an index that tells it (PEP 691).",
        ) from error


def _unresolved(
    text: str, environment: Environment, mac_class: MacClass, provided: Mapping[str, str]
) -> LockError:
    lines = "".join(f"\n    {line}" for line in text.splitlines())
    if "Failed to fetch" in text:
        return LockError(
            f"The wheel index of {environment.name} for {mac_class} could not be read:{lines}",
            "Check the network, the index that uv or pip is configured with, and `mirrors.wheels`.",
        )
    owned = [name for name in provided if re.search(_word(name), text)]
    instead = "Loosen a version in `pip:`, or choose another `release:` or `python:`."
    if owned:
        instead = (
            f"{', '.join(owned)} {'comes' if len(owned) == 1 else 'come'} from conda, and stays as"
            " it is there: loosen what `pip:` asks of it, or what `conda:` does."
        )
    return LockError(
        f"{_asked(environment, text)}: no set of wheels satisfies {environment.name} for"
        f" {mac_class}:{lines}",
        instead,
    )


def _word(name: str) -> str:
    return rf"(?<![\w.-]){re.escape(name)}(?![\w-])"


def _asked(environment: Environment, text: str) -> Position:
    """Return where the lab asks for a package that a text names; else the environment."""
    for place, requirement in enumerate(environment.pip):
        name = canonicalize_name(Requirement(requirement).name)
        if re.search(_word(name), text.lower()):
            return environment.item_positions.get(f"pip/{place}", environment.where)
    return environment.where


def addresses(lock: Lock, mirrors: Mirrors, nightly: str) -> dict[str, str]:
    """Return where each wheel of a lock is now, by sha256; one that is gone is not there.

    Raise LockError where the index gives no answer.
    """
    pins = [f"{one.name}=={one.version}" for one in lock.wheels]
    try:
        offers = index.resolve(
            pins,
            (),
            lock.mac_class,
            lock.python,
            mirrors.wheels,
            elsewhere=_elsewhere(lock.variant, nightly),
            only_these=True,
        )
    except index.IndexError as error:
        raise LockError(
            f"The wheel index cannot say where the wheels of {lock.environment} are:"
            f" {error.message}",
            "Check the network and `mirrors.wheels`, or lock again: `torchard lock --upgrade`.",
        ) from error
    return {one.sha256: one.url for one in offers if one.sha256 is not None}
