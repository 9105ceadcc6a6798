"""One environment for one Mac class: its question, and the whole answer."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from torchard.lock.conda import conda_specs, solve
from torchard.lock.lockfile import Lock, LockError
from torchard.lock.wheels import resolve_wheels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torchard.catalog.variant import MacClass, Variant
    from torchard.depot.depot import Depot
    from torchard.lab.model import Environment, Mirrors
    from torchard.lock.lockfile import CondaPackage

# Raised when the same question would be answered otherwise: every lock is then out of date.
QUESTION = 1


def inputs_digest(
    environment: Environment, mac_class: MacClass, variant: Variant | None, channels: Sequence[str]
) -> str:
    """Return the sha256 (64 hex) of everything that a lock's answer depends on.

    Mirrors are not part of it: they hold the same files.
    """
    asked = {
        "question": QUESTION,
        "environment": environment.name,
        "class": str(mac_class),
        "conda": conda_specs(environment, variant),
        "pip": environment.pip,
        "channels": list(channels),
        "variant": variant
        and {
            "source": variant.source,
            "packages": dict(variant.packages),
            "constraints": variant.constraints,
            "mps_expected": variant.mps_expected,
        },
    }
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def resolve(  # noqa: PLR0917  # each is one part of the question
    environment: Environment,
    mac_class: MacClass,
    variant: Variant | None,
    channels: Sequence[str],
    mirrors: Mirrors,
    depot: Depot,
    *,
    nightly: str,
) -> Lock:
    """Solve one environment for one Mac class: conda first, then the wheels around it.

    `nightly` is the index of PyTorch's nightly builds, for a variant that is one. Raise LockError
    where there is no answer, DepotError where an archive cannot be had.
    """
    conda = solve(environment, mac_class, variant, channels, mirrors, depot)
    provided = _provided(conda, environment, mac_class)
    wheels = resolve_wheels(
        environment,
        mac_class,
        variant,
        python=next(one.version for one in conda if one.name == "python"),
        provided=provided,
        mirrors=mirrors,
        nightly=nightly,
    )
    return Lock(
        environment=environment.name,
        mac_class=mac_class,
        inputs=inputs_digest(environment, mac_class, variant, channels),
        python=environment.python,
        variant=variant,
        conda_specs=conda_specs(environment, variant),
        pip_specs=tuple(environment.pip),
        channels=tuple(channels),
        conda=conda,
        wheels=wheels,
    )


def _provided(
    conda: Sequence[CondaPackage], environment: Environment, mac_class: MacClass
) -> dict[str, str]:
    """Return the distributions of all conda packages; two that bring the same one conflict."""
    owners: dict[str, tuple[str, str]] = {}
    for package in conda:
        for name, version in package.provides:
            owner, other = owners.setdefault(name, (package.name, version))
            if other != version:
                raise LockError(
                    f"{environment.where}: in {environment.name} for {mac_class}, conda's {owner}"
                    f" brings {name} {other}, and its {package.name} brings {name} {version}.",
                    "Take one of the two out of `conda:`.",
                )
    return {name: version for name, (_, version) in owners.items()}
