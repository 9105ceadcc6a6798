"""Which stories there are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from storybook import StoryError, read

if TYPE_CHECKING:
    from collections.abc import Callable

SHELF = Path(__file__).parent
STORIES = sorted(SHELF.glob("*.story"))


def named(wanted: Callable[[Path], bool]) -> list[object]:
    """Return the stories that are wanted, each as a test's parameter of its name."""
    return [pytest.param(path, id=path.stem) for path in STORIES if wanted(path)]


@cache  # both modules of stories ask
def begins_built(path: Path) -> bool:
    """Tell whether a Mac is built before a story begins. Errors are found when it is played."""
    try:
        return bool(read(path, without_output=True).built)
    except StoryError:
        return False
