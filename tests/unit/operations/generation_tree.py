"""A generation with packages of conda and a wheel, in which a person may make something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from torchard.operations import script_text

if TYPE_CHECKING:
    from pathlib import Path

SITE = "lib/python3.12/site-packages"


def start(program: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a program of Torchard's as a Mac does."""
    text = f"import sys; exec(sys.argv.pop(1)){'; sys.stdout.flush()'}"
    python = [sys.executable, "-I", "-S", "-c", text, script_text.read_program(program)]
    return subprocess.run(
        [*python, *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )


def write(root: Path, name: str, text: str | bytes = "text\n") -> Path:
    """Write a file of a tree."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def conda(root: Path, name: str, *names: str, channel: str = "conda-forge") -> None:
    """Install a package of conda."""
    for one in names:
        write(root, one)
    record = {"name": name, "files": list(names), "channel": channel}
    write(root, f"conda-meta/{name}-1.0-h_0.json", json.dumps(record))


def wheel(root: Path, name: str, *names: str, **origin: object) -> None:
    """Install a wheel as pip does; `origin` is its direct_url.json."""
    folder = f"{SITE}/{name}-1.0.dist-info"
    listed = [f"{folder}/METADATA", f"{folder}/RECORD", *names]
    if origin:
        listed.append(f"{folder}/direct_url.json")
        write(root, listed[-1], json.dumps(origin))
    for one in [f"{folder}/METADATA", *names]:
        write(root, one)
    rows = (os.path.relpath(one, SITE) for one in listed)
    write(root, f"{folder}/RECORD", "".join(f"{one},,\n" for one in rows))


def build(path: Path, environment: str = "torch") -> Path:
    """Make what a build leaves: packages, files that no record names, our own files, a stamp."""
    conda(path, "python", "bin/python", "lib/libpython3.12.dylib", "etc/package.conf")
    wheel(path, "torch", f"{SITE}/torch/__init__.py", "bin/torchrun", "share/torch/readme.txt")
    for name in ("conda-meta/history", ".condarc", "etc/fonts/made-by-a-post-link-script"):
        write(path, name)
    write(path, f"{SITE}/torch/__pycache__/__init__.cpython-312.pyc")
    grow_old(path)
    done = start("carry_over.py", "list", path)
    assert (done.returncode, done.stderr) == (0, "")
    write(path, ".torchard.json", json.dumps({"environment": environment, "verification": {}}))
    return path


def grow_old(path: Path) -> None:
    """Make every file look a day old, as a generation that people have worked in."""
    for one in path.rglob("*"):
        if not one.is_symlink():
            os.utime(one, (time.time() - 86400, time.time() - 86400))


def look(path: Path, *others: Path, after: Path | None = None, half: bool = False) -> Any:
    """Return what a person made in a generation, as a plan asks."""
    question = {
        "path": str(path),
        "next": str(after or ""),
        "others": list(map(str, others)),
        "half": half,
    }
    done = start("describe_own_files.py", 60, json.dumps([question]))
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)[str(path)]


def carry(kit: Path, before: Path, path: Path, link: str = "/envs/torch") -> None:
    """Carry a person's files over, as a build does."""
    write(kit, "kit.json", json.dumps({"stamp": {"environment": "torch"}}))
    done = start("carry_over.py", "copy", kit, before, path, link)
    assert (done.returncode, done.stderr) == (0, "")


def tree(path: Path) -> set[str]:
    """Return the files and links of a tree."""
    return {
        str(one.relative_to(path))
        for one in path.rglob("*")
        if one.is_symlink() or not one.is_dir()
    }
