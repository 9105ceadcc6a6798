"""How simlab starts itself again, and never a module of the working directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# `-I` leaves out the working directory, which `-m` would put first on the import path.
_START = (
    "import os, runpy, sys; sys.path[:] = sys.argv.pop(1).split(os.pathsep);"
    " runpy.run_module('simlab', run_name='__main__', alter_sys=True)"
)


def words(*arguments: str) -> list[str]:
    """Return the words that start simlab with this process's import path."""
    own = str(Path(__file__).resolve().parents[1])
    here = os.path.realpath(".")
    paths = [one for one in sys.path if os.path.isabs(one) and os.path.realpath(one) != here]  # noqa: PTH117
    # Its own folder may be the working directory: it comes last then.
    return [sys.executable, "-I", "-c", _START, os.pathsep.join([*paths, own]), *arguments]
