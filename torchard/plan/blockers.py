"""Why a Mac is left alone, as far as its Miniconda itself is the reason. Pure."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from torchard.mac.paths import shorten_path
from torchard.plan.steps import has_other_installer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torchard.catalog.installers import Installer
    from torchard.mac.environments import EnvironmentView
    from torchard.mac.state import MacState

# The base's python runs generation.py, carry.py and shell_file.py. The first python that has
# `from __future__ import annotations` (PEP 563) and `time.time_ns` (PEP 564) is 3.7.
OLDEST_PYTHON = Version("3.7")


def old_python(state: MacState, installer: Installer | None) -> Iterator[str]:
    """Say where the python of a Miniconda that stays is too old for what Torchard runs with it."""
    if state.base is None or has_other_installer(state, installer) or state.is_prefix_moved:
        return
    found = next((one.version for one in state.base.conda if one.name == "python"), None)
    if found is None:
        return
    with suppress(InvalidVersion):
        if Version(found) < OLDEST_PYTHON:
            prefix = shorten_path(state.prefix, state.home)
            yield (
                f"the python of the Miniconda at {prefix} is {found}, and Torchard needs"
                f" {OLDEST_PYTHON} or newer there; bring it up to date"
                f' ({prefix}/bin/conda install -n base "python>={OLDEST_PYTHON}"), or move that'
                " Miniconda away, and a new one is installed"
            )


def moved_prefix(state: MacState, theirs: Sequence[str]) -> Iterator[str]:
    """Say where a Miniconda was moved and may not be set aside; `theirs` are a person's in it."""
    if state.prefix_made_for is None:
        return
    prefix = shorten_path(state.prefix, state.home)
    made_for = shorten_path(state.prefix_made_for, state.home)
    if not state.is_prefix_moved:
        yield (
            f"the Miniconda at {prefix} was installed at {made_for}, and conda cannot be moved; put"
            " it back there, or move it out of the way, and it is installed anew"
        )
    elif theirs:
        yield (
            f"the Miniconda at {prefix} was installed at {made_for} and has moved, so its conda"
            " does not run; setting it aside would take its environments along"
            f" ({', '.join(theirs)}); put it back there, or move it out of the way"
            f" (mv {prefix} {prefix}-old), and a new one is installed"
        )


def describe_foreign(view: EnvironmentView, state: MacState) -> str:
    """Say that a person made what is under an environment's name, and what to do."""
    path = f"{shorten_path(state.prefix, state.home)}/envs/{view.name}"
    return (
        f"{path} is {view.describe(state.home)}, so Torchard did not make it; rename it, or give"
        f" the environment another name than {view.name}"
    )
