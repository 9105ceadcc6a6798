"""What conda says to a shell: its functions, and what activating an environment sets there."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from simlab.conda import root, variables
from simlab.conda.failure import CondaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simlab.conda.root import Root

_KNOWN = ("posix", "bash", "zsh")
# The real one's function does more: it also looks again after an installation.
_FUNCTION = """\
export CONDA_EXE={exe}
conda() {{
  case ${{1-}} in
    activate | deactivate)
      __conda_said=$("$CONDA_EXE" shell.posix "$@") || return
      eval "$__conda_said"
      unset __conda_said
      ;;
    *) "$CONDA_EXE" "$@" ;;
  esac
}}
conda activate base
"""


def speak(conda: Root, shell: str, arguments: Sequence[str]) -> str:
    """Return what a shell evaluates: `hook`, `activate [ENVIRONMENT]` or `deactivate`."""
    if shell not in _KNOWN:
        raise CondaError("CondaValueError", f"no stand-in for the shell {shell}")
    match arguments:
        case ["hook"]:
            return _FUNCTION.format(exe=shlex.quote(f"{conda.prefix}/bin/conda"))
        case ["activate", *name]:
            wanted = name[0] if name else "base"
            by_path = wanted if "/" in wanted else None
            prefix = conda.prefix_of(None if by_path else wanted, by_path)
            if not root.is_environment(prefix):
                message = f"Could not find conda environment: {wanted}"
                raise CondaError("EnvironmentNameNotFound", message)
            return variables.activation(conda, prefix, _others())
        case ["deactivate"]:
            active = os.environ.get("CONDA_PREFIX")
            return variables.deactivation(Path(active) if active else None, _others())
    raise CondaError("ArgumentError", f"shell.{shell} {' '.join(arguments)}")


def _others() -> list[str]:
    """Return the PATH without what the active environment has in it."""
    active = os.environ.get("CONDA_PREFIX")
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return [folder for folder in folders if active is None or folder != f"{active}/bin"]
