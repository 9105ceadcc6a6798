"""How many files this process may have open: macOS begins with 256."""

from __future__ import annotations

import resource

_OTHERS = 64  # what the process itself has open
_FOR_A_MAC = 4  # its connection, and the way to it


def needed(macs: int) -> int:
    """Return how many open files a run over so many Macs may need."""
    return _OTHERS + _FOR_A_MAC * macs


def allow(wanted: int) -> int:
    """Raise the soft limit to `wanted` where the hard one lets us; return what is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # macOS refuses what is over its own OPEN_MAX
        return soft
    return most


def at_once(allowed: int) -> int:
    """Return how many Macs may be worked on at a time with so many open files."""
    return max(1, (allowed - _OTHERS) // _FOR_A_MAC)
