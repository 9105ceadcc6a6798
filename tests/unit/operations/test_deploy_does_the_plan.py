"""An apply does what the plan says, with either command, and then nothing is left to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from profiles import examples

MODEL = Path(__file__).parent / "model_mac.py"
PAIRS = examples(150)  # of a Mac and a lab; as many again in the other way


@pytest.mark.parametrize("how", ["session", "stock"])
def test_an_apply_does_just_the_plans_steps(how):
    """The real deploy.py, by `torchard apply` and by pyinfra's own dry run and run.

    In a process of its own: pyinfra patches the standard library.
    """
    done = subprocess.run(
        [sys.executable, str(MODEL), str(PAIRS), how],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=MODEL.parents[3],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(MODEL.parents[3])},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout) > PAIRS // 4  # with something to do
