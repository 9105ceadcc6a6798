"""Which variables an environment may have, and which ones Torchard refuses. Pure."""

from __future__ import annotations

import re

# `PATH` is conda's RESERVED_ENV_VARS (conda/base/constants.py), and conda sets the next two itself
# (conda/activate.py). The rest would let another python or account start there.
_CONDAS = re.compile(r"PATH|_*CONDA.*|_CE_.*")
_OF_LOGIN = {"HOME", "SHELL", "USER", "LOGNAME", "TMPDIR", "PS1", "PYTHONHOME", "PYTHONPATH"}
_SECRET = re.compile(
    r"(.*_)?(TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET)_?KEY)"
)


_LOGIN = re.compile(r"://[^/]*@")


def find_variable_fault(name: str, value: str, environment: str) -> tuple[str, str] | None:
    """Return what is wrong with a variable of an environment and what to do, or None."""
    if _CONDAS.fullmatch(name):
        return f"conda sets {name} itself", "Give the variable another name, or remove it."
    if name in _OF_LOGIN:
        return (
            f"{name} would change more than the environment",
            "Remove it. A person who needs it sets it in a shell.",
        )
    if _SECRET.fullmatch(name) or _LOGIN.search(value):
        return (
            f"{name} would hold a secret, and a lab file cannot",
            f"Remove it. Each person can set it with conda env config vars set -n {environment}.",
        )
    return None
