"""The stories of a test module, and the simulated Macs that they share."""

from __future__ import annotations

import pytest
from stage import Stage
from storybook import read


@pytest.fixture(scope="module")
def stage(tmp_path_factory, simlab_depot, warm):
    """Simulated Macs for every story of a module."""
    with Stage(tmp_path_factory.mktemp("stage"), simlab_depot, warm) as stage:
        yield stage


@pytest.fixture
def hold(request, stage):
    """Play a story and hold what comes of it against its file, or write it there with --renew."""

    def play(path):
        renew = request.config.getoption("--renew")
        story = read(path, without_output=renew)
        told = stage.play(story).text
        if renew:
            path.write_text(told, encoding="utf-8")
        assert told == path.read_text(encoding="utf-8")

    return play
