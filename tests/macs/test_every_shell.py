"""All tests of the scripts, on simulated Macs whose `sh` is each shell that this machine has.

In every run of the tests each shell reads the probe, takes the lock, and does an installation with
two builds, a rollback and a removal (tests/unit/operations/test_injection.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import shells

from simlab.shell import VARIABLE

HERE = Path(__file__).parent
FILES = sorted(
    path.name
    for path in HERE.glob("test_s*.py")
    if path.name.startswith(("test_scripts_", "test_shell_files"))
)


@pytest.mark.nightly
@pytest.mark.parametrize("shell", shells.EVERY)
def test_every_script_does_its_work_under_every_shell(tmp_path, shell):
    """As a Mac's own sh: its scripts, its stand-ins for tools, conda and the installer."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FILES],
        cwd=HERE,
        env={**os.environ, VARIABLE: str(shells.link(tmp_path, shell))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
