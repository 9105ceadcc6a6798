"""The batches of an apply: how many Macs at a time, and when no further one begins. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED = 3  # failed Macs in one reason


@dataclass(frozen=True)
class Batches:
    """`size` Macs at a time; no further batch begins after one with more than `failures` failed.

    `order` names the Macs of the first batch first. It may name others as well.
    """

    size: int
    failures: int = 0
    order: tuple[str, ...] = ()


def split_batches(names: Sequence[str], batches: Batches | None) -> list[list[str]]:
    """Return the Macs to change batch by batch; without `batches`, they are one batch."""
    if batches is None:
        return [list(names)]
    places = {name: place for place, name in enumerate(batches.order)}
    ordered = sorted(names, key=lambda name: places.get(name, len(places)))
    return [ordered[at : at + batches.size] for at in range(0, len(ordered), batches.size)]


def describe_stop(failed: Sequence[str], batch: Sequence[str], batches: Batches) -> str | None:
    """Return why no batch begins after this one, or None if the next one may begin."""
    if len(failed) <= batches.failures:
        return None
    count = "its only Mac" if len(batch) == 1 else f"{len(failed)} of its {len(batch)} Macs"
    return (
        f"not started, because the batch before it has failed: {count}, and --stop-after is"
        f" {batches.failures}. Repair {', '.join(failed[:_NAMED])}, then run the same command again"
    )
