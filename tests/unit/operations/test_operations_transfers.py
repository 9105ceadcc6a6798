"""The transfers to all Macs with the same settings share their bounds."""

from __future__ import annotations

from torchard.lab.model import Transfers
from torchard.operations.incoming import parse_parts
from torchard.operations.transfers import Pace, find_line

ONE, TWO = "1" * 64, "2" * 64


def test_a_rate_is_kept_by_all_transfers_together():
    """Whatever the size of a part; time without a transfer is not saved up."""
    clock = [100.0]

    def pause(seconds):
        clock[0] += seconds

    pace = Pace(1000, now=lambda: clock[0], pause=pause)
    for count in (500, 1500, 1, 2999):
        pace.take(count)
    assert 104.8 < clock[0] <= 105.0
    clock[0] = 200.0
    pace.take(1000)
    assert 200.8 < clock[0] <= 201.0


def test_macs_with_the_same_settings_share_a_line():
    """Others have their own. Without a rate, nothing waits."""
    slow = find_line(Transfers(2, 5))
    assert find_line(Transfers(2, 5)) is slow
    assert find_line(Transfers(3, 5)) is not slow
    assert slow.turns.acquire(blocking=False)
    assert slow.turns.acquire(blocking=False)
    assert not slow.turns.acquire(blocking=False)
    assert find_line(Transfers()).take is None


def test_of_several_parts_of_a_file_the_largest_counts():
    """Any other line that a Mac prints is ignored."""
    printed = [
        f"part\t{ONE}.a-1\t2000000",
        f"part\t{ONE}.part\t3000000",
        f"part\t{TWO}.b\t1048577",
        f"part\t{TWO}.$(x)\t9000000",
        f"part\t{TWO}\t9000000",
        f"part\t../{TWO}.b\t9000000",
        "waiting for an earlier run",
    ]
    assert parse_parts(printed) == {ONE: (f"{ONE}.part", 3_000_000), TWO: (f"{TWO}.b", 1_048_577)}
