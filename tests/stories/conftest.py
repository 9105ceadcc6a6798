"""The stories of a test module, and the simulated Macs that they share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from picture import read_text
from stable import stable
from stage import Stage
from storybook import Command, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storybook import Story

    from simlab.depot import Depot

ROOT = Path(__file__).parents[2]


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
        played = stage.play(story)
        told = played.text
        if renew:
            path.write_text(told, encoding="utf-8")
        assert told == path.read_text(encoding="utf-8")
        if story.picture:
            hold_picture(ROOT / story.picture, played, renew=renew)

    def hold_picture(file: Path, played: Story, *, renew: bool) -> None:
        """Compare the text of a picture, apart from what differs from run to run."""
        command = next(step for step in played.steps if isinstance(step, Command))
        if renew:
            file.write_text(command.drawn, encoding="utf-8")
        line, *shown = read_text(file).splitlines()
        pip = re.search(r"\+ pip +(\S+)", "\n".join(shown))
        found = stable("\n".join(shown), {}, pip[1] if pip else "")
        printed = re.sub(r"␛\[\d*m", "", "\n".join(command.stdout))
        assert (line, found) == (f"$ {command.line}", printed), "type: make pictures"

    return play
