"""The lock file: every artefact of one environment for one Mac class.

A lock is JSON with one package a line, sorted, so that its bytes are the same for the same
answer and a diff of two locks reads package by package. It holds no address of a package
registry: a conda package is known by channel, subdir and file name, a wheel by its file name
and hash, and addresses are formed when something is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchard.variant import MacClass, Variant


@dataclass(frozen=True)
class CondaPackage:
    """A conda package. `size` in bytes; `provides` its Python distributions as (name, version).

    `channel` is the name or URL as the lab wrote it, never a mirror's.
    """

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    file: str
    sha256: str
    size: int
    provides: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Wheel:
    """A wheel. `name` is normalised (PEP 503); `size` in bytes."""

    name: str
    version: str
    file: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Lock:
    """One environment, solved for one Mac class.

    `inputs` is the digest of everything that the answer was asked from (wish, specs, channels,
    variant): a lock whose inputs differ from the lab's is out of date. `conda_specs` and
    `pip_specs` are what the lab itself asks for. `conda` is in topological order.
    """

    environment: str
    mac_class: MacClass
    inputs: str
    python: str
    variant: Variant | None
    conda_specs: tuple[str, ...]
    pip_specs: tuple[str, ...]
    channels: tuple[str, ...]
    conda: tuple[CondaPackage, ...]
    wheels: tuple[Wheel, ...] = field(default=())

    @property
    def size(self) -> int:
        """The bytes of all its artefacts."""
        return sum(one.size for one in (*self.conda, *self.wheels))

    @property
    def digest(self) -> str:
        """sha256 (64 hex) of the packages and specs: what names a generation."""
        raise NotImplementedError

    def dumps(self) -> str:
        """The lock's text, ending in a newline; the same lock always gives the same bytes."""
        raise NotImplementedError
