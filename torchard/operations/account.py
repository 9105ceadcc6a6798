"""The command that looks at what an account's login environment does to its environments."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from torchard.operations.script_text import RUN_ARGUMENT, script
from torchard.operations.verification import COMPANION_IMPORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState

SECONDS = 120  # for slow startup files, and an import of PyTorch from a cold disk


def look_at_account(state: MacState, modules: Mapping[str, Iterable[str]]) -> str:
    """Return the command that looks at the account's login environment; it changes nothing.

    `modules` has by environment those that have to come from it. The account's variables are kept.
    """
    environments = {
        name: {"python": f"{state.prefix}/envs/{name}/bin/python", "modules": list(wanted)}
        for name, wanted in modules.items()
    }
    wanted = {"environments": environments, "seconds": SECONDS, "text": script("shadows.py")}
    words = ["arch", "-arm64"] if state.translated else []
    words += [f"{state.prefix}/bin/python", "-I", "-S", "-B", "-c", RUN_ARGUMENT]
    words += [script("account.py"), json.dumps(wanted)]
    return f"cd / && exec {' '.join(map(shlex.quote, words))}"


def list_modules(lock: Lock) -> list[str]:
    """Return the modules that have to come from an environment, whatever the account sets."""
    packages = lock.variant.packages if lock.variant else {}
    names = {one.name for one in lock.wheels} | {one.name for one in lock.conda}
    return [
        *(["torch"] if lock.variant else []),
        *(name for name in COMPANION_IMPORTS if name in packages),
        *(["numpy"] if "numpy" in names else []),
    ]
