"""Which paths are generations, and why one is not whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import GENERATIONS, built, lock

from torchard.mac.generations import (
    describe_failure,
    explain_not_whole,
    read_generation_name,
)

ONE = built(lock())
ROOT = GENERATIONS.rpartition("/")[0]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{GENERATIONS}/torch-0", "torch-0"),
        (f"{GENERATIONS}/a/b", None),
        (f"{GENERATIONS}/..", None),
        (f"{GENERATIONS}-old/a", None),
        ("/elsewhere", None),
        (None, None),
    ],
)
def test_a_generation_is_one_folder_below_their_root(path, name):
    """Nothing else is Torchard's to name."""
    assert read_generation_name(path, ROOT) == name


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"whole": False}, ["it is not whole"]),
        ({"whole": False, "missing": ("python",)}, ["its python is gone"]),
        ({"whole": False, "moved_from": "/x"}, ["it was built at /x and has moved"]),
    ],
)
def test_each_reason_is_named(changes, reasons):
    """Without any, the generation is whole."""
    assert list(explain_not_whole(replace(ONE, **changes))) == reasons


@pytest.mark.parametrize(("date", "day"), [("2026-11-29", " on 2026-11-29"), ("", "")])
def test_a_failed_verification_comes_with_what_to_type(date, day):
    """Nothing is reported about one that did not fail."""
    assert describe_failure(replace(ONE, failed=(date, "a is missing")), "torch") == (
        f"its last verification failed{day}: a is missing;"
        " `torchard apply --rebuild torch` builds it again"
    )
    assert describe_failure(ONE, "torch") is None
