from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from simlab import depot

if TYPE_CHECKING:
    from simlab.depot import Depot


@pytest.fixture(scope="session")
def simlab_depot(tmp_path_factory: pytest.TempPathFactory) -> Depot:
    """What simulated Macs install, built once for all workers of a run. Nobody changes it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return depot.build(shared / "simlab-depot")
