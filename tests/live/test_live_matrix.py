"""The whole matrix against the real index: `torchard catalog verify` finds nothing wrong."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.live


def test_the_catalogue_agrees_with_the_index(torchard):
    """Each row is what the index lists, and each set of wheels in the matrix resolves."""
    done = torchard("catalog", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    told = r"The index agrees: (\d+) cells, (\d+) releases, (\d+) sets of wheels resolved\.\n"
    cells, releases, sets = map(int, re.fullmatch(told, done.stdout).groups())
    assert cells > 27_000
    assert releases >= 32
    assert sets > 150
