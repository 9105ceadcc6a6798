"""`make test-live`: what only the real package index can tell.

The conda packages come from simlab's channel and the Macs are simulated; the wheels are those that
real Macs get, from the index that this machine is configured with. Some 270 MB are fetched.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from fixed_catalog import use_fixed_catalog, use_real_catalog
from wheel_lab import SIMULATED, WheelLab

from simlab.lab import SimLab
from simlab.spec import MacSpec
from torchard.catalog.mac_class import MacClass
from torchard.lock import index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simlab.depot import Depot

_PATIENCE = 1800  # seconds: torch's wheels may come over a slow line


@pytest.fixture(scope="session", autouse=True)
def real_rows() -> Iterator[None]:
    """The real catalogue, in this process as in the commands."""
    use_real_catalog()
    yield
    use_fixed_catalog()


@pytest.fixture(scope="session", autouse=True)
def reachable() -> None:
    """End the run at once, and not green, where the index does not answer."""
    try:
        index.resolve(index.WheelQuery(["pip"], MacClass("osx-arm64", "15.0"), "3.12.13"))
    except index.WheelIndexError as error:
        pytest.exit(f"The package index cannot be reached: {error.message}", returncode=1)


@pytest.fixture(scope="session")
def torchard(artefacts: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The `torchard` command, given time for real downloads."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "torchard", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def lab(
    tmp_path_factory: pytest.TempPathFactory,
    simlab_depot: Depot,
    torchard: Callable[..., subprocess.CompletedProcess[str]],
) -> Iterator[WheelLab]:
    """The lab, locked once for all tests, while no Mac answered."""
    spec = [MacSpec(name, *mac, fault="refuse") for name, mac in SIMULATED.items()]
    with SimLab(tmp_path_factory.mktemp("live") / "lab", spec, simlab_depot.root) as simulated:
        lab = WheelLab(simulated)
        done = torchard("lock", lab.file)
        assert done.returncode == 0, done.stdout + done.stderr
        yield lab
