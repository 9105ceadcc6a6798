"""What both solvers are asked: one environment for one class of Macs. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name

from torchard.lab.model import Mirrors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.catalog.mac_class import MacClass
    from torchard.catalog.pairings import Pairing
    from torchard.catalog.variant import Variant
    from torchard.lab.model import Environment, Position, WheelIndex
    from torchard.lock.lockfile import Lock

# Raised when the same question gets another answer: every lock is then out of date.
VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Question:
    """One environment, the class of Macs to solve it for, and where packages come from.

    `variant` is the PyTorch of the environment, None if it has none. The first of `channels` has
    the highest priority. `nightly` is the URL of the index of PyTorch's nightly builds, which only
    a nightly variant needs. `pins` is a lock whose versions the solvers must take, and no others.
    `pairings` are the catalogue's, which bound packages beside this PyTorch.
    `misfits` are requirements that leave out wheels which were found not to load. `indexes` are the
    lab's further wheel indexes.
    """

    environment: Environment
    mac_class: MacClass
    variant: Variant | None = None
    channels: tuple[str, ...] = ()
    mirrors: Mirrors = field(default_factory=Mirrors)
    nightly: str = ""
    pins: Lock | None = None
    pairings: tuple[Pairing, ...] = ()
    misfits: tuple[str, ...] = ()
    indexes: Mapping[str, WheelIndex] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return what messages call the subject: `torch for osx-arm64-macos14`."""
        return f"{self.environment.name} for {self.mac_class}"

    @property
    def constraints(self) -> tuple[str, ...]:
        """The requirements that bound other packages beside this PyTorch."""
        return self.variant.constraints if self.variant else ()

    @property
    def conda_constraints(self) -> tuple[str, ...]:
        """The match specs that a package must fit if the solver takes it."""
        pins = self.pins.conda if self.pins else ()
        return (*self.constraints, *(f"{one.name} =={one.version} {one.build}" for one in pins))

    @property
    def wheel_constraints(self) -> tuple[str, ...]:
        """The requirements that a wheel must fit if uv takes it."""
        pins = self.pins.wheels if self.pins else ()
        pinned = (f"{one.name}=={one.version}" for one in pins)
        return (*self.constraints, *pinned, *self.misfits)

    @property
    def conda_specs(self) -> tuple[str, ...]:
        """The match specs for conda: python, the pip that installs the wheels, the lab's specs.

        PyTorch is among them if it comes as conda packages.
        """
        return (*self.usual_specs, *self.torch_specs, *self.environment.conda)

    @property
    def usual_specs(self) -> tuple[str, ...]:
        """The match specs of every environment."""
        return (f"python {self.environment.python}.*", "pip")

    @property
    def torch_specs(self) -> tuple[str, ...]:
        """The match specs of PyTorch's packages that come from a channel."""
        if self.variant is None or self.variant.is_from_wheels:
            return ()
        return tuple(_pinned(*one, " ==") for one in self.variant.packages.items())

    @property
    def torch_wheels(self) -> dict[str, str | None]:
        """PyTorch's packages that come as wheels, each with its version, None for a nightly."""
        return dict(self.variant.packages) if self.variant and self.variant.is_from_wheels else {}

    @property
    def wheel_requirements(self) -> tuple[str, ...]:
        """The requirements for uv: PyTorch if it comes as wheels, and the lab's."""
        torch = [_pinned(*one, "==") for one in self.torch_wheels.items()]
        return (*torch, *self.environment.pip)

    @property
    def package_indexes(self) -> dict[str, str]:
        """The URL of the further index of each package that has one, by normalised names.

        It is empty if it has `{torch}` in it, and the environment has no exact version of torch.
        """
        packages = self.variant.packages if self.variant else {}
        torch = packages.get("torch") or packages.get("pytorch")
        urls = {
            one: index.url.replace("{torch}", torch or "{torch}")
            for index in self.indexes.values()
            for one in map(canonicalize_name, index.packages)
        }
        return {name: "" if "{torch}" in url else url for name, url in sorted(urls.items())}

    @property
    def digest(self) -> str:
        """The sha256 (64 hex) of everything that the answer depends on.

        Mirrors are not part of it: they hold the same files.
        """
        variant = self.variant
        asked: dict[str, object] = {
            "question": VERSION,
            "environment": self.environment.name,
            "class": str(self.mac_class),
            "conda": self.conda_specs,
            "pip": self.environment.pip,
            "channels": self.channels,
            "variant": variant
            and {
                "source": variant.source,
                "packages": dict(variant.packages),
                "constraints": variant.constraints,
                "mps_expected": variant.mps_expected,
            },
        }
        if self.indexes:
            asked["indexes"] = self.package_indexes
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def locate(self, kind: Literal["conda", "pip"], text: str = "") -> Position:
        """Return the place in the lab file of the first item of `kind` that a text names.

        A solver's message is such a text. Return the environment's place if it names none.
        """
        items = self.environment.conda if kind == "conda" else self.environment.pip
        for index, item in enumerate(items):
            name = _NAME.match(item)
            if item == text or (name and has_name(text, _compared_name(name[0], kind))):
                return self.locate_item(kind, index)
        return self.environment.where

    def locate_item(self, kind: Literal["conda", "pip"], index: int) -> Position:
        """Return the place in the lab file of one item of `kind`."""
        environment = self.environment
        return environment.item_positions.get(f"{kind}/{index}", environment.where)


def has_name(text: str, name: str) -> bool:
    """Say whether a text has a package's name in it, and not only inside a longer name."""
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text.lower()))


def _compared_name(name: str, kind: Literal["conda", "pip"]) -> str:
    # conda tells `a_b` from `a-b`; an index does not (PEP 503).
    return name.lower() if kind == "conda" else canonicalize_name(name)


def _pinned(name: str, version: str | None, equals: str) -> str:
    return f"{name}{equals}{version}" if version else name
