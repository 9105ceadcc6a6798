"""What other packages are called, and near names of a misspelled one: `packages.yaml`, as data."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import yaml
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NEAR = 3  # names in a message


@dataclass(frozen=True)
class PackageFacts:
    """The rows of packages.yaml. Wheels and what Python imports have normalised names (PEP 503)."""

    conda_names: Mapping[str, str]
    import_names: Mapping[str, str]
    often: tuple[str, ...]
    no_mac_wheels: Mapping[str, str]
    bounds: Mapping[str, str]

    def name_conda(self, wheel: str) -> str:
        """Return the name that conda-forge has for the project of a wheel."""
        return self.conda_names.get(wheel, wheel)

    def name_wheel(self, conda: str) -> str:
        """Return the name of the wheel of a conda package's project."""
        names = {other: name for name, other in reversed([*self.conda_names.items()])}
        return names.get(conda, canonicalize_name(conda))

    def near_wheels(self, name: str, more: Iterable[str] = ()) -> tuple[str, ...]:
        """Return names of wheels that a person may mean by a name that no index has."""
        name = canonicalize_name(name)
        known = {*self.often, *self.conda_names, *self.import_names.values(), *more}
        renamed = self.import_names.get(name) or self.name_wheel(name)
        if renamed != name:
            return (renamed,)
        return tuple(difflib.get_close_matches(name, sorted(known), _NEAR, cutoff=0.75))


@functools.cache
def load_package_facts() -> PackageFacts:
    """Return the facts of packages.yaml, read once in a process."""
    text = resources.files(__package__).joinpath("packages.yaml").read_text(encoding="utf-8")
    rows = yaml.safe_load(text)
    return PackageFacts(**{**rows, "often": tuple(rows["often"].split())})
