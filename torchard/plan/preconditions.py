"""What a plan rests on: what was found on a Mac and looked up for it, part by part. Pure.

A saved plan keeps this, so that whoever applies it later can be told what has moved since.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from torchard.mac.generations import generation_at
from torchard.mac.paths import shorten_path
from torchard.plan.shell_init import FILES, place
from torchard.plan.steps import link_of, removal_steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.lab.model import MacHost, Shell
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import InstalledEnvironment, MacState

Basis = tuple[tuple[str, str], ...]
ENVIRONMENT = "environment "
LOCK = "lock "
MINICONDA = "miniconda"
SHELL = "shell "
HOLDS = ", which holds "


def basis(mac: MacHost, state: MacState, locks: Mapping[str, Lock]) -> Basis:
    """Return each part that a Mac's plan rests on, as (part, its state in a few words)."""
    parts = {
        "way": way(mac),
        "arch": state.arch,
        "macos": state.macos,
        "account": f"{state.user} in {state.home}",
        MINICONDA: _miniconda(state),
    }
    for name, lock in locks.items():
        parts[ENVIRONMENT + name] = _environment(name, state)
        parts[LOCK + name] = lock.digest
    for shell in mac.shells:
        parts[SHELL + place(shell)] = _shell(shell, state)
    for step in removal_steps(mac.environments, state) if mac.prune else ():
        parts[f"{ENVIRONMENT}{step.environment}"] = _environment(step.environment or "", state)
    return tuple(parts.items())


def way(mac: MacHost) -> str:
    """Return how a Mac is reached: the lab may give its name to another one."""
    if mac.connection == "local":
        return "this Mac"
    user = f"{mac.ssh.user}@" if mac.ssh.user else ""
    port = f":{mac.ssh.port}" if mac.ssh.port else ""
    return f"{user}{mac.address}{port}"


def _miniconda(state: MacState) -> str:
    place = shorten_path(state.prefix, state.home)
    if state.prefix_state != "whole":
        return f"{state.prefix_state} at {place}"
    mark = (state.prefix_ours or {}).get("sha256")
    origin = f"from installer {mark[:8]}" if isinstance(mark, str) else "not Torchard's own"
    moved = f", moved from {state.prefix_made_for}" if state.prefix_made_for else ""
    return f"{state.conda_version or 'of an unknown version'} at {place}, {origin}{moved}"


def _environment(name: str, state: MacState) -> str:
    link = link_of(name, state)
    if link is None:
        return "not there"
    if link.target is None:
        return "no link"
    shown = generation_at(link, state)
    content = "nothing" if shown is None else contents(shown)
    return f"a link to {shorten_path(link.target, state.home)}{HOLDS}{content}"


def _shell(shell: Shell, state: MacState) -> str:
    file = state.shell_files.get(FILES[shell])
    if file is None or file.block is None:
        return "without a block of conda"
    return f"with the block {hashlib.sha256(file.block.encode()).hexdigest()[:12]}"


def contents(environment: InstalledEnvironment) -> str:
    """Return what names all that is known of an environment: 12 digits of a sha256."""
    said = (
        environment.whole,
        environment.damaged,
        environment.frozen,
        sorted((one.name, one.version, one.build, one.sha256 or "") for one in environment.conda),
        sorted((one.name, one.version) for one in environment.dists),
        environment.stamp,
        environment.condarc,
        environment.missing,
        environment.moved_from,
        environment.own,
        environment.own_large,
    )
    text = json.dumps(said, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
