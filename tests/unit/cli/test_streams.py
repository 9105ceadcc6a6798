"""Stdout and stderr that are closed or full: a sentence, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from torchard.cli import output
from torchard.errors import TorchardError
from torchard.plan.codec import plan_document
from torchard.plan.plan import Plan

ROOT = Path(__file__).parents[3]
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def run(*words, sends):
    """Run the command in a shell that sends its output somewhere; the streams of the shell stay."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {sends}', "sh", sys.executable, "-m", "torchard", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_full
@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("plan", "--help"),
        ("schema",),
        ("choose", "--arch", "arm64", "--macos", "15.1"),
        ("choose", "--arch", "arm64", "--macos", "15.1", "--json"),
    ],
    ids=" ".join,
)
def test_a_full_disk_is_a_sentence_and_exit_1(words):
    """Help, text and JSON are written in different ways."""
    done = run(*words, sends=">/dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "Stdout cannot be written: No space left on device.\n"
        "  Make room there, or send the output to another place.\n"
    )


@pytest.mark.parametrize("sends", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_as_dev_null(sends):
    """The command does its work, and its other streams have what they had."""
    words = ("choose", "--arch", "arm64", "--macos", "15.1")
    done = run(*words, sends=sends)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (">&-" not in sends.replace("2>&-", ""))


def test_no_file_that_is_opened_later_becomes_a_closed_stream(tmp_path):
    """With stdout closed, a file that a command writes would get what the command prints."""
    file = tmp_path / "schema.json"
    assert run("schema", "--out", str(file), sends=">&-").returncode == 0
    assert run("schema", sends="").stdout == file.read_text(encoding="utf-8")


@needs_full
def test_an_error_that_cannot_be_printed_is_still_exit_1():
    """There is no place left to say so."""
    done = run("check", "gone.yaml", sends="2>/dev/full")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_a_junit_file_is_written_before_anything_is_printed(tmp_path):
    """So a reader of stdout that ends early loses no file."""
    made = plan_document(Plan(()))
    for number, error in enumerate((BrokenPipeError, KeyboardInterrupt)):
        file = tmp_path / f"{number}.xml"
        with pytest.raises(error), output.writing_junit(made, file, tmp_path):
            raise error
        assert file.exists()


def test_a_result_is_printed_if_its_junit_file_cannot_be_written(tmp_path):
    """The error comes after it."""
    printed = []
    with (
        pytest.raises(TorchardError, match="cannot be written"),
        output.writing_junit(plan_document(Plan(())), tmp_path / "gone/x.xml", tmp_path),
    ):
        printed.append("the result")
    assert printed
