"""Find new releases and installers at their sources, and propose rows for the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import yaml

from torchard.catalog.catalog import parse_catalog
from torchard.curate.companions import find_newer_companions
from torchard.curate.new_builds import fetch_records, propose_builds
from torchard.curate.new_installers import PROPOSERS
from torchard.curate.new_wheels import propose_releases
from torchard.curate.osv import fetch_vulnerabilities, find_advisory_differences
from torchard.curate.proposal import INSTALLERS, PYTORCH, Proposal, apply_proposals
from torchard.curate.verify import fetch_listings, find_contradictions
from torchard.errors import TorchardError
from torchard.lock.addresses import form_channel_url
from torchard.lock.index import find_default_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torchard.catalog.rows import Catalogue, PackageSource
    from torchard.lab.model import Mirrors

    Answer = Iterator[Proposal | str]

PLACES = ("wheels", "conda", "installers", "advisories")
_PUBLISHED = "  published: The sha256 that vendors publish beside their installers"


@dataclass
class NewRows:
    """Proposed rows, remarks for a person, and the sources that did not answer, with the reason."""

    proposals: list[Proposal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)


def find_new_rows(places: Iterable[str], catalogue: Catalogue, mirrors: Mirrors) -> NewRows:
    """Query some of PLACES. What does not answer hides nothing of what does."""
    found = NewRows()
    for name, query in _list_queries(frozenset(places), catalogue, mirrors):
        try:
            for one in query():
                if isinstance(one, Proposal):
                    found.proposals.append(one)
                else:
                    found.remarks.append(one)
        except TorchardError as error:
            found.unanswered.append(f"{name}: {error.message}")
    return found


def _list_queries(
    places: frozenset[str], catalogue: Catalogue, mirrors: Mirrors
) -> Iterator[tuple[str, Callable[[], Answer]]]:
    if "wheels" in places:
        yield "the wheel index", partial(_wheels, catalogue)
    if "conda" in places:
        for source in catalogue.sources.values():
            if source.channel is not None:
                url = form_channel_url(source.channel, mirrors)
                yield f"the channel {source.channel}", partial(_builds, source, url, catalogue)
    if "advisories" in places:
        yield "OSV", partial(_advisories, catalogue)
    if "installers" in places:
        for name, propose in PROPOSERS.items():
            known = catalogue.installers[name]
            yield known.name, partial(propose, known)


def _wheels(catalogue: Catalogue) -> Answer:
    listed, unanswered = fetch_listings(find_default_index())
    yield from propose_releases(listed, catalogue)
    yield from find_contradictions(catalogue.releases, listed, catalogue)
    yield from find_newer_companions(catalogue.releases, listed, catalogue)
    if unanswered:
        raise TorchardError(" ".join(unanswered))


def _advisories(catalogue: Catalogue) -> Answer:
    """Compare each record on its own, so that a page that fails hides none of the others."""
    for one in fetch_vulnerabilities():
        yield from find_advisory_differences([one], catalogue)


def _builds(source: PackageSource, url: str, catalogue: Catalogue) -> Answer:
    upstream = {one.version for one in catalogue.releases if one.version is not None}
    yield from propose_builds(source, fetch_records(url, catalogue), upstream)


def add_rows(texts: Mapping[str, str], found: NewRows) -> dict[str, str]:
    """Return the catalogue's files, by name, with the proposed rows. Raise TorchardError."""
    proposals = list(found.proposals)
    key = _PUBLISHED.partition(":")[0] + ":"
    if any(one.file == INSTALLERS for one in proposals) and key not in texts[INSTALLERS]:
        proposals.append(Proposal(INSTALLERS, ("sources:",), (_PUBLISHED,)))
    try:
        after = {
            name: apply_proposals(text, [one for one in proposals if one.file == name])
            for name, text in texts.items()
        }
        parse_catalog(yaml.safe_load(after[PYTORCH]), yaml.safe_load(after[INSTALLERS]))
    except (ValueError, KeyError, yaml.YAMLError) as error:
        raise TorchardError(
            f"With the proposed rows, the catalogue is not valid: {error}."
        ) from error
    return after
