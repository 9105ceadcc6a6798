"""Who has which file open on a simulated Mac: `lsof`, the host's or the stand-in for it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from simlab import macs, stock
from simlab.spec import MacSpec

STAND_IN = [sys.executable, "-I", "-S", str(Path(stock.__file__).with_name("lsof.py"))]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A Mac."""
    spec = MacSpec("mac-1", "arm64", "15.1")
    return macs.build(tmp_path_factory.mktemp("open"), [spec])["mac-1"]


def of(lines: list[str], pid: int) -> set[str]:
    """Return the names that a listing has for one process."""
    start = lines.index(f"p{pid}")
    names = set()
    for line in lines[start + 1 :]:
        if line.startswith("p"):
            break
        if line.startswith("n"):
            names.add(line[1:])
    return names


@pytest.mark.parametrize(
    "tool",
    [
        "lsof",
        pytest.param(
            "stand-in",
            marks=pytest.mark.skipif(platform.system() != "Linux", reason="it reads /proc"),
        ),
    ],
)
def test_open_files_are_listed_by_process(root, tmp_path, tool):
    """Where it stands, and what it has open, of a process that runs; nothing of one that ended."""
    (tmp_path / "x y").write_text("")
    script = f"cd '{tmp_path}'; exec 5<'x y'; echo; read -r line"
    process = subprocess.Popen(
        ["/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"\n"

    def listed():
        command = STAND_IN if tool == "stand-in" else [str(root / "usr/sbin/lsof")]
        done = subprocess.run(
            [*command, "-n", "-P", "-w", "-F", "pn"], capture_output=True, text=True, check=False
        )
        return done.stdout.splitlines()

    there = listed()
    assert {str(tmp_path.resolve()), str(tmp_path.resolve() / "x y")} <= of(there, process.pid)
    assert f"p{os.getpid()}" in there
    process.communicate(b"\n")
    assert f"p{process.pid}" not in listed()


def test_options_that_no_mac_knows_are_refused(root):
    """There are no long ones."""
    done = macs.run(root, "lsof --help")
    assert done.returncode == 1
    assert "illegal option" in done.stderr
