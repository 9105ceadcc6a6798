"""Which runs of this computer's account have ended: each keeps a file locked while it works.

A run lock on a Mac names its run. So the next run knows whether to wait for an earlier one, whose
connection dropped, or whether that one is over.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchard.mac.state import MacState

_KEPT = 7 * 86400  # seconds; no lock of a run outlives it for long
_open_files: list[int] = []


@lru_cache(maxsize=1)
def this_run() -> str:
    """Return the ID of this run."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def register_run() -> None:
    """Let other runs of this account see that this one works, until its process ends.

    Without a place to write to, they see nothing, and wait until its locks have ended.
    """
    if _open_files:
        return
    with suppress(OSError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        _remove_old(folder)
        file = os.open(folder / this_run(), os.O_CREAT | os.O_RDWR, 0o600)
        _open_files.append(file)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def has_ended(run: str) -> bool:
    """Tell whether a run of this account on this computer has ended; an unknown one has not."""
    if not run or Path(run).name != run:
        return False
    try:
        file = os.open(_folder() / run, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(file)


def is_ours(token: str) -> bool:
    """Tell whether a run lock's token is this run's, or that of an ended run of this account."""
    run = token.rpartition("-")[0]
    return run == this_run() or has_ended(run)


def mark_own_lock(state: MacState) -> MacState:
    """Return a Mac's state that knows whether its run lock is this run's, or an ended run's."""
    lock = state.lock
    if lock is None:
        return state
    return replace(state, lock=replace(lock, is_ours=is_ours(lock.token)))


def _folder() -> Path:
    from platformdirs import user_state_path  # noqa: PLC0415  # only runs that write need it

    return user_state_path("torchard") / "runs"


def _remove_old(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT and has_ended(path.name):
                path.unlink()
