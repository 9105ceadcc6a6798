"""Who works on the Macs in this run."""

from __future__ import annotations

import getpass
import hashlib
import socket
from dataclasses import dataclass, field
from functools import lru_cache

from torchard.lab.model import OWN_ROOT, Keep
from torchard.sanitize import sanitize
from torchard.workspace import runs


@dataclass(frozen=True)
class Controller:
    """Who works on a Mac, and how long its run lock is theirs.

    - `who`: `user@host`, for people.
    - `token`: identifies one run on one Mac.
    - `lease`: how many seconds the lock outlives a script, for the next one of the run; with 0 it
      ends with the script.
    - `resumes`: whether an earlier script of the run has taken the lock.
    - `ended`: the token of a run that has ended for sure; empty if none is known.
    - `keep`: bounds what this run leaves there.
    - `root`: Torchard's own directory there; it may begin with `~/`.
    """

    who: str
    token: str
    keep: Keep = field(default_factory=Keep)
    lease: int = 0
    resumes: bool = False
    ended: str = ""
    root: str = OWN_ROOT


@lru_cache(maxsize=1)
def _find_who() -> str:
    return sanitize(f"{getpass.getuser()}@{socket.gethostname()}")


def find_controller(host: str) -> Controller:
    """Return who works in this process on the Mac that pyinfra calls `host`.

    If a lab has two names for one Mac, each name counts as a run of its own there.
    """
    digest = hashlib.sha256(host.encode()).hexdigest()[:8]
    return Controller(_find_who(), f"{runs.this_run()}-{digest}")
