"""Compile modules of wheels in several processes: a program imports this. It runs on a Mac.

pip compiles in one process, which takes most of its time. As with pip, a module that does not
compile stays without byte code: templates for other programs end in .py too.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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


def split_modules(paths: Iterable[str], most: int) -> list[list[str]]:
    """Return modules in at most so many parts that take about the same time."""
    sized = [(os.lstat(path).st_size, path) for path in paths if os.path.isfile(path)]
    modules = [path for _, path in sorted(sized, reverse=True)]
    count = max(1, min(most, len(modules) // FEWEST))
    return [modules[first::count] for first in range(count)]


def compile_apart(part: list[str], run: Callable[[list[str], bytes], tuple[int, bytes]]) -> None:
    """Compile a part of the modules in a process of its own, if it is large enough for one.

    `run` gives bytes to a command, and returns its exit code and its output. The program that
    calls this has to call `compile_part` if its only argument is `part`.
    """
    if len(part) >= FEWEST:
        given = b"".join(os.fsencode(path) + b"\0" for path in part)
        try:
            if run([sys.executable, "-I", "-S", sys.argv[0], PART], given)[0] == 0:
                return
        except OSError:  # the account has as many processes as it may
            pass
    compile_modules(part)


def compile_part() -> None:
    """Compile the modules whose paths stdin has, each with a NUL at its end."""
    compile_modules(map(os.fsdecode, sys.stdin.buffer.read().split(b"\0")[:-1]))
