"""The commands of the tutorial do what it says, on the simulated Macs that it starts."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
PROGRAM = ".venv/bin/torchard"


def read_commands():
    """Yield the words of each `torchard` command of the tutorial, and its exit code."""
    for block in re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[0] == PROGRAM:
                code = re.search(r"# exits with (\d)", line)
                yield words[1:], int(code[1]) if code else 0


@pytest.fixture
def lab(tmp_path, simlab_depot):
    """The two Macs of the tutorial."""
    assert "simlab up ~/orchard --macs 2\n" in TUTORIAL
    with SimLab(tmp_path / "orchard", 2, simlab_depot.root) as lab:
        yield lab


def test_the_commands_of_the_tutorial_do_what_it_says(lab, torchard):
    """Each ends with the exit code that the page names, after the edit that it asks for."""
    (wanted,) = re.findall(r"```yaml\n(.*?)```", TUTORIAL, re.DOTALL)
    added = next(line for line in wanted.splitlines() if "conda:" in line)
    commands = list(read_commands())
    assert len(commands) == 9
    for number, (words, code) in enumerate(commands):
        if number == 5:
            text = lab.lab_file.read_text(encoding="utf-8")
            python = '    python: "3.12"\n'
            assert python in text
            assert python in wanted
            edited = text.replace(python, f"{python}{added}\n", 1)
            lab.lab_file.write_text(edited, encoding="utf-8")
        done = torchard(*words, TORCHARD_LAB=str(lab.lab_file))
        assert done.returncode == code, (words, done.stdout, done.stderr)
