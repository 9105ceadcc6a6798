"""A run by the server of tests/warm is what a fresh process of the command is."""

from __future__ import annotations

import os
import subprocess

import pytest
from fixed_catalog import PYTHON_M


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("choose", "--arch", "x86_64", "--macos", "12.7", "--python", "3.12", "--json"),
        ("check", "missing.yaml"),
        ("plan", "--no-such-option"),
    ],
)
def test_it_prints_and_ends_as_a_fresh_process_does(torchard, words):
    fresh = subprocess.run(
        [*PYTHON_M, "torchard", *words], capture_output=True, text=True, check=False
    )
    done = torchard(*words)
    assert (done.returncode, done.stdout, done.stderr) == (
        fresh.returncode,
        fresh.stdout,
        fresh.stderr,
    )


def test_a_variable_of_one_run_is_not_there_in_the_next(torchard, tmp_path):
    named = torchard("check", TORCHARD_LAB=str(tmp_path / "named.yaml"))
    assert "named.yaml" in named.stderr
    assert "TORCHARD_LAB" not in os.environ
    assert "named.yaml" not in torchard("check").stderr
