"""Live tests ask a package index and nightly ones take long: they run only where asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_pytest_alone_runs_no_live_test():
    """The project's own options leave them out, and no module there has forgotten its mark."""
    options = ["-p", "no:cacheprovider", "--collect-only", "-q", "tests/live"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout + done.stderr
    assert done.stdout.startswith("\nno tests collected (")


def test_pytest_alone_runs_no_nightly_test():
    """The project's own options leave them out, and `-m nightly` finds them."""
    for options, found in ([], 2), (["-m", "nightly"], 6):
        words = [*options, "-p", "no:cacheprovider", "--collect-only", "-q"]
        words += ["tests/faults/test_stop_anywhere.py", "tests/faults/test_full_disk.py"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        names = {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}
        assert (done.returncode, len(names)) == (0, found), done.stdout + done.stderr
