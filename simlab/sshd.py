"""How the sshd of a simulated Mac behaves: its limits, what it refuses, and what it says.

Sources: OpenSSH's sshd.c (MaxStartups), auth2.c (MaxAuthTries), session.c (MaxSessions, an expired
password); apple_ssh_and_filevault(7) of macOS 26 for a locked Mac.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

# What macOS 26 shows while its data volume is locked.
LOCKED = (
    "This system is locked. To unlock it, use a local account name and password. Once successfully"
    " unlocked, you will be able to connect normally.\n"
)
EXPIRED = "WARNING: Your password has expired.\nPassword change required but no TTY available.\n"
TOO_MANY_TRIES = "Too many authentication failures"
TOO_MANY_STARTUPS = b"Exceeded MaxStartups\r\n"


@dataclass(frozen=True)
class Sshd:
    """What an sshd allows.

    `sessions`: how many channels a connection may have at once (MaxSessions). `tries`: after how
    many keys that it does not take it ends the connection (MaxAuthTries). `startups`: how many
    connections may be unauthenticated at once (MaxStartups, without its chances). `denies`: it
    closes the connection once a key was taken, as where Remote Login does not allow the account.
    `sftp`: it has that subsystem. `expired`: the account's password has expired, and it runs no
    command. `locked`: FileVault locks the Mac, and it takes passwords only. `forwards`: it passes
    connections on to ports of this machine, as a jump host does.
    """

    sessions: int = 10
    tries: int = 6
    startups: int = 100
    denies: bool = False
    sftp: bool = True
    expired: bool = False
    locked: bool = False
    forwards: bool = False


def read_sshd(said: object) -> Sshd:
    """Read the `sshd` of a spec. Raise ValueError with a sentence."""
    known: dict[str, Any] = {one.name: one.default for one in fields(Sshd)}
    if not isinstance(said, Mapping):
        raise ValueError(f"sshd is {said!r}; write {{{', '.join(known)}: …}}.")  # noqa: TRY004
    values: dict[str, Any] = {}
    for key, value in said.items():
        if key not in known:
            raise ValueError(f"sshd has an unknown key {key!r}; known are {', '.join(known)}.")
        wants = type(known[key])
        if type(value) is not wants or (wants is int and value < 1):
            what = "true or false" if wants is bool else "a number from 1 on"
            raise ValueError(f"sshd's {key} is {value!r}; write {what}.")
        values[key] = value
    return Sshd(**values)
