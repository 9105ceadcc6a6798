"""Who works on the Macs in this run."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from dataclasses import dataclass, field
from functools import lru_cache

from torchard.lab.model import Keep
from torchard.sanitize import sanitize


@dataclass(frozen=True)
class Controller:
    """Who works on a Mac: `who` is `user@host` for people, `token` identifies one run.

    `keep` bounds what this run leaves there.
    """

    who: str
    token: str
    keep: Keep = field(default_factory=Keep)


@lru_cache(maxsize=1)
def find_controller() -> Controller:
    """Return who works on the Macs in this process; its run locks carry that."""
    who = sanitize(f"{getpass.getuser()}@{socket.gethostname()}")
    return Controller(who=who, token=f"{os.getpid()}-{secrets.token_hex(8)}")
