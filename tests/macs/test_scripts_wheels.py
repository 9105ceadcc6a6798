"""Several pips install the wheels of a build. They are real."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from orchard import Orchard

from simlab import processes
from torchard.operations import script_text

if TYPE_CHECKING:
    from pathlib import Path

SITE = "lib/python3.12/site-packages"
WHEELS = {
    "apple": {
        "apple/__init__.py": b"def main():\n    print('an apple')\n",
        "fruit/apple.py": b"one = 1\n",
        "apple-1.0.dist-info/entry_points.txt": b"[console_scripts]\napple = apple:main\n",
    },
    "pear": {
        "pear.py": b"two = 2\n",
        "fruit/pear.py": b"three = 3\n",
        "pear-1.0.data/scripts/peel": b"#!python\nimport pear\n",
        "pear-1.0.data/data/share/pear.txt": b"A pear a day.\n",
    },
    "plum": {"plum.py": b"four = 4\n", "tests/same.py": b"five = 5\n"},
    "quince": {"quince.py": b"six = 6\n", "tests/same.py": b"seven = 7\n"},
}
BAD = {"bad.py": b"", "bad-1.0.dist-info/entry_points.txt": b"[console_scripts]\nbad = bad\n"}


@pytest.fixture(scope="module")
def orchard(tmp_path_factory, simlab_depot, plain_lock):
    """A Mac with Miniconda, and the wheels."""
    made = Orchard(tmp_path_factory.mktemp("wheels"), simlab_depot, plain_lock)
    made.wheels = [made.make(name, files) for name, files in WHEELS.items()]
    yield made
    made.mac.end()


@pytest.fixture
def several(orchard, monkeypatch):
    """Let a pip be worth its start for one file, on a Mac with many cores; share nothing.

    Return what is replaced in the scripts.
    """
    replaced = {"FILES = 4000": "FILES = 1", "os.cpu_count() or 1": "8"}

    def read_script(name: str) -> str:
        text = real(name)
        for old, new in replaced.items():
            text = text.replace(old, new)
        return text

    real = script_text.read_script
    monkeypatch.setattr(script_text, "read_script", read_script)
    for notes in orchard.mac.torchard.glob("kits/*/wheel-files"):
        notes.unlink()
    return replaced


def read_environment(path: Path) -> dict[str, tuple[bytes, int]]:
    """Return the content and the mode of each file, without the path of the generation."""
    found = [one for one in path.rglob("*") if one.is_file() and not one.is_symlink()]
    return {
        one.relative_to(path).as_posix(): (
            one.read_bytes().replace(os.fsencode(path), b"GENERATION"),
            one.stat().st_mode,
        )
        for one in found
        if one.suffix != ".pyc" and (one.is_relative_to(path / SITE) or one.parent.name == "bin")
    }


def without_records(files):
    """Leave out the files whose hashes are those of scripts that name the generation."""
    return {name: one for name, one in files.items() if not name.endswith(".dist-info/RECORD")}


def test_several_pips_install_what_one_installs(orchard, request):
    """Every file is the same, also of the wheels that share a path."""
    one = orchard.build("one", *orchard.wheels)
    assert orchard.read_log(one).count("-m pip install") == 2  # one more for those two
    request.getfixturevalue("several")
    other = orchard.build("several", *orchard.wheels)
    log = orchard.read_log(other)
    assert "0 wheels are shared, 4 are left to pip" in log
    assert log.count("-m pip install") == 3
    expected, found = read_environment(one), read_environment(other)
    assert without_records(found) == without_records(expected)
    assert found.keys() == expected.keys()
    assert f"{SITE}/tests/same.py" in found
    codes = [{code.relative_to(path) for code in path.rglob("*.pyc")} for path in (one, other)]
    assert codes[0] == codes[1]
    assert any(code.name.startswith("apple.") for code in codes[1])


def test_the_pip_that_fails_is_reported(orchard, several):
    """Nothing of its generation stays, and the next build does without the wheel."""
    bad = orchard.make("bad", BAD)
    done = orchard.mac.run(orchard.prepare(orchard.lock("failing", *orchard.wheels[:2], bad)))
    assert done.returncode == 1
    assert "Invalid script entry point" in done.stderr
    assert "the wheels could not be installed into" in done.stderr
    assert_nothing_left(orchard, "failing")
    path = orchard.build("failing", *orchard.wheels[:2])
    assert orchard.mac.run(f"'{path}/bin/apple'").stdout == "an apple\n"


def test_what_a_killed_program_had_started_is_ended(orchard, several, tmp_path):
    """A pip that goes on would write into what the run removes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = "[sys.executable, *words]"
    several[command] = f"""["sh", "-c", "echo $PPID >'{pipe}'; exec sleep 600"]"""
    process = orchard.mac.start(orchard.prepare(orchard.lock("killed", *orchard.wheels)))
    program = int(pipe.read_text().split()[0])
    os.kill(program, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the wheels could not be installed into" in errors
    assert_nothing_left(orchard, "killed")
    several[command] = command
    assert orchard.build("killed", *orchard.wheels)


def assert_nothing_left(orchard, environment: str) -> None:
    """Neither a process, nor a part of a generation."""
    assert processes.running(str(orchard.mac.root)) == [1]  # launchd
    generations = orchard.mac.torchard / "generations"
    assert [one for one in generations.iterdir() if environment in one.name] == []
