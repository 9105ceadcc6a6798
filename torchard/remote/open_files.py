"""The limit of open files of this process, which is 256 on macOS at first."""

from __future__ import annotations

import resource

_OTHERS = 64  # what the process itself has open
_FOR_A_MAC = 4  # its connection, and the way to it


def count_needed(macs: int) -> int:
    """Return how many open files a run over that many Macs may need."""
    return _OTHERS + _FOR_A_MAC * macs


def raise_limit(wanted: int) -> int:
    """Raise the soft limit to `wanted` as far as the hard one allows; return the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # macOS rejects a value over its own OPEN_MAX
        return soft
    return most


def limit_parallel(allowed: int) -> int:
    """Return how many Macs a run may work on at a time with that many open files."""
    return max(1, (allowed - _OTHERS) // _FOR_A_MAC)
