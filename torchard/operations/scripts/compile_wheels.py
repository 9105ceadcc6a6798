"""Compile the modules of an environment's wheels. Runs on a Mac, with that environment's python.

PATH       compile each module of a wheel in the environment at PATH that has no valid byte code
- part     compile the modules whose paths stdin has, each with a NUL at its end

It starts as `python -I -S`. pip compiles in one process, which takes most of its time. As with pip,
a module that does not compile stays without byte code: templates for other programs end in .py too.
Each process ends by itself once its modules are compiled. So none is left that waits for another
one which was killed, as in a pool of processes: the next run would wait for it.
"""

from __future__ import annotations

import compileall
import contextlib
import os
import py_compile
import subprocess
import sys
import warnings
from typing import IO, TYPE_CHECKING, cast

from torchard.operations.scripts.check_files import Sizes, read_packages

if TYPE_CHECKING:
    from collections.abc import Iterable

FEWEST = 200  # modules that are worth another process


def list_modules(root: str) -> list[str]:
    """Return the paths of the modules that wheels brought, the largest first, without scripts."""
    paths = {
        os.path.join(root, path)
        for package in read_packages(root, Sizes())
        if package.source == "wheel"
        for _, path in package.files
        if path.endswith(".py") and not path.startswith("bin/")
    }
    sized = [(os.lstat(path).st_size, path) for path in paths if os.path.isfile(path)]
    return [path for _, path in sorted(sized, reverse=True)]


def compile_modules(paths: Iterable[str]) -> None:
    """Compile modules that have no valid byte code, and say nothing of those that cannot be."""
    # By time and size, as pip does, whatever SOURCE_DATE_EPOCH says.
    mode = py_compile.PycInvalidationMode.TIMESTAMP
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths:
            compileall.compile_file(path, quiet=2, invalidation_mode=mode)


def compile_wheels(root: str) -> None:
    """Compile the modules of all wheels, on all cores if there are many."""
    modules = list_modules(root)
    most = max(1, min(os.cpu_count() or 1, len(modules) // FEWEST))
    own, *parts = (modules[first::most] for first in range(most))
    started = []
    for part in parts:
        try:
            process = start_part(part)
        except OSError:  # the account has as many processes as it may
            own += part
        else:
            started.append((process, part))
    compile_modules(own)
    for process, part in started:
        if process.wait() != 0:
            compile_modules(part)


def start_part(part: list[str]) -> subprocess.Popen[bytes]:
    """Start a process that compiles a part of the modules. Raise OSError if none can start."""
    command = [sys.executable, "-I", "-S", sys.argv[0], "-", "part"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    with contextlib.suppress(BrokenPipeError), cast("IO[bytes]", process.stdin) as stdin:
        stdin.write(b"".join(os.fsencode(path) + b"\0" for path in part))
    return process


if __name__ == "__main__":
    if sys.argv[2:] == ["part"]:
        compile_modules(map(os.fsdecode, sys.stdin.buffer.read().split(b"\0")[:-1]))
    else:
        compile_wheels(sys.argv[1])
