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

# The families of conda/activate.py, without xonsh and PowerShell, which no test can run.
_DIALECTS = {
    **dict.fromkeys(("posix", "ash", "bash", "dash", "zsh"), variables.POSIX),
    **dict.fromkeys(("csh", "tcsh"), variables.CSH),
    "fish": variables.FISH,
}
# The real one's function does more: it also looks again after an installation.
_POSIX_FUNCTION = """\
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
_FISH_FUNCTION = """\
set -gx CONDA_EXE {exe}
function conda
  switch "$argv[1]"
    case activate deactivate
      set -l said ($CONDA_EXE shell.fish $argv | string collect); or return
      eval $said
    case '*'
      $CONDA_EXE $argv
  end
end
conda activate base
"""
# In csh, `conda init` sources a file of conda's instead, etc/profile.d/conda.csh.
_FUNCTIONS = {variables.POSIX: _POSIX_FUNCTION, variables.FISH: _FISH_FUNCTION}


def speak(conda: Root, shell: str, arguments: Sequence[str]) -> str:
    """Return what a shell evaluates: `hook`, `activate [ENVIRONMENT]` or `deactivate`."""
    dialect = _DIALECTS.get(shell)
    if dialect is None:
        raise CondaError("CondaValueError", f"no stand-in for the shell {shell}")
    match arguments:
        case ["hook"] if dialect in _FUNCTIONS:
            return _FUNCTIONS[dialect].format(exe=shlex.quote(f"{conda.prefix}/bin/conda"))
        case ["activate", *name]:
            wanted = name[0] if name else "base"
            by_path = wanted if "/" in wanted else None
            prefix = conda.prefix_of(None if by_path else wanted, by_path)
            if not root.is_environment(prefix):
                message = f"Could not find conda environment: {wanted}"
                raise CondaError("EnvironmentNameNotFound", message)
            return variables.activation(conda, prefix, _others(), dialect)
        case ["deactivate"]:
            active = os.environ.get("CONDA_PREFIX")
            return variables.deactivation(Path(active) if active else None, _others(), dialect)
    raise CondaError("ArgumentError", f"shell.{shell} {' '.join(arguments)}")


def _others() -> list[str]:
    """Return the PATH without what the active environment has in it."""
    active = os.environ.get("CONDA_PREFIX")
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return [folder for folder in folders if active is None or folder != f"{active}/bin"]
