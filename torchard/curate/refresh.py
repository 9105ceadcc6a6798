"""What is new? Rows to propose from each place that can be reached, and what cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import yaml

from torchard.catalog.catalog import parse_catalog
from torchard.curate.new_builds import new_builds, records
from torchard.curate.new_installers import miniconda, miniforge
from torchard.curate.new_wheels import new_releases
from torchard.curate.proposal import INSTALLERS, PYTORCH, Proposal, amended
from torchard.curate.verify import contradicted_rows, listings
from torchard.errors import TorchardError
from torchard.lock.addresses import channel_source
from torchard.lock.index import address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torchard.catalog.rows import Catalogue, PackageSource
    from torchard.lab.model import Mirrors

    Answer = Iterator[Proposal | str]

PLACES = ("wheels", "conda", "installers")
_PUBLISHED = "  published: The sha256 that vendors publish beside their installers"


@dataclass
class Found:
    """What is proposed; sentences on what a person must look at; and who gave no answer."""

    proposals: list[Proposal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    answered: int = 0


def look(places: Iterable[str], catalogue: Catalogue, mirrors: Mirrors) -> Found:
    """Query some of PLACES for what is new; one without an answer keeps no other from its own."""
    found = Found()
    for name, query in _list_queries(frozenset(places), catalogue, mirrors):
        try:
            answers = list(query())
        except TorchardError as error:
            found.silent.append(f"{name}: {error.message}")
            continue
        found.answered += 1
        found.proposals += [one for one in answers if isinstance(one, Proposal)]
        found.remarks += [one for one in answers if isinstance(one, str)]
    return found


def _list_queries(
    places: frozenset[str], catalogue: Catalogue, mirrors: Mirrors
) -> Iterator[tuple[str, Callable[[], Answer]]]:
    if "wheels" in places:
        yield "the wheel index", partial(_wheels, catalogue)
    if "conda" in places:
        for source in catalogue.sources.values():
            if source.channel is not None:
                url = channel_source(source.channel, mirrors)
                yield f"the channel {source.channel}", partial(_builds, source, url, catalogue)
    if "installers" in places:
        yield "Miniconda", partial(miniconda, catalogue.installers["miniconda"])
        yield "Miniforge", partial(miniforge, catalogue.installers["miniforge"])


def _wheels(catalogue: Catalogue) -> Answer:
    listed = listings(address())
    yield from new_releases(listed, catalogue)
    yield from contradicted_rows(catalogue.releases, listed, catalogue)


def _builds(source: PackageSource, url: str, catalogue: Catalogue) -> Answer:
    upstream = {one.version for one in catalogue.releases if one.version is not None}
    yield from new_builds(source, records(url, catalogue), upstream)


def amend(texts: Mapping[str, str], found: Found) -> dict[str, str]:
    """Return the catalogue's files with what is proposed, by name. Raise TorchardError."""
    proposals = list(found.proposals)
    key = _PUBLISHED.partition(":")[0] + ":"
    if any(one.file == INSTALLERS for one in proposals) and key not in texts[INSTALLERS]:
        proposals.append(Proposal(INSTALLERS, ("sources:",), (_PUBLISHED,)))
    try:
        after = {
            name: amended(text, [one for one in proposals if one.file == name])
            for name, text in texts.items()
        }
        parse_catalog(yaml.safe_load(after[PYTORCH]), yaml.safe_load(after[INSTALLERS]))
    except (ValueError, KeyError, yaml.YAMLError) as error:
        raise TorchardError(f"The rows proposed make no catalogue: {error}.") from error
    return after
