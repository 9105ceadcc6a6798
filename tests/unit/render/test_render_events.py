"""What a log gets of a run, where no terminal is: one line for each event."""

from __future__ import annotations

from io import StringIO

from torchard.render.events import EventProgress


def test_every_event_is_one_line():
    """Of the controller, of each Mac, in the order in which they happen, with what it all took."""
    now, stream = [100.0], StringIO()
    progress = EventProgress(stream, lambda: now[0])
    progress.announce("reading 2 Macs")
    progress.report_mac("studio-01", "building torch")
    progress.report_mac("library-03", "installing Miniconda")
    now[0] += 61
    progress.report_mac("studio-01", "verifying torch")
    progress.pause()
    progress.resume()
    progress.report_end("studio-01", "done")
    progress.report_end("attic", "failed")
    assert stream.getvalue().splitlines() == [
        "[controller] reading 2 Macs",
        "[studio-01] building torch",
        "[library-03] installing Miniconda",
        "[studio-01] verifying torch",
        "[studio-01] done in 1 min 1 s",
        "[attic] failed in 0 s",
    ]


def test_bytes_are_printed_once():
    """A download is a line, and so is all that is sent to a Mac together."""
    stream = StringIO()
    progress = EventProgress(stream)
    for done in (0, 44_000_000, 88_000_000):
        progress.report_download("torch.whl", done, 88_000_000)
    progress.report_download("page.html", 17, 0)  # the size is not known, and it is small
    for file, done in (("a.whl", 0), ("a.whl", 30_000_000), ("b.whl", 130_000_000)):
        progress.report_mac("studio-01", f"fetching {file}", done, 214_000_000)
        progress.report_mac("studio-01", f"pushing {file}", done, 214_000_000)
    progress.report_mac("studio-01", "building torch")
    progress.report_mac("studio-01", "building torch")
    assert stream.getvalue().splitlines() == [
        "[controller] fetching torch.whl, 88 MB",
        "[studio-01] transferring 214 MB",
        "[studio-01] building torch",
    ]


def test_a_name_or_a_message_from_outside_makes_no_line_of_its_own():
    """Control characters are written out."""
    stream = StringIO()
    progress = EventProgress(stream)
    progress.report_mac("a\nb", "reading\x1b[2J")
    assert stream.getvalue() == "[a\\nb] reading\\x1b[2J\n"
