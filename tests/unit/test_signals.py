"""The tests give the same results under nohup, and in a shell's background."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
STARTER = f"""
import signal, subprocess, sys
sys.path.insert(0, {str(TESTS)!r})
import signals
number = getattr(signal, sys.argv[1])
signal.signal(number, signal.SIG_IGN)
signals.restore()
signal.raise_signal(number)
print(subprocess.run(["/bin/sh", "-c", f"kill -{{int(number)}} $$"]).returncode == -number)
"""


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"])
def test_a_signal_that_the_starter_ignores_still_ends_what_a_test_starts(name):
    """The process of the tests goes on ignoring it."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", STARTER, name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
