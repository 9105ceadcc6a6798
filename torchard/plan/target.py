"""What a Mac should become, and the steps that build it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torchard.plan.environment_settings import NO_VARIABLES
from torchard.plan.steps import environment_step, miniconda_step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.catalog.installers import Installer
    from torchard.catalog.mac_class import MacClass
    from torchard.lab.model import Environment, MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.plan.steps import Step


@dataclass(frozen=True)
class Target:
    """What one Mac should become, with everything that had to be looked up.

    `blockers` are reasons to leave this Mac alone. `locks` and `environments` are keyed by the
    environment's name. `rebuild` names environments that must be built again although they are up
    to date.
    """

    mac: MacHost
    state: MacState
    mac_class: MacClass | None = None
    installer: Installer | None = None
    locks: Mapping[str, Lock] = field(default_factory=dict)
    blockers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rebuild: frozenset[str] = frozenset()
    environments: Mapping[str, Environment] = field(default_factory=dict)


def build_steps(target: Target) -> list[Step]:
    """Return the steps that need artefacts: Miniconda, then the environments."""
    steps = [miniconda_step(target.state, target.installer)]
    steps += [plan_environment(target, name) for name in target.locks]
    return [step for step in steps if step is not None]


def plan_environment(target: Target, name: str) -> Step | None:
    """Return what must be done for one environment of a target, or None if it is up to date."""
    return environment_step(
        target.locks[name],
        target.state,
        frozen=target.mac.frozen,
        variables=find_variables(target, name),
        rebuild=name in target.rebuild,
    )


def find_variables(target: Target, name: str) -> Mapping[str, str]:
    """Return the variables that the lab gives an environment."""
    wanted = target.environments.get(name)
    return NO_VARIABLES if wanted is None else wanted.variables
