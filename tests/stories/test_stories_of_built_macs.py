"""Stories in which a Mac was built before: it is built once for all that begin with the same."""

from __future__ import annotations

import pytest
from shelf import begins_built, named


@pytest.mark.parametrize("path", named(begins_built))
def test_a_story_prints_what_it_says(path, hold):
    """Word for word, with its exit codes."""
    hold(path)
