"""The modules of wheels are compiled, on all cores."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from generation_tree import SITE, write

from torchard.operations import script_text
from torchard.operations.scripts import compile_wheels


def find_code(root: Path, module: str) -> Path:
    """Return where the byte code of a module in site-packages lies."""
    return Path(importlib.util.cache_from_source(root / SITE / module))


def test_a_module_has_byte_code_of_its_time_and_size(tmp_path):
    """Python does not read the module again as long as both are the same."""
    module = write(tmp_path, f"{SITE}/torch/__init__.py", "one = 1\n")
    compile_wheels.compile_all([str(module)])
    about = int(module.stat().st_mtime).to_bytes(4, "little") + (8).to_bytes(4, "little")
    head = find_code(tmp_path, "torch/__init__.py").read_bytes()[:16]
    assert head == importlib.util.MAGIC_NUMBER + bytes(4) + about


def test_a_file_that_is_not_python_stays_without_byte_code(tmp_path, capfd):
    """Wheels have templates for other programs, and tests of wrong syntax and wrong encoding."""
    texts = {"template": b"print {{ name }}\n", "latin": b"\xe9 = 1\n", "good": b"x = '\\d'\n"}
    paths = [write(tmp_path, f"{SITE}/torch/{name}.py", text) for name, text in texts.items()]
    compile_wheels.compile_all([*map(str, paths), str(tmp_path / "missing.py")])
    assert [one.name.partition(".")[0] for one in tmp_path.rglob("*.pyc")] == ["good"]
    assert capfd.readouterr() == ("", "")


def make_modules(root: Path, count: int) -> tuple[list[str], list[Path]]:
    """Write many modules; return their paths, and where their byte code belongs."""
    names = [f"torch/m{number}.py" for number in range(count)]
    paths = [str(write(root, f"{SITE}/{name}", "")) for name in names]
    return paths, [find_code(root, name) for name in names]


def test_many_modules_are_compiled_by_several_processes(tmp_path, monkeypatch):
    """Each compiles a part, and none is left."""
    modules, codes = make_modules(tmp_path / "torch", 7)
    program = write(tmp_path, "part.py", script_text.read_program("finish_wheels.py"))
    started = []
    real = compile_wheels.start_part

    def note(part):
        started.append((real(part), part))
        return started[-1][0]

    monkeypatch.setattr(compile_wheels, "FEWEST", 2)
    monkeypatch.setattr(compile_wheels, "start_part", note)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr(sys, "argv", [str(program)])
    compile_wheels.compile_all(modules)
    assert [len(part) for _, part in started] == [2, 2]
    assert [process.returncode for process, _ in started] == [0, 0]
    assert all(map(Path.exists, codes))


@pytest.mark.parametrize("how", ["cannot start", "is killed"])
def test_what_a_process_did_not_compile_is_compiled_by_the_first(tmp_path, monkeypatch, how):
    """An account has a limit of processes, and macOS ends some when memory is short."""
    modules, codes = make_modules(tmp_path, 4)

    def start(part):
        if how == "cannot start":
            raise BlockingIOError(35, "Resource temporarily unavailable")
        return subprocess.Popen(["sh", "-c", "kill -9 $$"])

    monkeypatch.setattr(compile_wheels, "FEWEST", 2)
    monkeypatch.setattr(compile_wheels, "start_part", start)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    compile_wheels.compile_all(modules)
    assert all(map(Path.exists, codes))
