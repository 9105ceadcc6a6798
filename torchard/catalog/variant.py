"""The catalogue's answers as data: a variant, an installer, or a refusal with its way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, order=True)
class MacClass:
    """What a lock depends on: a conda subdir and the highest macOS threshold not above the Mac's.

    `macos` is `MAJOR.MINOR`. The text form is `osx-arm64-macos12.3`.
    """

    subdir: str
    macos: str

    @property
    def arch(self) -> str:
        """`arm64` or `x86_64`, as `uname -m` says it."""
        return "arm64" if self.subdir == "osx-arm64" else "x86_64"

    def __str__(self) -> str:
        return f"{self.subdir}-macos{self.macos}"


@dataclass(frozen=True)
class Variant:
    """The one right answer to a request on a Mac.

    `packages` maps each package, by the source's name for it, to its exact version; None leaves it
    to the solver: a nightly's, and what a channel built for that torch. `constraints` are
    requirements that must hold beside them (`numpy<2`); `reason` says in a sentence why this
    one, and `notes` what was given up, or is worth knowing.
    """

    source: str
    packages: Mapping[str, str | None]
    python: str
    mps_expected: bool
    reason: str
    constraints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def as_wheels(self) -> bool:
        """Whether PyTorch comes as wheels; otherwise the solver of conda takes it."""
        return self.source == "wheels"

    @property
    def nightly(self) -> bool:
        """Whether this is a nightly build, from the index of those."""
        return self.as_wheels and self.packages["torch"] is None


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer, and what to ask for instead. Both are whole sentences."""

    reason: str
    instead: str


@dataclass(frozen=True)
class PassedOver:
    """Releases that follow each other, newest first, and do not fit for the same reasons.

    `obstacles` are phrases about each of them: `needs macOS 14`.
    """

    releases: tuple[str, ...]
    obstacles: tuple[str, ...]


@dataclass(frozen=True)
class Considered:
    """An answer with the way to it: the release that it is of, and those newer ones that are not.

    `release` is None for a refusal. Where a request means nothing, no release was looked at.
    """

    answer: Variant | Refusal
    release: str | None = None
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True)
class Installer:
    """One conda installer: `url` is where its vendor keeps it, `sha256` 64 lower-case hex.

    `own` says that the lab itself names this one, so that no mirror stands in for it. `licence`
    names the terms that an unattended install of it accepts, as a phrase; empty where none are
    known. `disk` is what downloading and installing it needs at least, in bytes; 0 where its vendor
    does not say.
    """

    distribution: str
    version: str
    file: str
    url: str
    sha256: str
    notes: tuple[str, ...] = field(default=())
    own: bool = False
    licence: str = ""
    disk: int = 0
