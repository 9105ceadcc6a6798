"""The modules of wheels are compiled, on all cores, and nothing else is."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from generation_tree import SITE, conda, wheel, write

from torchard.operations import script_text
from torchard.operations.scripts import compile_wheels


def find_code(root: Path, module: str) -> Path:
    """Return where the byte code of a module in site-packages lies."""
    return Path(importlib.util.cache_from_source(root / SITE / module))


def compile_all(root: Path, kit: Path) -> None:
    """Run the program as a build does."""
    program = write(kit, "compile_wheels.py", script_text.read_program("compile_wheels.py"))
    command = [sys.executable, "-I", "-S", program, root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_modules_of_wheels_have_byte_code_of_their_time_and_size(tmp_path):
    """Scripts, modules of conda and other files have none."""
    root = tmp_path / "torch"
    wheel(root, "torch", f"{SITE}/torch/__init__.py", f"{SITE}/torch/lib.so", "bin/convert.py")
    conda(root, "pip", f"{SITE}/pip/__init__.py")
    for name in ("torch/__init__.py", "pip/__init__.py"):
        write(root, f"{SITE}/{name}", "one = 1\n")
    compile_all(root, tmp_path)
    module = root / SITE / "torch/__init__.py"
    about = int(module.stat().st_mtime).to_bytes(4, "little") + (8).to_bytes(4, "little")
    head = find_code(root, "torch/__init__.py").read_bytes()[:16]
    assert head == importlib.util.MAGIC_NUMBER + bytes(4) + about
    assert [one.name for one in root.rglob("*.pyc")] == [find_code(root, "torch/__init__.py").name]


def test_a_file_that_is_not_python_stays_without_byte_code(tmp_path):
    """Wheels have templates for other programs, and tests of wrong syntax and wrong encoding."""
    names = [f"{SITE}/torch/{name}.py" for name in ("template", "latin", "good")]
    wheel(tmp_path, "torch", *names)
    for name, text in zip(
        names, (b"print {{ name }}\n", b"\xe9 = 1\n", b"x = '\\d'\n"), strict=True
    ):
        write(tmp_path, name, text)
    compile_all(tmp_path, tmp_path / "kit")
    assert not find_code(tmp_path, "torch/template.py").exists()
    assert not find_code(tmp_path, "torch/latin.py").exists()
    assert find_code(tmp_path, "torch/good.py").exists()


def make_modules(root: Path, count: int) -> list[Path]:
    """Install a wheel with many modules; return where their byte code belongs."""
    names = [f"torch/m{number}.py" for number in range(count)]
    wheel(root, "torch", *(f"{SITE}/{name}" for name in names))
    for name in names:
        write(root, f"{SITE}/{name}", "")
    return [find_code(root, name) for name in names]


def test_many_modules_are_compiled_by_several_processes(tmp_path, monkeypatch):
    """Each compiles a part, and none is left."""
    codes = make_modules(tmp_path / "torch", 7)
    program = write(tmp_path, "part.py", script_text.read_program("compile_wheels.py"))
    started = []
    real = compile_wheels.start_part

    def note(part):
        started.append((real(part), part))
        return started[-1][0]

    monkeypatch.setattr(compile_wheels, "FEWEST", 2)
    monkeypatch.setattr(compile_wheels, "start_part", note)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr(sys, "argv", [str(program)])
    compile_wheels.compile_wheels(str(tmp_path / "torch"))
    assert [len(part) for _, part in started] == [2, 2]
    assert [process.returncode for process, _ in started] == [0, 0]
    assert all(map(Path.exists, codes))


@pytest.mark.parametrize("how", ["cannot start", "is killed"])
def test_what_a_process_did_not_compile_is_compiled_by_the_first(tmp_path, monkeypatch, how):
    """An account has a limit of processes, and macOS ends some when memory is short."""
    codes = make_modules(tmp_path, 4)

    def start(part):
        if how == "cannot start":
            raise BlockingIOError(35, "Resource temporarily unavailable")
        return subprocess.Popen(["sh", "-c", "kill -9 $$"])

    monkeypatch.setattr(compile_wheels, "FEWEST", 2)
    monkeypatch.setattr(compile_wheels, "start_part", start)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    compile_wheels.compile_wheels(str(tmp_path))
    assert all(map(Path.exists, codes))
