"""Macs go batch by batch, and too many failures in one keep the next from beginning."""

from __future__ import annotations

import pytest

from torchard.plan.batches import Batches, describe_stop, split_batches

NAMES = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("batches", "wanted"),
    [
        (None, [NAMES]),
        (Batches(2), [["a", "b"], ["c", "d"], ["e"]]),
        (Batches(9), [NAMES]),
        (Batches(2, order=("d", "attic", "b")), [["d", "b"], ["a", "c"], ["e"]]),
    ],
    ids=["at once", "in their own order", "larger than the lab", "those named first"],
)
def test_batches_hold_every_mac_once_in_their_order(batches, wanted):
    """A Mac that has nothing to change is in no batch, although the order names it."""
    assert split_batches(NAMES, batches) == wanted


def test_more_failures_than_are_allowed_stop_the_next_batch():
    """The reason counts them, names some, and says what to do."""
    assert describe_stop(["a"], ["a", "b"], Batches(2, failures=1)) is None
    assert describe_stop([], ["a", "b"], Batches(2)) is None
    assert describe_stop(["a", "b", "c", "d"], NAMES, Batches(5, failures=3)) == (
        "not started, because the batch before it has failed: 4 of its 5 Macs, and --stop-after is"
        " 3. Repair a, b, c, then run the same command again"
    )
    assert "its only Mac, and --stop-after is 0" in str(describe_stop(["a"], ["a"], Batches(1)))
