"""The controller's depot stays within its bound, and loses nothing that a run may need."""

from __future__ import annotations

import os
import time

import pytest

from torchard.depot.bounds import UNUSED_SECONDS, bound_depot, measure_depot
from torchard.depot.depot import Depot

DAY = 86400
A, B, C = (letter * 64 for letter in "abc")


@pytest.fixture
def store(tmp_path):
    """Put an artefact of so many bytes into a depot, which was used so many days ago."""

    def put(sha256: str, size: int, days: float, folder: str = "files"):
        path = tmp_path / folder / sha256
        file = path / "a.whl" if folder == "files" else path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
        os.utime(path, (time.time() - days * DAY,) * 2)
        return path

    return put


def test_what_was_unused_for_longest_goes_until_the_rest_fits(tmp_path, store):
    """No more than that is removed."""
    oldest, older, newer = store(A, 60, 90), store(B, 60, 60), store(C, 60, 30)
    assert measure_depot(tmp_path) == 180
    assert bound_depot(tmp_path, 130, ()) == 60
    assert [one.exists() for one in (oldest, older, newer)] == [False, True, True]
    assert bound_depot(tmp_path, 130, ()) == 0


def test_what_a_lock_names_or_a_run_has_just_used_stays(tmp_path, store):
    """The depot is then larger than its bound."""
    locked, used = store(A, 60, 90), store(B, 60, UNUSED_SECONDS / DAY - 1)
    gone = store(C, 60, 8)
    assert bound_depot(tmp_path, 1, {A}) == 60
    assert [one.exists() for one in (locked, used, gone)] == [True, True, False]


def test_an_old_part_of_a_download_goes_and_a_new_one_stays(tmp_path, store):
    """A download that broke off is continued for a week."""
    old, new = store(A, 60, 8, "partial"), store(B, 60, 1, "partial")
    assert measure_depot(tmp_path) == 120
    assert bound_depot(tmp_path, 10**9, ()) == 60
    assert (old.exists(), new.exists()) == (False, True)


def test_a_depot_that_is_not_there_has_no_bytes(tmp_path):
    """Nothing is made, and nothing fails."""
    assert measure_depot(tmp_path / "none") == 0
    assert bound_depot(tmp_path / "none", 0, ()) == 0
    assert not (tmp_path / "none").exists()


def test_a_fetch_counts_as_a_use(tmp_path, store):
    """Also if the file was there already."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    path = store(empty, 0, 90)
    Depot(tmp_path).fetch("a.whl", empty, 0, lambda: pytest.fail("it is there"))
    assert path.stat().st_mtime > time.time() - DAY
