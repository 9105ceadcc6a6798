"""What a plan depends on: the facts about one Mac that must be the same when it is applied. Pure.

A saved plan keeps them as data. `torchard.plan.stale` compares them and writes the sentences.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torchard.mac.environments import view_kept_environment
from torchard.mac.paths import shorten_mac_path
from torchard.mac.sharing import KERNELS_FOLDER, PATHS_FILE
from torchard.plan.shell_init import FILES, name_shell_file
from torchard.plan.steps import removal_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import InstalledEnvironment, MacState

Kind = Literal[
    "address",
    "delivery",
    "arch",
    "macos",
    "user",
    "home",
    "prefix",
    "prefix_state",
    "conda",
    "installer",
    "prefix_made_for",
    "lock",
    "environment",
    "target",
    "contents",
    "shell",
    "kernel",
    "sharing",
]


@dataclass(frozen=True)
class Precondition:
    """One fact that a plan depends on.

    `subject` is the environment or the shell's file that the fact is about, and empty for the Mac.
    `value` is a name, a version, a path or a sha256, depending on the kind; None where there is
    none.
    """

    kind: Kind
    subject: str
    value: str | None


def list_preconditions(
    mac: MacHost, state: MacState, locks: Mapping[str, Lock]
) -> tuple[Precondition, ...]:
    """Return what the plan of one Mac depends on; `locks` is keyed by environment."""
    removed = removal_steps(mac.environments, state) if mac.prune else ()
    return (
        Precondition("address", "", _address(mac)),
        Precondition("delivery", "", f"{mac.delivery.way} {mac.delivery.url}".strip()),
        Precondition("arch", "", state.arch),
        Precondition("macos", "", state.macos),
        Precondition("user", "", state.user),
        Precondition("home", "", state.home),
        *_of_miniconda(state),
        *(Precondition("lock", name, lock.digest) for name, lock in locks.items()),
        *(one for name in locks for one in _of_environment(name, state)),
        *(
            Precondition("shell", name_shell_file(shell), _block(FILES[shell], state))
            for shell in mac.shells
        ),
        *(one for step in removed for one in _of_environment(step.environment or "", state)),
        *(
            Precondition("kernel", shorten_mac_path(one.path, state.home), _hash(one.text or ""))
            for one in state.kernels.values()
        ),
        *_of_sharing(state),
    )


def _address(mac: MacHost) -> str:
    """Return how Torchard reaches a Mac: a lab may give its name to another one."""
    if mac.connection == "local":
        return "this Mac"
    user = f"{mac.ssh.user}@" if mac.ssh.user else ""
    port = f":{mac.ssh.port}" if mac.ssh.port else ""
    return f"{user}{mac.address}{port}"


def _of_miniconda(state: MacState) -> Iterator[Precondition]:
    yield Precondition("prefix", "", state.prefix)
    yield Precondition("prefix_state", "", state.prefix_state)
    whole = state.prefix_state == "whole"
    yield Precondition("conda", "", state.conda_version if whole else None)
    yield Precondition("installer", "", state.installer_sha256 if whole else None)
    yield Precondition("prefix_made_for", "", state.prefix_made_for if whole else None)


def _of_sharing(state: MacState) -> Iterator[Precondition]:
    if state.sharing is not None:
        for path in (state.sharing.folder, KERNELS_FOLDER):
            folder = state.sharing.find_access(path)
            yield Precondition("sharing", path, folder.owner if folder else None)
        yield Precondition("sharing", PATHS_FILE, _hash(state.sharing.paths or ""))


def _of_environment(name: str, state: MacState) -> Iterator[Precondition]:
    view = view_kept_environment(name, state)
    yield Precondition("environment", name, view.found)
    yield Precondition("target", name, view.target)
    contents = hash_contents(view.generation) if view.generation else None
    yield Precondition("contents", name, contents)


def _block(file: str, state: MacState) -> str | None:
    found = state.shell_files.get(file)
    return None if found is None or found.block is None else _hash(found.block)


def hash_contents(environment: InstalledEnvironment) -> str:
    """Return a sha256 of all that is known of an environment and that a plan depends on."""
    facts = (
        environment.whole,
        environment.damaged,
        environment.frozen,
        sorted((one.name, one.version, one.build, one.sha256 or "") for one in environment.conda),
        sorted((one.name, one.version) for one in environment.dists),
        environment.stamp,
        environment.condarc,
        environment.missing,
        environment.moved_from,
        sorted(environment.variables.items()),
    )
    return _hash(json.dumps(facts, sort_keys=True))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
