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
    """A LiveProgress on a terminal of 70 columns, whose clock moves only when it is set."""

    def __init__(self, height=20):
        self.now = 100.0
        self.file = StringIO()
        console = Console(
            file=self.file,
            width=70,
            height=height,
            force_terminal=True,
            _environ={"TERM": "xterm"},
        )
        self.progress = LiveProgress(console, lambda: self.now)

    def shown(self):
        self.progress.refresh()
        return screen(self.file.getvalue())


@pytest.fixture
def watched():
    made = Watched()
    with made.progress:
        yield made


def test_each_mac_has_a_line_that_says_what_it_does_and_for_how_long(watched):
    """In the order in which they began; the next step starts its clock again."""
    watched.progress.begin(["studio-01", "library-03"])
    watched.progress.report_mac("studio-01", "pushing", 30_000_000, 214_000_000)
    watched.progress.report_mac("library-03", "reading")
    watched.now += 65
    assert watched.shown() == [
        "0 of 2 done, 1 min 5 s",
        "studio-01   pushing  14 %  30 MB of 214 MB  1 min 5 s",
        "library-03  reading  1 min 5 s",
    ]
    watched.progress.report_mac("studio-01", "verifying")
    watched.now += 2
    assert watched.shown()[1] == "studio-01   verifying  2 s"


def test_a_mac_that_failed_stays_and_one_that_is_done_is_counted(watched):
    """The time is that of all steps together."""
    watched.progress.begin(["studio-01", "library-04", "library-05"])
    watched.progress.report_mac("library-04", "pushing")
    watched.progress.report_mac("studio-01", "pushing")
    watched.now += 30
    watched.progress.report_mac("library-04", "verifying")
    watched.now += 31
    watched.progress.report_end("library-04", "failed")
    watched.progress.report_done("library-04")
    watched.progress.report_end("studio-01", "done")
    assert watched.shown() == [
        "2 of 3 done, 1 failed, 1 min 1 s",
        "library-04  ! failed in 1 min 1 s",
        "library-05  1 Mac waiting",
    ]


def test_one_mac_needs_no_count(watched):
    """What it does is all that there is."""
    watched.progress.begin(["studio-01"])
    watched.progress.report_mac("studio-01", "reading")
    assert watched.shown() == ["studio-01  reading  0 s"]


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
    """Of what came in the last half minute, over all files of one push."""
    push = watched.progress.report_mac
    push("studio-01", "pushing a.whl", 30_000_000, 214_000_000)
    watched.now += 10
    push("studio-01", "pushing a.whl", 50_000_000, 214_000_000)
    assert watched.shown() == ["studio-01  pushing  23 %  50 MB of 214 MB  2 MB/s  10 s  a.whl"]
    watched.now += 10
    push("studio-01", "pushing b.whl", 130_000_000, 214_000_000)
    assert watched.shown() == ["studio-01  pushing  60 %  130 MB of 214 MB  5 MB/s  20 s  b.whl"]
    watched.now += 31
    push("studio-01", "pushing b.whl", 161_000_000, 214_000_000)
    assert "  1 MB/s  " in watched.shown()[0]


def test_a_file_that_comes_has_the_line_of_the_controller(watched):
    """While Macs go on; where its size is not known, the line has no size, and then it ends."""
    watched.progress.report_download("torch.whl", 0, 88_000_000)
    watched.now += 8
    watched.progress.report_download("torch.whl", 66_000_000, 88_000_000)
    watched.progress.report_mac("studio-01", "reading")
    controller, mac = watched.shown()
    assert controller.endswith("fetching  75 %  66 MB of 88 MB  8 MB/s  8 s  torch.whl")
    assert mac.split() == ["studio-01", "reading", "0", "s"]
    watched.progress.report_download("torch.whl", 88_000_000, 88_000_000)
    assert watched.shown() == ["studio-01  reading  0 s"]
    watched.progress.report_download("page.html", 17, 0)
    assert watched.shown()[0].endswith("fetching page.html  0 s")


def test_a_further_download_does_not_begin_the_rate_again(watched):
    """Its bytes are added to those of the other ones."""
    for done, total in ((0, 100_000_000), (50_000_000, 100_000_000), (60_000_000, 300_000_000)):
        watched.progress.report_download("2 files", done, total)
        watched.now += 5
    text = "fetching  20 %  60 MB of 300 MB  6 MB/s  15 s  2 files"
    assert watched.shown()[0].endswith(text)


def test_macs_that_could_not_be_read_are_one_line(watched):
    """However many there are, until the run ends."""
    watched.progress.begin(["a", "b", "c"])
    for name in "abc":
        watched.progress.report_done(name)
    watched.progress.report_unreachable(["a", "b"])
    watched.progress.begin(["c"])
    watched.progress.report_mac("c", "building torch")
    assert watched.shown() == ["c    building torch  0 s", "a b  ! 2 Macs unreachable"]


@pytest.mark.parametrize("height", [2, 3, 5, 12])
def test_no_more_is_drawn_than_the_terminal_is_high(height):
    """One line stays free for the cursor; what does not fit is counted."""
    watched = Watched(height)
    with watched.progress as progress:
        names = [f"studio-{number:02}" for number in range(40)]
        progress.begin(names)
        progress.announce("reading 40 Macs")
        for number, name in enumerate(names):
            progress.report_mac(name, f"building {number}")
        progress.report_download("torch.whl", 1, 88)
        shown = watched.shown()
    assert len(shown) == height - 1
    assert "fetching" in shown[0]
    assert height == 2 or shown[-1].endswith("more lines")


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
