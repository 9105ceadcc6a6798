"""A command on this very Mac is read within bounds, and ended with all that it started."""

from __future__ import annotations

import os

import pytest

from torchard.remote import output
from torchard.remote.limits import Limit, count_seconds
from torchard.remote.output import run_local_process


def test_what_a_command_prints_is_kept_line_by_line():
    """Both streams, bytes that are not UTF-8, and a last line without its end."""
    script = "printf 'one\\n\\377two\\nthree'; printf 'wrong\\005\\n' >&2; exit 3"
    status, printed = run_local_process(script)
    assert status == 3
    assert printed.stdout_lines == ["one", "\\xfftwo", "three"]
    assert printed.stderr_lines == ["wrong"]


@pytest.mark.parametrize("command", ["yes", "yes | tr -d '\\n'", "yes '' >&2"])
def test_a_command_that_never_stops_printing_is_ended(monkeypatch, command):
    """Short lines, one line without end, or on stderr: what is kept stays small."""
    monkeypatch.setattr(output, "MOST_BYTES", 300_000)
    status, printed = run_local_process(f"echo $$; {command}")
    assert (status, printed.stdout_lines) == (-1, [])
    assert printed.stderr == output.TOO_MUCH


def test_a_command_whose_time_is_over_is_ended_with_what_it_started(tmp_path, monkeypatch):
    """One that ignores SIGTERM as well as its child."""
    monkeypatch.setattr(output, "_GRACE", 0.5)
    held = tmp_path / "held"
    os.mkfifo(held)
    reading = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    command = f"exec 9>{held}; (trap '' TERM; sleep 600) & wait"
    status, printed = run_local_process(command, timeout=Limit(1, "it took too long"))
    assert (status, printed.output) == (-1, "it took too long")
    os.set_blocking(reading, True)
    assert os.read(reading, 1) == b""  # nobody holds it open any more
    os.close(reading)


def test_a_silent_command_may_print_as_long_as_it_likes():
    """A limit of silence begins again at each sign of life."""
    command = "for i in 1 2 3 4; do sleep 0.5; printf '\\005' >&2; done; echo done"
    limit = Limit(1, "it was silent", is_silence=True)
    assert run_local_process(command, timeout=limit)[1].output == "done"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (60, "60 seconds"), (90, "90 seconds"), (900, "15 minutes")],
)
def test_a_time_has_the_units_of_a_person(seconds, words):
    """A limit that a message names is read as it was written."""
    assert count_seconds(seconds) == words
