"""Compare the catalogue with files that a person gives, where their source cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchard.curate.builds import compare_builds
from torchard.curate.listing import read_file, read_listing
from torchard.curate.osv import find_advisory_differences, read_vulnerabilities
from torchard.errors import TorchardError
from torchard.lab.model import COMPANIONS

if TYPE_CHECKING:
    from pathlib import Path

    from torchard.catalog.rows import Catalogue, PackageSource
    from torchard.curate.listing import Record

_VULNERABILITIES = (b'"vulns"', b'"schema_version"', b'"affected"')


@dataclass(frozen=True)
class Report:
    """What a file says: contradictions, what it does not tell, and a sentence on the rest."""

    wrong: tuple[str, ...]
    remarks: tuple[str, ...]
    summary: str


def compare_file(path: Path, channel: str | None, catalogue: Catalogue) -> Report:
    """Compare a listing of a conda channel, or OSV's records, with the catalogue.

    `channel` is the listing's, for one that does not name it. Raise TorchardError for another file.
    """
    content = read_file(path)
    try:
        if any(one in content[: 1 << 20] for one in _VULNERABILITIES):
            return _compare_advisories(path, content, catalogue)
        return _compare_listing(path, content, channel, catalogue)
    except ValueError as error:
        raise TorchardError(
            f"{path} cannot be compared: {error}.",
            "Give a channel's repodata.json, what `conda search --json pytorch` prints, or an"
            " answer of OSV.",
        ) from error


def _compare_advisories(path: Path, content: bytes, catalogue: Catalogue) -> Report:
    about = [one for one in read_vulnerabilities(content) if one.find_torch()]
    if not about:
        raise ValueError("none of its records is about torch")
    wrong = tuple(find_advisory_differences(about, catalogue))
    return Report(
        wrong, (), f"{path} agrees about torch: {', '.join(one.names[0] for one in about)}."
    )


def _compare_listing(
    path: Path, content: bytes, channel: str | None, catalogue: Catalogue
) -> Report:
    sources = [one for one in catalogue.sources.values() if one.channel is not None]
    names = {source.names.get("torch", "torch") for source in sources}
    records = read_listing(content, {*names, *COMPANIONS})
    if names.isdisjoint(one.name for one in records):
        raise ValueError(f"it has no build of {' or '.join(sorted(names))}")
    wrong: list[str] = []
    remarks: list[str] = []
    ends: list[str] = []
    for source, own in _assign(records, channel, sources):
        found = compare_builds(source, own, catalogue)
        wrong += [f"{source.name}: {text}" for text in found.wrong]
        ends.append(f"{source.name}: {found.confirmed}")
        if found.unseen:
            listed = "; ".join(found.unseen)
            remarks.append(f"{path} lacks these rows, so they were not compared. {listed}.")
    return Report(
        tuple(wrong), tuple(remarks), f"{path} agrees. Rows compared of {', of '.join(ends)}."
    )


def _assign(
    records: tuple[Record, ...], channel: str | None, sources: list[PackageSource]
) -> list[tuple[PackageSource, list[Record]]]:
    """Return each source with its records. Raise ValueError if no channel is known."""
    found = []
    for source in sources:
        own = [
            one
            for one in records
            if source.channel in (one.channel.rstrip("/").split("/") if one.channel else [channel])
        ]
        if own:
            found.append((source, own))
    if not found:
        known = " or ".join(str(one.channel) for one in sources)
        raise ValueError(f"it does not name {known} as its channel; name it with `--channel`")
    return found
