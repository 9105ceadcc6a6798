"""The stories of a test module, and the simulated Macs that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stage import Stage
from storybook import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simlab.depot import Depot


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, simlab_depot: Depot, warm: Path
) -> Iterator[Stage]:
    """Simulated Macs for every story of a module."""
    with Stage(tmp_path_factory.mktemp("stage"), simlab_depot, warm) as stage:
        yield stage


@pytest.fixture
def hold(request: pytest.FixtureRequest, stage: Stage) -> Callable[[Path], None]:
    """Play a story and hold what comes of it against its file, or write it there with --renew."""

    def play(path: Path) -> None:
        renew = request.config.getoption("--renew")
        story = read(path, without_output=renew)
        told = stage.play(story).text
        if renew:
            path.write_text(told, encoding="utf-8")
        assert told == path.read_text(encoding="utf-8")

    return play
