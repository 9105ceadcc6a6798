"""What would come of packages beside PyTorch: an answer as data. Nothing is locked. Pure."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # msgspec reads the types of fields
from dataclasses import dataclass


@dataclass(frozen=True)
class Forecast:
    """What a lock would have for the packages that `torchard choose --for` names.

    `packages` maps each of them to its version; one whose marker is false for the Mac is missing.
    `conda` and `wheels` count the packages of the whole environment, `bytes` is their size. `notes`
    are sentences on which are not the newest, and why. If no channel could be read, `unread` is
    why: then only the wheels are solved, for the newest release of `python`.
    """

    packages: Mapping[str, str]
    python: str
    conda: int
    wheels: int
    bytes: int
    unread: str = ""
    notes: tuple[str, ...] = ()
