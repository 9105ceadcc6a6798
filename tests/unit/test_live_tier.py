"""The tests in tests/live ask a package index, so they run only where `-m live` asks for them."""

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
