"""conda-meta/state: the variables that conda sets. Other scripts import this. It runs on a Mac.

The lab's variables are in a generation's stamp as well. All others are a person's.
"""

from __future__ import annotations

import json
import os
from typing import Any

STATE = "conda-meta/state"
STATE_BYTES = 2**20  # that are read


def read_state(root: str) -> dict[str, Any] | None:
    """Return what conda-meta/state says, {} without one; None if conda could not read it."""
    try:
        with open(os.open(os.path.join(root, STATE), os.O_RDONLY | os.O_NONBLOCK)) as file:
            content = json.loads(file.read(STATE_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        return None
    is_whole = isinstance(content, dict) and isinstance(content.get("env_vars", {}), dict)
    return content if is_whole else None


def read_lab_variables(root: str) -> dict[str, Any]:
    """Return the variables of the lab that a generation was built with, by its stamp."""
    try:
        with open(os.path.join(root, ".torchard.json"), encoding="utf-8") as file:
            found = json.load(file).get("variables", {})
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def find_own_variables(state: dict[str, Any], labs: dict[str, Any]) -> dict[str, Any]:
    """Return the variables that a person set, or unset with conda, which notes that as a value."""
    rows = state.get("env_vars", {}).items()
    return {name: value for name, value in rows if labs.get(name) != value}


def has_own_variables(root: str) -> bool:
    """Tell whether a conda-meta/state that Torchard wrote has something of a person's by now."""
    state = read_state(root)
    if state is None or state.keys() - {"env_vars"}:
        return True
    return bool(find_own_variables(state, read_lab_variables(root)))
