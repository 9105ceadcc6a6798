"""How a script for a Mac is put together: values, shared parts, and the script's own file. Pure.

Every value is quoted in this folder, and only here.
"""

from __future__ import annotations

import re
import shlex
import zlib
from base64 import b64encode
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from torchard.mac import probe
from torchard.mac.paths import assign_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.mac.state import MacState
    from torchard.operations.controller import Controller

# An environment with PyTorch and Jupyter has 30,000 files; a network home answers 1,000 a second.
FILES_SECONDS = 300
# A python that runs its first argument as a program.
RUN_ARGUMENT = "import sys; exec(sys.argv[1])"
# What each script that works under the run lock begins with.
_LOCKED = ("explain_errors.sh", "run_lock.sh", "depot.sh", "watch_step.sh")
_MODULES = f"{__package__}.scripts."
# A program that brings along the modules that it imports: a Mac has no torchard.
_PROGRAM = """import sys, types
for _file, _text in {modules!a}:
    _name = {prefix!a} + _file[:-3]
    sys.modules[_name] = types.ModuleType(_name)
    exec(compile(_text, _file, "exec"), sys.modules[_name].__dict__)
exec(compile({text!a}, {name!a}, "exec"))
"""


@lru_cache(maxsize=32)
def read_script(name: str) -> str:
    """Return the text of one of the files in `scripts/`, which run on a Mac."""
    scripts = resources.files("torchard").joinpath("operations/scripts")
    return scripts.joinpath(name).read_text(encoding="utf-8")


def read_program(name: str) -> str:
    """Return a Python program of `scripts/`, with the scripts there that it imports."""
    found: dict[str, str] = {}

    def collect(script: str) -> None:
        text = read_script(script)
        for module in re.findall(rf"^from {re.escape(_MODULES)}(\w+) import", text, re.MULTILINE):
            if f"{module}.py" not in found:
                collect(f"{module}.py")
        found[script] = text

    collect(name)
    text = found.pop(name)
    if not found:
        return text
    return _PROGRAM.format(modules=list(found.items()), prefix=_MODULES, name=name, text=text)


def pack_program(name: str) -> str:
    """Return the same as a short text: OpenSSH takes a command of at most 256 KiB."""
    return _pack(read_program(name))


@lru_cache(maxsize=8)
def _pack(program: str) -> str:
    packed = b64encode(zlib.compress(program.encode(), 9)).decode()
    return f"import base64, zlib; exec(zlib.decompress(base64.b64decode({packed!a})))"


def under_run_lock(body: str, controller: Controller, values: Mapping[str, str]) -> str:
    """Return a script with all that `body` needs to work under the Mac's run lock.

    `values` are the shell variables that `body` uses.
    """
    keep = controller.keep
    given = {
        "WHO": controller.who,
        "TOKEN": controller.token,
        "ENDED": controller.ended,
        "LEASE": str(controller.lease),
        "RESUMES": "yes" if controller.resumes else "",
        "KEEP_LOGS": str(keep.logs),
        "KEEP_UPLOADS": str(keep.uploads),
        **values,
    }
    return "\n".join(
        [
            *(f"{key}={shlex.quote(value)}" for key, value in given.items()),
            assign_root(controller.root),
            *map(probe.read_part, ("tools.sh", "packages.sh", "prefix.sh")),
            *map(read_script, _LOCKED),
            body,
        ]
    )


def run_cleanly(text: str, *words: str) -> str:
    """Return the command that runs a shell text without the account's variables."""
    # In a shell of its own: env would read a path with an equals sign as a variable.
    clean = 'cd / && exec env -i HOME="$HOME" PATH="$PATH" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C'
    words = ("sh", "-c", text, *words)
    return f"{probe.read_part('tools.sh')}{clean} {' '.join(map(shlex.quote, words))}"


def python_words(state: MacState, *words: str) -> list[str]:
    """Return the words of a command that runs natively, also in a shell under Rosetta."""
    return ["arch", "-arm64", *words] if state.translated else list(words)
