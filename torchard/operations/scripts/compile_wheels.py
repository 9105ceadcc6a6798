"""Compile modules of wheels on all cores: a program imports this. It runs on a Mac.

pip compiles in one process, which takes most of its time. As with pip, a module that does not
compile stays without byte code: templates for other programs end in .py too. Each process ends by
itself once its modules are compiled. So none is left that waits for another one which was killed,
as in a pool of processes: the next run would wait for it.
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

if TYPE_CHECKING:
    from collections.abc import Iterable

FEWEST = 200  # modules that are worth another process
PART = "part"  # the argument of such a process


def compile_modules(paths: Iterable[str]) -> None:
    """Compile modules that have no valid byte code, and say nothing of those that cannot be."""
    # By time and size, as pip does, whatever SOURCE_DATE_EPOCH says.
    mode = py_compile.PycInvalidationMode.TIMESTAMP
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths:
            compileall.compile_file(path, quiet=2, invalidation_mode=mode)


def compile_all(paths: Iterable[str]) -> None:
    """Compile modules, on all cores if there are many.

    The program that calls this has to call `compile_part` if its only argument is `part`.
    """
    sized = [(os.lstat(path).st_size, path) for path in paths if os.path.isfile(path)]
    modules = [path for _, path in sorted(sized, reverse=True)]
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
    command = [sys.executable, "-I", "-S", sys.argv[0], PART]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    with contextlib.suppress(BrokenPipeError), cast("IO[bytes]", process.stdin) as stdin:
        stdin.write(b"".join(os.fsencode(path) + b"\0" for path in part))
    return process


def compile_part() -> None:
    """Compile the modules whose paths stdin has, each with a NUL at its end."""
    compile_modules(map(os.fsdecode, sys.stdin.buffer.read().split(b"\0")[:-1]))
