"""Progress on a terminal: one line for each Mac, and none of them left behind."""

from __future__ import annotations

import io

from rich.console import Console

from torchard.render.live import LiveProgress


def seen(progress):
    """Return the lines that are shown now."""
    console = Console(file=io.StringIO(), width=100)
    console.print(progress._table())
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def started():
    """Return a Progress on a terminal of a test's own, what it writes, and its clock."""
    now = [0.0]
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    return LiveProgress(console, lambda: now[0]), out, now


def test_each_mac_says_what_it_does_and_for_how_long():
    """Bytes where there are some; since when is counted from its last word."""
    progress, _, now = started()
    progress.announce("reading 2 Macs")
    assert seen(progress)[0].endswith("reading 2 Macs")
    progress.mac("studio-01", "fetching")
    now[0] = 5
    progress.mac("studio-02", "pushing", 12_000_000, 96_000_000)
    assert seen(progress) == ["studio-01  fetching  5 s", "studio-02  pushing  12 MB of 96 MB  0 s"]


def test_a_mac_that_is_finished_says_so_and_how_long_all_of_it_took():
    """From its first word to its last."""
    progress, _, now = started()
    progress.mac("studio-01", "fetching")
    now[0] = 60
    progress.mac("studio-01", "building")
    now[0] = 71
    progress.finished("studio-01", "done")
    progress.finished("studio-02", "failed")
    now[0] = 99
    assert seen(progress) == ["studio-01  = done in 1 min 11 s", "studio-02  ! failed in 0 s"]


def test_a_name_speaks_to_no_terminal():
    """Nor does what a Mac says that it does."""
    progress, _, _ = started()
    progress.mac("a\x1b[2J", "b\x1b[2J")
    assert seen(progress) == ["a\\x1b[2J  b\\x1b[2J  0 s"]


def test_no_line_is_left_behind_and_the_cursor_comes_back():
    """After the last line the terminal is as it was."""
    progress, out, _ = started()
    with progress:
        progress.mac("studio-01", "fetching")
        progress.pause()
        paused = out.getvalue()
        progress.resume()
    assert "\x1b[?25l" in paused
    assert paused.rstrip().endswith(("\x1b[?25h", "\x1b[2K"))
    assert out.getvalue().rfind("\x1b[?25h") > out.getvalue().rfind("\x1b[?25l")


def test_where_no_terminal_is_nothing_is_written():
    """A pipe gets results alone."""
    out = io.StringIO()
    with LiveProgress(Console(file=out, force_terminal=False)) as progress:
        progress.announce("reading 2 Macs")
        progress.mac("studio-01", "fetching")
    assert out.getvalue().strip() == ""
