"""The lab's keys and its known_hosts: ed25519, made once and kept with the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

USER_KEY = "id_ed25519"
KNOWN_HOSTS = "known_hosts"
HOST_KEY = "host_key"
OTHER_HOST_KEY = "host_key_other"


def make(directory: Path, roots: Mapping[str, Path]) -> None:
    """Make what keys are missing: the user's below `directory`, two for each Mac."""
    _key(directory / USER_KEY, "simlab")
    for name, root in roots.items():
        _key(root / HOST_KEY, name)
        _key(root / OTHER_HOST_KEY, f"{name} with another key")


def _key(path: Path, comment: str) -> None:
    if path.exists():
        return
    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
    path.touch(mode=0o600)
    key.write_private_key(path)
    key.write_public_key(path.with_name(f"{path.name}.pub"))


def write_known_hosts(directory: Path, roots: Mapping[str, Path], ports: Mapping[str, int]) -> None:
    """Write the host key that each Mac has unless its spec has another."""
    lines = []
    for name, root in roots.items():
        kind, key = (root / f"{HOST_KEY}.pub").read_text(encoding="utf-8").split()[:2]
        lines.append(f"[127.0.0.1]:{ports[name]} {kind} {key}\n")
    (directory / KNOWN_HOSTS).write_text("".join(lines), encoding="utf-8")
