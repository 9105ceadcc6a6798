"""Stories in which no Mac was built before; two modules, so that two workers share the stories."""

from __future__ import annotations

import pytest
from shelf import begins_built, named


@pytest.mark.parametrize("path", named(lambda path: not begins_built(path)))
def test_a_story_prints_what_it_says(path, hold):
    """Word for word, with its exit codes."""
    hold(path)
