"""What the lab says of an environment beside its packages. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from torchard.mac.environments import view_kept_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.mac.state import InstalledEnvironment, MacState

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Settings:
    """Whether conda refuses to change an environment, and the variables that it sets in it."""

    frozen: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def explain_difference(self, one: InstalledEnvironment) -> str | None:
        """Return why a generation does not have these settings, or None if it has them.

        A variable to which a person gave another value is not a difference: theirs wins.
        """
        if one.frozen is not self.frozen:
            if (one.stamp or {}).get("frozen", False) is self.frozen:
                return f"its conda-meta/frozen was {'removed' if self.frozen else 'made'} by hand"
            return "the lab freezes it" if self.frozen else "the lab freezes it no longer"
        if one.stamped_variables != self.variables:
            return "the lab changes its variables"
        missing = list_missing_variables(one)
        if missing:
            return f"{', '.join(missing)} was removed from its conda-meta/state by hand"
        return None


def list_missing_variables(one: InstalledEnvironment) -> list[str]:
    """Return the variables that Torchard set in a generation and that are not there any more."""
    return sorted(one.stamped_variables.keys() - one.variables.keys())


def list_changed_variables(one: InstalledEnvironment) -> list[str]:
    """Return the variables of Torchard's that a person changed or unset."""
    return sorted(name for name, owner in one.variables.items() if owner == "other")


def find_variable_warnings(
    name: str, variables: Mapping[str, str], state: MacState
) -> Iterator[str]:
    """Yield each variable of the lab that a person set as well: theirs wins."""
    active = view_kept_environment(name, state).generation
    if active is None:
        return
    for variable in sorted(variables.keys() & active.variables.keys()):
        if active.variables[variable] != "same":
            words = ["conda", "env", "config", "vars", "set", "-n", name]
            again = shlex.join([*words, f"{variable}={variables[variable]}"])
            yield (
                f"a person set or unset {variable} in {name} on this Mac, and that wins over the"
                f" lab; `{again}` there takes the lab's value"
            )
