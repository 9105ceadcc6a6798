"""The modules of wheels are compiled, in several processes if there are many."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from generation_tree import SITE, write

from torchard.operations import script_text
from torchard.operations.scripts import compile_wheels
from torchard.operations.scripts.compile_wheels import (
    compile_apart,
    compile_modules,
    split_modules,
)


def find_code(root: Path, module: str) -> Path:
    """Return where the byte code of a module in site-packages lies."""
    return Path(importlib.util.cache_from_source(root / SITE / module))


def test_a_module_has_byte_code_of_its_time_and_size(tmp_path):
    """Python does not read the module again as long as both are the same."""
    module = write(tmp_path, f"{SITE}/torch/__init__.py", "one = 1\n")
    compile_modules([str(module)])
    about = int(module.stat().st_mtime).to_bytes(4, "little") + (8).to_bytes(4, "little")
    head = find_code(tmp_path, "torch/__init__.py").read_bytes()[:16]
    assert head == importlib.util.MAGIC_NUMBER + bytes(4) + about


def test_a_file_that_is_not_python_stays_without_byte_code(tmp_path, capfd):
    """Wheels have templates for other programs, and tests of wrong syntax and wrong encoding."""
    texts = {"template": b"print {{ name }}\n", "latin": b"\xe9 = 1\n", "good": b"x = '\\d'\n"}
    paths = [write(tmp_path, f"{SITE}/torch/{name}.py", text) for name, text in texts.items()]
    compile_modules(map(str, paths))
    assert [one.name.partition(".")[0] for one in tmp_path.rglob("*.pyc")] == ["good"]
    assert capfd.readouterr() == ("", "")


def make_modules(root: Path, count: int) -> tuple[list[str], list[Path]]:
    """Write modules, each larger than the one before; return them, and where their code belongs."""
    names = [f"torch/m{number}.py" for number in range(count)]
    paths = [str(write(root, f"{SITE}/{one}", "#" * n)) for n, one in enumerate(names)]
    return paths, [find_code(root, name) for name in names]


def test_many_modules_are_divided_by_their_size(tmp_path, monkeypatch):
    """A file that is gone, and too few modules for another process, make no part."""
    paths, _ = make_modules(tmp_path, 5)
    monkeypatch.setattr(compile_wheels, "FEWEST", 2)
    missing = str(tmp_path / "missing.py")
    assert split_modules([*paths, missing], 8) == [
        [paths[4], paths[2], paths[0]],
        [paths[3], paths[1]],
    ]
    assert split_modules(paths, 1) == [paths[::-1]]
    assert split_modules([], 8) == [[]]


def test_a_large_part_is_compiled_by_a_process_of_its_own(tmp_path, monkeypatch):
    """A small one is not worth a process."""
    modules, codes = make_modules(tmp_path / "torch", 3)
    program = write(tmp_path, "part.py", script_text.read_program("install_wheels.py"))
    started = []

    def run(command, given):
        started.append(command)
        done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=True)
        return done.returncode, done.stdout + done.stderr

    monkeypatch.setattr(compile_wheels, "FEWEST", 2)
    monkeypatch.setattr(sys, "argv", [str(program)])
    compile_apart(modules[:1], run)
    assert [code.exists() for code in codes] == [True, False, False]
    assert started == []
    compile_apart(modules[1:], run)
    assert len(started) == 1
    assert all(map(Path.exists, codes))


@pytest.mark.parametrize("how", ["cannot start", "is killed"])
def test_what_a_process_did_not_compile_is_compiled_here(tmp_path, monkeypatch, how):
    """An account has a limit of processes, and macOS ends some when memory is short."""
    modules, codes = make_modules(tmp_path, 4)

    def run(command, given):
        if how == "cannot start":
            raise BlockingIOError(35, "Resource temporarily unavailable")
        return -9, b""

    monkeypatch.setattr(compile_wheels, "FEWEST", 2)
    compile_apart(modules, run)
    assert all(map(Path.exists, codes))
