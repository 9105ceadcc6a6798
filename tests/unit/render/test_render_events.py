"""What a log gets of a run, where no terminal is: one line for each event."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace

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


def test_a_long_silence_is_broken_by_what_the_run_waits_for():
    """With how far it is; nothing is printed as long as other lines come, or a question waits."""
    now, stream = [100.0], StringIO()
    progress = EventProgress(stream, lambda: now[0])
    names = [f"studio-{number}" for number in range(1, 9)]
    progress.begin(names)
    progress.announce("reading 8 Macs")
    now[0] += 59
    progress.break_silence()
    progress.report_done("studio-1")
    now[0] += 1
    progress.break_silence()
    for name in names[2:]:
        progress.report_done(name)
    progress.report_mac("studio-2", "pushing torch.whl", 50_000_000, 200_000_000)
    now[0] += 60
    progress.pause()
    progress.break_silence()
    progress.resume()
    now[0] += 60
    progress.break_silence()
    first, at_once, transfer, later = stream.getvalue().splitlines()
    assert first == "[controller] reading 8 Macs"
    assert at_once == (
        "[controller] reading 8 Macs  1 min 0 s; 1 of 8 done, 1 min 0 s; waiting for studio-2,"
        " studio-3, studio-4, studio-5, studio-6 and 2 more"
    )
    assert transfer == "[studio-2] transferring 200 MB"
    assert later == (
        "[controller] 7 of 8 done, 3 min 0 s; waiting for studio-2 pushing  25 %  50 MB of 200"
        " MB  2 min 0 s  torch.whl"
    )


def test_the_watcher_looks_again_after_each_silence():
    """Until the run ends."""
    stream, now, waits = StringIO(), [100.0], []
    progress = EventProgress(stream, lambda: now[0])
    progress.announce("reading 1 Mac")

    def wait(seconds):
        waits.append(seconds)
        now[0] += seconds
        return len(waits) > 2

    progress._is_over = SimpleNamespace(wait=wait)
    progress._watch()
    assert waits == [60.0, 60.0, 60.0]
    assert len(stream.getvalue().splitlines()) == 3


def test_silence_about_nothing_stays():
    """A run that reports nothing has nothing to wait for; the watcher ends with the run."""
    stream, now = StringIO(), [100.0]
    with EventProgress(stream, lambda: now[0]) as progress:
        now[0] += 600
        progress.break_silence()
        progress.report_unreachable(["b", "a"])
    assert stream.getvalue() == "[controller] 2 Macs unreachable: a, b\n"
