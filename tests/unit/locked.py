"""Locks, and Macs that have what a lock says: what comparing and planning is tested with."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from torchard.catalog.installers import Installer
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lock.lockfile import CondaPackage, Lock, Wheel
from torchard.mac.state import InstalledConda, InstalledDist, InstalledEnvironment, Link, MacState

if TYPE_CHECKING:
    from torchard.lock.question import Question

HOME = "/Users/ann"
PREFIX = f"{HOME}/miniconda3"
GENERATIONS = f"{HOME}/.torchard/generations"
CLASS = MacClass("osx-arm64", "15.0")
VARIANT = Variant(
    source="wheels",
    packages={"torch": "2.2.2", "torchvision": "0.17.2"},
    python="3.12",
    mps_expected=True,
    reason="the newest that fits",
    constraints=("numpy<2",),
    notes=("2.3 is newer.",),
)
INSTALLER = Installer(
    distribution="miniconda",
    version="26.5.3-1",
    file="Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh",
    url="https://example.org/Miniconda3.sh",
    sha256="c73b91d5" * 8,
    notes=("No minimum macOS is documented.",),
)


def sha256(*parts: str) -> str:
    return hashlib.sha256("-".join(parts).encode()).hexdigest()


def package(
    name: str,
    version: str = "1.0",
    build: str = "h0_0",
    provides: list[tuple[str, str]] | tuple[()] = (),
    size: int = 100,
) -> CondaPackage:
    return CondaPackage(
        name=name,
        version=version,
        build=build,
        channel="conda-forge",
        subdir="osx-arm64",
        file=f"{name}-{version}-{build}.conda",
        sha256=sha256("conda", name, version, build),
        size=size,
        provides=tuple(provides),
    )


def wheel(name: str, version: str = "1.0", size: int = 1000) -> Wheel:
    file = f"{name}-{version}-py3-none-any.whl"
    return Wheel(name, version, file, sha256("wheel", name, version), size)


def lock(
    conda: list[CondaPackage] | tuple[()] = (),
    wheels: list[Wheel] | tuple[()] = (),
    environment: str = "torch",
    variant: Variant | None = VARIANT,
    specs: tuple[str, ...] = ("nodejs >=20", "Pandas"),
) -> Lock:
    return Lock(
        environment=environment,
        mac_class=CLASS,
        inputs="0" * 64,
        python="3.12",
        variant=variant,
        conda_specs=(specs[0],),
        pip_specs=specs[1:],
        channels=("conda-forge",),
        conda=tuple(conda),
        wheels=tuple(wheels),
    )


def answer(
    question: Question,
    conda: list[CondaPackage] | tuple[()] = (),
    wheels: list[Wheel] | tuple[()] = (),
) -> Lock:
    """Return a lock that answers a question, with a package for each name that it asks for."""
    rows = {one.name: one for one in conda}
    python = package("python", f"{question.environment.python}.13", "h0_0_cpython")
    rows.setdefault("python", python)
    for spec in question.conda_specs:
        found = re.match(r"[\w.-]+", spec)
        assert found, spec
        name = found[0].lower()
        rows.setdefault(name, package(name, spec.partition(" ==")[2] or "1.0"))
    files = {one.name: one for one in wheels}
    provided = {name for one in rows.values() for name, _ in one.provides}
    for text in question.wheel_requirements:
        asked = Requirement(text)
        exact = [one.version for one in asked.specifier if one.operator == "=="]
        if asked.name not in provided:
            files.setdefault(asked.name, wheel(asked.name, exact[0] if exact else "1.0"))
    return Lock(
        environment=question.environment.name,
        mac_class=question.mac_class,
        inputs=question.digest,
        python=question.environment.python,
        variant=question.variant,
        conda_specs=question.conda_specs,
        pip_specs=tuple(question.environment.pip),
        channels=question.channels,
        conda=tuple(rows.values()),
        wheels=tuple(files.values()),
    )


def path_of(locked: Lock) -> str:
    return f"{GENERATIONS}/{locked.environment}-{locked.digest[:8]}"


def stamp(locked: Lock) -> dict[str, object]:
    return {
        "environment": locked.environment,
        "lock": locked.digest,
        "verification": {"python": "3.12.13", "mps": True},
    }


def built(locked: Lock, path: str | None = None, **changes: Any) -> InstalledEnvironment:
    """Return the generation that a lock describes, as the probe reads it; or one changed."""
    provided = [one for package in locked.conda for one in package.provides]
    installed = InstalledEnvironment(
        path=path or path_of(locked),
        whole=True,
        conda=tuple(
            InstalledConda(one.name, one.version, one.build, one.sha256) for one in locked.conda
        ),
        dists=tuple(
            [InstalledDist(name.replace("-", "_"), version) for name, version in provided]
            + [InstalledDist(one.name, one.version) for one in locked.wheels]
        ),
        stamp=stamp(locked),
        condarc=locked.condarc,
    )
    return replace(installed, **changes)


def mac(
    *environments: InstalledEnvironment,
    links: dict[str, Any] | None = None,
    **changes: Any,
) -> MacState:
    """Return a Mac with a whole Miniconda; `links` maps names to their targets."""
    state = MacState(
        arch="arm64",
        translated=False,
        macos="15.1",
        home=HOME,
        user="ann",
        free=10**12,
        prefix=PREFIX,
        prefix_state="whole",
        prefix_arch="arm64",
        links={name: Link(name, target) for name, target in (links or {}).items()},
        environments={one.path: one for one in environments},
    )
    return replace(state, **changes)


def shown(locked: Lock, **changes: Any) -> MacState:
    """Return a Mac that shows what a lock describes, or that with changes made by hand."""
    one = built(locked, **changes)
    return mac(one, links={locked.environment: one.path})
