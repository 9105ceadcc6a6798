"""What a person sees while a run is at work, on a terminal that is a string."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from torchard.render.live import LiveProgress

CODES = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


def screen(text):
    """Return the lines on a terminal to which a text was written."""
    lines, row, column = [""], 0, 0
    for argument, code, move, plain in CODES.findall(text):
        if move == "\r":
            column = 0
        elif move == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif plain:
            lines[row] = (
                f"{lines[row][:column]:<{column}}{plain}{lines[row][column + len(plain) :]}"
            )
            column += len(plain)
        elif code == "A":
            row -= int(argument or 1)
        elif code == "K":
            lines[row] = ""
    return [line.rstrip() for line in lines if line.strip()]


class Watched:
    """A LiveProgress on a terminal of 60 columns, whose clock moves only when it is set."""

    def __init__(self):
        self.now = 100.0
        self.file = StringIO()
        console = Console(
            file=self.file,
            width=60,
            height=20,
            force_terminal=True,
            _environ={"TERM": "xterm"},
        )
        self.progress = LiveProgress(console, lambda: self.now)

    def shown(self):
        self.progress._progress.refresh()
        return screen(self.file.getvalue())


@pytest.fixture
def watched():
    made = Watched()
    with made.progress:
        yield made


def test_each_mac_has_a_line_that_says_what_it_does_and_for_how_long(watched):
    """In the order in which they began; the next step starts its clock again."""
    watched.progress.report_mac("studio-01", "pushing", 30_000_000, 214_000_000)
    watched.progress.report_mac("library-03", "reading")
    watched.now += 65
    assert watched.shown() == [
        "studio-01   pushing  30 MB of 214 MB  1 min 5 s",
        "library-03  reading  1 min 5 s",
    ]
    watched.progress.report_mac("studio-01", "verifying")
    watched.now += 2
    assert watched.shown()[0] == "studio-01   verifying  2 s"


def test_a_mac_that_came_to_its_end_says_how_and_in_what_time(watched):
    """Of all its steps together; one that never said anything took none."""
    watched.progress.report_mac("studio-01", "pushing")
    watched.now += 30
    watched.progress.report_mac("studio-01", "verifying")
    watched.now += 31
    watched.progress.report_end("studio-01", "done")
    watched.progress.report_end("library-04", "failed")
    watched.now += 500
    assert watched.shown() == ["studio-01   = done in 1 min 1 s", "library-04  ! failed in 0 s"]


def test_the_controller_has_a_line_of_its_own_until_a_mac_goes_on(watched):
    """Only what is at work now is shown."""
    watched.progress.announce("locking torch for osx-arm64-macos15")
    (line,) = watched.shown()
    assert line.endswith("locking torch for osx-arm64-macos15  0 s")
    watched.now += 61
    assert watched.shown()[0].endswith("macos15  1 min 1 s")
    watched.progress.report_mac("studio-01", "reading")
    assert watched.shown() == ["studio-01  reading  0 s"]


def test_bytes_have_a_rate_once_it_is_known(watched):
    """Of what came since they began to, over all files of one push."""
    push = watched.progress.report_mac
    push("studio-01", "pushing a.whl", 30_000_000, 214_000_000)
    watched.now += 10
    push("studio-01", "pushing a.whl", 50_000_000, 214_000_000)
    assert watched.shown() == ["studio-01  pushing a.whl  50 MB of 214 MB  2 MB/s  10 s"]
    watched.now += 10
    push("studio-01", "pushing b.whl", 130_000_000, 214_000_000)
    assert watched.shown() == ["studio-01  pushing b.whl  130 MB of 214 MB  5 MB/s  20 s"]


def test_a_file_that_comes_has_the_line_of_the_controller(watched):
    """While Macs go on; where its size is not known, the line has no size, and then it ends."""
    watched.progress.report_download("torch.whl", 0, 88_000_000)
    watched.now += 4
    watched.progress.report_download("torch.whl", 22_000_000, 88_000_000)
    watched.now += 4
    watched.progress.report_download("torch.whl", 66_000_000, 88_000_000)
    watched.progress.report_mac("studio-01", "reading")
    controller, mac = watched.shown()
    assert controller.endswith("fetching torch.whl  66 MB of 88 MB  11 MB/s  8 s")
    assert mac.split() == ["studio-01", "reading", "0", "s"]
    watched.progress.report_download("torch.whl", 88_000_000, 88_000_000)
    assert watched.shown() == ["studio-01  reading  0 s"]
    watched.progress.report_download("page.html", 17, 0)
    assert watched.shown()[0].endswith("fetching page.html  0 s")


def test_no_line_is_there_during_a_question(watched):
    """The lines come back when it is answered."""
    watched.progress.report_mac("studio-01", "reading")
    assert watched.shown()
    watched.progress.pause()
    assert screen(watched.file.getvalue()) == []
    watched.progress.resume()
    assert watched.shown() == ["studio-01  reading  0 s"]


def test_nothing_is_left_behind():
    """The result is printed where the progress was, and the cursor is back."""
    watched = Watched()
    with watched.progress as progress:
        progress.report_mac("studio-01", "reading")
        assert watched.shown()
    text = watched.file.getvalue()
    assert screen(text) == []
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")


def test_a_name_or_a_message_from_outside_moves_no_cursor(watched):
    """They are written out."""
    watched.progress.announce("\x1b[2J")
    watched.progress.report_end("\x1b[1A", "failed")
    controller, mac = watched.shown()
    assert controller.endswith(r"\x1b[2J  0 s")
    assert mac.startswith(r"\x1b[1A")
