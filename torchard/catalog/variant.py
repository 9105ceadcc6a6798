"""The answers to a request for PyTorch, as data: a variant, or a refusal with alternatives."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # msgspec reads the types of fields
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True)
class Variant:
    """The PyTorch that a request gets on a class of Macs.

    `packages` maps each package, by its name at the source, to its exact version. A version of None
    is left to the solver: for nightly builds, and for what a channel has built for that torch.
    `constraints` are requirements on other packages (`numpy<2`). `reason` is a sentence on why this
    one was chosen, and `notes` are sentences on what was given up or is worth knowing.
    """

    source: str
    packages: Mapping[str, str | None]
    python: str
    mps_expected: bool
    reason: str
    constraints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_from_wheels(self) -> bool:
        """Whether PyTorch comes as wheels; otherwise it comes as conda packages."""
        return self.source == "wheels"

    @property
    def is_nightly(self) -> bool:
        """Whether this is a nightly build, from the index of nightly builds."""
        return self.is_from_wheels and self.packages["torch"] is None


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer, and what to ask for instead. Both are whole sentences."""

    reason: str
    instead: str


@dataclass(frozen=True)
class PassedOver:
    """Consecutive releases, newest first, that do not fit for the same reasons.

    `obstacles` are phrases about each of them: `needs macOS 14`.
    """

    releases: Annotated[tuple[str, ...], Meta(min_length=1)]
    obstacles: Annotated[tuple[str, ...], Meta(min_length=1)]


@dataclass(frozen=True)
class Choice:
    """An answer with the release that was chosen and the newer ones that were passed over.

    `release` is None for a refusal. A request that has no meaning passes no release over.
    """

    answer: Variant | Refusal
    release: str | None = None
    passed_over: tuple[PassedOver, ...] = ()
