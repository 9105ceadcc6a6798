"""Compare the catalogue's advisories with what OSV has about torch.

OSV's schema is <https://ossf.github.io/osv-schema/>, and its API <https://google.github.io/osv.dev/>.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from torchard.curate.fetch import post
from torchard.errors import TorchardError
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from torchard.catalog.rows import Catalogue

QUERY = "https://api.osv.dev/v1/query"
_MOST_PAGES = 20  # of one answer; the advisories on torch take one
_LONGEST = 200  # characters of a summary


class Event(msgspec.Struct):
    """The first release with a fault, the first without it, or the last with it."""

    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""


class Range(msgspec.Struct):
    """Releases of a package between events, if `type` is ECOSYSTEM."""

    type: str = ""
    events: list[Event] = []


class Package(msgspec.Struct):
    """A package by its name in an ecosystem."""

    ecosystem: str = ""
    name: str = ""


class Affected(msgspec.Struct):
    """The releases of one package that have a vulnerability: in a range, or in a list."""

    package: Package = msgspec.field(default_factory=Package)
    ranges: list[Range] = []
    versions: list[str] = []


class Vulnerability(msgspec.Struct):
    """One record. `withdrawn` is a time, and empty while the record is upheld."""

    id: str
    aliases: list[str] = []
    summary: str = ""
    details: str = ""
    withdrawn: str = ""
    affected: list[Affected] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Its id and its aliases, CVE numbers first."""
        found = dict.fromkeys((self.id, *self.aliases))
        return tuple(sorted(found, key=lambda one: not one.startswith("CVE-")))

    def find_torch(self) -> list[Affected]:
        """Return what it says of torch."""
        return [
            one
            for one in self.affected
            if one.package.ecosystem == "PyPI" and canonicalize_name(one.package.name) == "torch"
        ]


class _Page(msgspec.Struct):
    vulns: list[Vulnerability] = []
    next_page_token: str = ""


def read_vulnerabilities(content: bytes) -> list[Vulnerability]:
    """Return the records in a file: an answer of the API, a list of records, or one record.

    Raise ValueError if it is none of these.
    """
    try:
        found = msgspec.json.decode(content)
        if isinstance(found, dict):
            found = found.get("vulns", [found])
        return msgspec.convert(found, list[Vulnerability])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"it has no records of OSV: {error}") from error


def fetch_vulnerabilities(ask: Callable[[str, bytes], bytes] = post) -> Iterator[Vulnerability]:
    """Yield OSV's records about torch, page by page. Raise TorchardError for a page that fails."""
    query: dict[str, object] = {"package": {"name": "torch", "ecosystem": "PyPI"}}
    for _ in range(_MOST_PAGES):
        try:
            page = msgspec.json.decode(ask(QUERY, json.dumps(query).encode()), type=_Page)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise TorchardError(f"{QUERY} gave an answer without records of OSV.") from error
        yield from page.vulns
        if not page.next_page_token:
            return
        query["page_token"] = page.next_page_token
    raise TorchardError(f"{QUERY} gave more than {_MOST_PAGES} pages.")


def find_advisory_differences(
    found: Iterable[Vulnerability], catalogue: Catalogue
) -> Iterator[str]:
    """Yield a sentence for each record that the catalogue lacks, or has otherwise.

    A record that is not there says nothing: a person may have only some of them.
    """
    rows = {one.id: one for one in catalogue.advisories}
    dismissed = {one.id for one in catalogue.dismissed}
    releases = sorted({one.version for one in catalogue.releases if one.version is not None})
    for one in found:
        torch = one.find_torch()
        row = next((rows[name] for name in one.names if name in rows), None)
        title = " = ".join(map(sanitize, one.names))
        if one.withdrawn:
            if row is not None:
                when = sanitize(one.withdrawn)
                yield f"{title}: OSV withdrew it on {when}, and the catalogue has it."
        elif torch and row is not None:
            affected = [release for release in releases if _is_affected(release, torch)]
            own = [release for release in releases if row.affected.contains(release)]
            if affected != own:
                said, known = _describe(affected, releases), _describe(own, releases)
                yield f"{title}: OSV says that it affects {said}, and the catalogue {known}."
        elif torch and dismissed.isdisjoint(one.names):
            affected = [release for release in releases if _is_affected(release, torch)]
            summary = sanitize(" ".join((one.summary or one.details).split()))[:_LONGEST]
            yield (
                f"{title}: the catalogue has it neither under `advisories` nor under `dismissed`."
                f" OSV says that it affects {_describe(affected, releases)}: {summary or 'no text'}"
            )


def _is_affected(release: Version, torch: Iterable[Affected]) -> bool:
    """Tell whether a release is in a list or in a range, as OSV evaluates them."""
    for one in torch:
        if any(_parse(text) == release for text in one.versions):
            return True
        if any(_is_within(release, part.events) for part in one.ranges if part.type == "ECOSYSTEM"):
            return True
    return False


def _is_within(release: Version, events: Sequence[Event]) -> bool:
    """Tell whether a release is after the last introduction that no end before it undoes."""
    is_affected = False
    for one in sorted(events, key=_place):
        place = _place(one)
        if one.introduced and release >= place:
            is_affected = True
        elif not one.introduced and (release >= place if one.fixed else release > place):
            is_affected = False
    return is_affected


def _place(event: Event) -> Version:
    """Return the release of an event; "0" is before all others."""
    return _parse(event.introduced or event.fixed or event.last_affected)


def _parse(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _describe(affected: Sequence[Version], releases: Sequence[Version]) -> str:
    """Return releases of the catalogue as a phrase; neighbours are named by the outer two."""
    runs: list[list[Version]] = []
    for number, release in enumerate(releases):
        if release in affected:
            if number and runs and runs[-1][-1] == releases[number - 1]:
                runs[-1].append(release)
            else:
                runs.append([release])
    names = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    return " and ".join(names) or "no release in it"
