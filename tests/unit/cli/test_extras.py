"""What a command prints if the extra that it needs is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("words", "missing", "said"),
    [
        (("torchard", "demo"), "asyncssh", "The demo needs asyncssh"),
        (("torchard", "demo"), "simlab", "The demo needs simlab"),
        (("simlab", "up", "nowhere"), "asyncssh", "Error: simlab needs asyncssh"),
    ],
)
def test_a_command_without_its_extra_says_what_to_install(words, missing, said):
    """In an installation that has only what real Macs need."""
    program = (
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name != {missing!r}:\n"
        "            return PathFinder.find_spec(name, path, target)\n"
        "sys.meta_path = [one for one in sys.meta_path if one is not PathFinder] + [Finder()]\n"
        f"from {words[0]}.cli{'' if words[0] == 'simlab' else '.main'} import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words[1:]],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"{said}, which this installation does not have.\n"
        "  Install Torchard with the extra: uv tool install './torchard-clone[demo]'\n"
    )
