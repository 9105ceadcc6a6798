"""Solvers of both halves of a lock, over channels and indexes of a test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from rattler.index import index_fs

from simlab.package import File, Package, dist_info, write_conda
from torchard.catalog.mac_class import MacClass
from torchard.lab.model import Mirrors
from torchard.lock import conda, wheels
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torchard.catalog.variant import Variant
    from torchard.depot.depot import Depot
    from torchard.lab.model import Environment
    from torchard.lock.lockfile import CondaPackage, Wheel

ARM = MacClass("osx-arm64", "14.0")


def make_conda_solver(mirrors: Mirrors, depot: Depot) -> Callable[..., dict[str, CondaPackage]]:
    """Return a function that solves an environment over simlab's conda-forge."""

    def solve(
        environment: Environment,
        mac_class: MacClass = ARM,
        channels: tuple[str, ...] = ("conda-forge",),
        mirrors: Mirrors = mirrors,
    ) -> dict[str, CondaPackage]:
        question = Question(environment, mac_class, None, channels, mirrors)
        return {one.name: one for one in conda.solve_conda(question, depot)}

    return solve


def make_wheel_solver(asks: Callable[..., Environment]) -> Callable[..., Mapping[Wheel, str]]:
    """Return a function that resolves wheels: `solve(url, pip=["a"])`."""

    def solve(
        url: str,
        pip: Sequence[str] = (),
        variant: Variant | None = None,
        mac_class: MacClass = ARM,
        nightly: str = "",
        **options: Any,
    ) -> Mapping[Wheel, str]:
        question = Question(
            asks(pip=pip), mac_class, variant, mirrors=Mirrors(wheels=url), nightly=nightly
        )
        python = options.get("python", "3.12.13")
        return wheels.resolve_wheels(question, python, options.get("provided", {}))

    return solve


def fail(solve: Callable[..., object], *arguments: object, **options: object) -> LockError:
    """Return the error that solving ends with."""
    with pytest.raises(LockError) as caught:
        solve(*arguments, **options)
    return caught.value


def channel(
    directory: Path, *packages: Package, write: Callable[[Package, Path], object] = write_conda
) -> str:
    """Write a channel of some packages; return its URL."""
    for subdir in ("osx-arm64", "osx-64", "noarch"):
        (directory / subdir).mkdir(parents=True)
    for one in packages:
        write(one, directory / one.subdir)

    async def index() -> None:
        await index_fs(directory, write_zst=False, write_shards=False)
        await asyncio.sleep(0.01)

    asyncio.run(index())
    return directory.as_uri()


def numpy(version: str = "9.0.0", **changes: Any) -> Package:
    """Return a numpy that conda-forge does not have."""
    site = "lib/python3.12/site-packages"
    files = {f"{site}/{path}": File(one) for path, one in dist_info("numpy", version, {}).items()}
    row = {"depends": ("python >=3.12,<3.13.0a0",), "files": files, **changes}
    return Package("numpy", version, "py312_0", 0, "osx-arm64", **row)
