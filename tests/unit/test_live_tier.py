"""Live tests ask a package index and nightly ones take long: they run only where asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("options", "found"), [([], 2), (["-m", "nightly"], 9)])
def test_pytest_alone_runs_no_live_and_no_nightly_test(options, found):
    """The project's own options leave both out, and `-m nightly` finds the nightly ones.

    A module of tests/live that has forgotten its mark would be collected.
    """
    words = [*options, "-p", "no:cacheprovider", "--collect-only", "-q", "tests/live"]
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
    assert not [name for name in names if name.startswith("tests/live")]
