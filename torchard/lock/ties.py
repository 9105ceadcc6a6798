"""Take some packages from further wheel indexes alone, also where only other packages need them.

uv ties a package to an index only if it is among the requirements. So each package that is not
there gets a stand-in, which no index has to offer. If the answer needs a stand-in, the package
becomes a requirement, and uv is asked again. The usual index is never asked for such a package.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from torchard.lock import index
from torchard.lock.question import has_name
from torchard.lock.tags import list_markers

if TYPE_CHECKING:
    from torchard.lock.index import Offer, WheelQuery

_NONE = "0"  # the version of a stand-in where the index has no wheel that fits
# What uv says of an index that has no such package, on the web and on this computer.
_NOTHING_THERE = ("No solution found", "(404 ", "No such file or directory (os error 2)")


def resolve_tied(query: WheelQuery) -> tuple[Offer, ...]:
    """Return every wheel of each release that satisfies a query. Raise WheelIndexError.

    Each package in `elsewhere` comes from its index, whatever needs it.
    """
    asked = _list_asked(query)
    loose = [one for one in query.elsewhere if one not in asked and one not in query.installed]
    _check_known(query, asked)
    newest = {name: _find_newest(name, query) for name in loose}
    needed: list[str] = []
    while True:
        stand_ins = {name: one for name, one in newest.items() if name not in needed}
        requirements = [*query.requirements, *needed]
        installed = {**query.installed, **stand_ins}
        try:
            answer = index.ask(replace(query, requirements=requirements, installed=installed))
        except index.WheelIndexError as error:
            # Perhaps another version than that of the stand-in fits.
            more = [name for name in stand_ins if has_name(error.message, name)]
            if not more:
                raise
        else:
            more = [name for name in stand_ins if name in answer.installed]
            if not more:
                return answer.offers
        _check_known(query, more)
        needed += more


def _list_asked(query: WheelQuery) -> frozenset[str]:
    """Return the packages that the requirements ask for on the Macs of the class."""
    environment = {**list_markers(query.mac_class, query.python), "extra": ""}
    found = set()
    for one in map(Requirement, query.requirements):
        try:
            if one.marker is None or one.marker.evaluate(environment):
                found.add(str(canonicalize_name(one.name)))
        except (InvalidMarker, UndefinedEnvironmentName):
            continue
    return frozenset(found)


def _check_known(query: WheelQuery, names: list[str] | frozenset[str]) -> None:
    """Raise WheelIndexError if a package comes from an index whose URL is not known."""
    for name in sorted(names):
        if query.elsewhere.get(name) == "":
            raise index.WheelIndexError(
                f"the URL of the index of {name} has {{torch}} in it, and the environment has no"
                " exact version of torch"
            )


def _find_newest(name: str, query: WheelQuery) -> str:
    """Return the newest version that the index of a package has for these Macs.

    Raise WheelIndexError if that index gives no answer.
    """
    if not query.elsewhere[name]:
        return _NONE
    alone = replace(query, requirements=[name], only_these=True, installed={})
    try:
        offers = index.resolve(alone)
    except index.WheelIndexError as error:
        # Another failure must not lead to another lock.
        if any(one in error.message for one in _NOTHING_THERE):
            return _NONE
        raise
    return next((one.version for one in offers if canonicalize_name(one.name) == name), _NONE)
