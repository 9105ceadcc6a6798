"""A status has one line for what Torchard's files take on each Mac."""

from __future__ import annotations

import pytest

from torchard.plan.disk_use import DiskUse, read_disk_use
from torchard.render.disk_use import disk_lines

PARTS = ("generations", "depot", "logs", "kept")


def test_a_mac_has_one_line():
    """What was not measured is unknown; the depot on this computer comes last."""
    used = {
        "studio-01": DiskUse(3 * 10**10, 2 * 10**6, 4000, 0, None),
        "a-mac-with-a-long-name": DiskUse(),
    }
    first = "generations 30 GB, depot 2 MB, logs 4 kB, kept 0 bytes, set aside unknown"
    second = ", ".join(f"{part} unknown" for part in (*PARTS, "set aside"))
    assert [line.plain for line in disk_lines(used, 10**10)] == [
        "",
        "On disk:",
        f"   studio-01              {first}",
        f"   a-mac-with-a-long-name {second}",
        "   this computer          depot 10 GB",
    ]


def test_an_answer_has_the_bytes_of_each_part():
    """A part that the Mac did not measure is null."""
    answer = '{"generations": null, "depot": 2, "logs": 3, "kept": 0, "asides": 5, "new": 6}'
    assert read_disk_use(answer) == DiskUse(None, 2, 3, 0, 5)


@pytest.mark.parametrize(
    "answer", ["", "[]", "[" * 10**5, '{"depot": -1, "logs": true, "kept": 1e3, "asides": "1"}',
               f'{{"depot": {10**30}}}'],
)  # fmt: skip
def test_an_answer_that_is_not_bytes_is_unknown(answer):
    """A Mac may print anything."""
    assert read_disk_use(answer) == DiskUse()
