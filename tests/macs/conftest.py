"""A Mac with nothing on it, and one that hides some of its parts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import on_a_mac
import pytest
from probed import build

from simlab.lab import SimLab
from torchard.lab.model import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simlab.depot import Depot
    from torchard.lock.lockfile import Lock


@pytest.fixture
def mac(tmp_path: Path) -> Iterator[on_a_mac.OnAMac]:
    """A Mac with nothing on it, whose scripts run here and not over SSH."""
    mac = on_a_mac.make(tmp_path)
    yield mac
    mac.end()


@pytest.fixture(scope="module")
def plain_lock(
    tmp_path_factory: pytest.TempPathFactory, simlab_depot: Depot, artefacts: object
) -> Lock:
    """The lock of an environment without a wheel."""
    asked = Environment("plain", "3.12", None)
    with SimLab(tmp_path_factory.mktemp("index") / "lab", 1, simlab_depot.root) as lab:
        return on_a_mac.solve(simlab_depot, asked, lab.web_url)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of one simulated Mac, with an empty home."""
    return build(tmp_path, "arm64", "15.1")


@pytest.fixture
def strangers() -> Iterator[Path]:
    """A Mac whose probe runs as somebody who may not read everything."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        root = build(Path(made), "arm64", "15.1")
        yield root
        for path in root.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
