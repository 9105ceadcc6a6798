"""The commands that read more of a Mac than the probe does; they change nothing. Pure."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from torchard.lab.model import Timeouts
from torchard.mac.environments import view_environment
from torchard.mac.generations import locate_generations
from torchard.operations.expected import COMPANION_IMPORTS, describe_verification
from torchard.operations.script_text import (
    FILES_SECONDS,
    RUN_ARGUMENT,
    pack_program,
    python_words,
    read_script,
    run_cleanly,
)
from torchard.plan.environment_settings import NO_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torchard.lock.lockfile import Lock
    from torchard.mac.sharing import Sharing
    from torchard.mac.state import MacState
    from torchard.plan.own_files import Question
    from torchard.plan.steps import Step

SIZES_SECONDS = 20  # a network home may answer slowly; what is not measured by then is unknown
ACCOUNT_SECONDS = 120  # for slow startup files, and an import of PyTorch from a cold disk


def verify_environment(state: MacState, lock: Lock, seconds: int = Timeouts.verification) -> str:
    """Return the command that verifies the active generation of an environment in `seconds`."""
    python = _python_of(state, lock.environment)
    active = view_environment(lock.environment, state).generation
    variables = NO_VARIABLES if active is None else active.stamped_variables
    wanted = json.dumps(describe_verification(lock, seconds, variables))
    return run_cleanly('exec "$@"', "sh", *python, read_script("verify.py"), wanted)


def verify_generation(state: MacState, step: Step) -> str:
    """Return the command that verifies the active generation against its own kit.

    The kit on the Mac has what the generation was built for. If it is gone, nothing is printed.
    """
    ask = (
        'cd "$0" && [ -f expected.json ] || exit 0; '
        'exec "$@" "$(cat verify.py)" "$(cat expected.json)"'
    )
    place = f"{state.root}/kits/{step.path.rpartition('/')[2]}"
    return run_cleanly(ask, place, *_python_of(state, step.environment or ""))


def _python_of(state: MacState, environment: str) -> list[str]:
    python = f"{state.prefix}/envs/{environment}/bin/python"
    return python_words(state, python, "-B", "-I", "-c", RUN_ARGUMENT)


def check_files(state: MacState, environments: Iterable[str]) -> str:
    """Return the command that checks whether all files of environments' packages exist."""
    words = [*_base_python(state), read_script("check_files.py"), "look", str(FILES_SECONDS)]
    for name in environments:
        words += [name, f"{state.prefix}/envs/{name}"]
    return run_cleanly('exec "$@"', "sh", *words)


def check_generation(state: MacState, name: str, path: str) -> str:
    """Return the command that checks the files of an environment's generation, active or not."""
    python = python_words(state, f"{path}/bin/python", "-I", "-S", "-B", "-c", RUN_ARGUMENT)
    words = [*python, read_script("check_files.py"), "look", str(FILES_SECONDS), name, path]
    return run_cleanly('exec "$@"', "sh", *words)


def measure_sizes(state: MacState) -> str:
    """Return the command that measures what Torchard's files take on a Mac's disk."""
    words = [*_base_python(state), read_script("measure_sizes.py")]
    return run_cleanly('exec "$@"', "sh", *words, str(SIZES_SECONDS), state.root, state.prefix)


def find_unsafe_files(state: MacState, sharing: Sharing) -> str:
    """Return the command that finds what accounts that share a prefix may not read, or may change.

    It prints the first paths, and a dot where it could not look.
    """
    closed = "-type d ! -perm -0055 -o -type f ! -perm -0044"
    changed = '! -type l \\( -perm -0020 -o -perm -0002 -o ! -user "$0" \\)'
    find = f'find "$@" \\( {closed} -o {changed} \\) -print 2>/dev/null'
    paths = (state.prefix, locate_generations(state.root))
    return run_cleanly(f"{{ {find} || echo .; }} | head -n 20", str(sharing.uid), *paths)


def describe_own_files(state: MacState, questions: Sequence[Question]) -> str:
    """Return the command that finds what a person made in generations.

    Without a Miniconda, a generation's own python runs it. Nothing is printed if it cannot.
    """
    prefixes = [state.prefix] if state.prefix_state == "whole" else []
    prefixes += [one.path for one in questions]
    native = "arch -arm64 " if state.translated else ""
    ask = (
        'run=$1 program=$2 seconds=$3 asked=$4; shift 4; for python; do [ ! -x "$python" ] ||'
        f' {{ {native}"$python" -I -S -B -c "$run" "$program" "$seconds" "$asked"; exit 0; }}; done'
    )
    asked = json.dumps([asdict(one) for one in questions])
    program = pack_program("describe_own_files.py")
    words = (RUN_ARGUMENT, program, str(FILES_SECONDS), asked)
    return run_cleanly(ask, "sh", *words, *(f"{prefix}/bin/python" for prefix in prefixes))


def check_account(state: MacState, modules: Mapping[str, Iterable[str]]) -> str:
    """Return the command that checks what the account's login environment does to environments.

    `modules` names for each environment those that must come from it. The account's variables are
    kept.
    """
    environments = {
        name: {"python": f"{state.prefix}/envs/{name}/bin/python", "modules": list(wanted)}
        for name, wanted in modules.items()
    }
    wanted = {
        "environments": environments,
        "seconds": ACCOUNT_SECONDS,
        "text": read_script("find_shadows.py"),
    }
    words = [*_base_python(state), read_script("check_account.py"), json.dumps(wanted)]
    return f"cd / && exec {' '.join(map(shlex.quote, words))}"


def _base_python(state: MacState) -> list[str]:
    return python_words(state, f"{state.prefix}/bin/python", "-I", "-S", "-B", "-c", RUN_ARGUMENT)


def list_modules(lock: Lock) -> list[str]:
    """Return the modules that must come from an environment, whatever the account sets."""
    packages = lock.variant.packages if lock.variant else {}
    names = {one.name for one in lock.wheels} | {one.name for one in lock.conda}
    return [
        *(["torch"] if lock.variant else []),
        *(name for name in COMPANION_IMPORTS if name in packages),
        *(["numpy"] if "numpy" in names else []),
    ]
