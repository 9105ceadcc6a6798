"""Wheels are divided among several pips, if they are worth their start."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from torchard.operations.scripts import pip_runs
from torchard.operations.scripts.pip_runs import FailedError, Processes, plan_runs, read_name
from torchard.operations.scripts.wheel_files import Wheel


def make(folder: Path, name: str, files: int, *shared: str, is_plain: bool = True) -> Wheel:
    """Return a wheel with so many files, those at the `shared` paths included."""
    names = [f"site/{name}/f{number}" for number in range(files - len(shared))]
    paths = dict.fromkeys([*names, *shared], "sha256")
    archive = folder / name
    archive.write_bytes(b"")
    info = f"{name}-1.0.dist-info"
    return Wheel(name, str(archive), info, {**paths}, paths, frozenset(), is_plain)


def divide(
    wheels: list[Wheel], *installed: str, cores: int = 8
) -> tuple[list[list[str]], list[str]]:
    """Return the names of the wheels of each pip, and of the last one."""
    runs = plan_runs(wheels, installed, cores)
    return [[one.sha256 for one in run] for run in runs.at_once], [one.sha256 for one in runs.last]


@pytest.fixture(autouse=True)
def worth(monkeypatch):
    """A pip is worth its start for ten files."""
    monkeypatch.setattr(pip_runs, "FILES", 10)


def test_pips_get_about_the_same_work(tmp_path):
    """The largest wheels are given out first."""
    sizes = {"a": 3, "b": 20, "c": 4, "d": 10, "e": 6}
    wheels = [make(tmp_path, name, size) for name, size in sizes.items()]
    assert divide(wheels, cores=2) == ([["b", "a"], ["d", "e", "c"]], [])
    assert divide(wheels, cores=1) == ([["b", "d", "e", "c", "a"]], [])
    assert len(divide(wheels)[0]) == 4


def test_one_pip_installs_few_files(tmp_path):
    """Another one would start longer than it works. Without a wheel, none starts."""
    assert divide([make(tmp_path, name, 9) for name in "ab"]) == ([["a", "b"]], [])
    assert divide([]) == ([], [])


def test_a_large_archive_counts_as_many_files(tmp_path):
    """It has to be read and unpacked."""
    wheels = [make(tmp_path, name, 1) for name in "ab"]
    Path(wheels[0].archive).write_bytes(bytes(20 * pip_runs.FILE_BYTES))
    assert divide(wheels) == ([["a"], ["b"]], [])


def test_what_only_one_pip_may_install_comes_last(tmp_path):
    """A common path, a project that is replaced, pip itself, and what only pip can read."""
    wheels = [
        make(tmp_path, "a", 40),
        make(tmp_path, "tests1", 20, "site/Tests/x"),
        make(tmp_path, "tests2", 20, "site/tests/x"),
        make(tmp_path, "Ruamel_Yaml", 20),
        make(tmp_path, "headers", 20, is_plain=False),
        make(tmp_path, "setuptools", 20),
        make(tmp_path, "pip", 20),
        make(tmp_path, "b", 40),
    ]
    runs, last = divide(wheels, "ruamel-yaml")
    assert sorted(runs[:2]) == [["a"], ["b"]]
    assert last == ["tests1", "tests2", "Ruamel_Yaml", "headers", "setuptools", "pip"]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("ruamel.yaml-0.18.dist-info", "ruamel-yaml"),
        ("Pillow-11.0-py3.12.egg-info", "pillow"),
        ("old_one.egg-info", "old-one"),
    ],
)
def test_a_folder_names_its_project(folder, name):
    """As pip compares names."""
    assert read_name(folder) == name


def test_the_first_pip_that_fails_is_the_one_that_is_reported(tmp_path, monkeypatch, capfd):
    """The others are ended. They print nothing, and nothing more starts."""
    monkeypatch.setattr(pip_runs, "PIP", ("-c", "import sys; exec(open(sys.argv[-1]).read())"))
    texts = {
        "slow": "import time; print('begun', flush=True); time.sleep(600)",
        "bad": "print('no such wheel'); sys.exit(7)",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    processes, codes = Processes(), []

    def run_slow():
        with pytest.raises(FailedError) as failed:
            processes.run_pip(str(tmp_path), str(tmp_path / "slow"))
        codes.append(failed.value.code)

    thread = threading.Thread(target=run_slow)
    thread.start()
    with pytest.raises(FailedError) as failed:
        processes.run_pip(str(tmp_path), str(tmp_path / "bad"))
    processes.stop()
    thread.join(60)
    assert (failed.value.code, codes) == (7, [7])
    with pytest.raises(FailedError):
        processes.run([sys.executable, "-c", "pass"])
    said = [line for line in capfd.readouterr().out.splitlines() if not line.startswith("+ ")]
    assert said == ["no such wheel"]


def test_a_pip_that_a_signal_ended_fails_as_in_a_shell(tmp_path, monkeypatch):
    """run_lock.sh explains 153, a file that is too large for the account's limit."""
    text = "import os, signal; signal.signal(25, signal.SIG_DFL); os.kill(os.getpid(), 25)"
    monkeypatch.setattr(pip_runs, "PIP", ("-c", text))
    with pytest.raises(FailedError) as failed:
        Processes().run_pip(str(tmp_path), str(tmp_path / "none"))
    assert failed.value.code == 153
