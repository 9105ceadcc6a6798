"""Conda channels by name: whose they are, and where. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where conda itself looks for a channel that is named and not addressed: its `channel_alias`.
ALIAS = "https://conda.anaconda.org"
# Anaconda's own repository, and conda's short names for what is in it. `defaults` also has pkgs/r,
# which is of no use to a python.
ANACONDA = "https://repo.anaconda.com"
_SHORT = {"defaults": "pkgs/main", "main": "pkgs/main", "free": "pkgs/free", "r": "pkgs/r"}
# The channels whose packages nobody may use who has not accepted Anaconda's terms.
ANACONDA_CHANNELS = (f"{ANACONDA}/pkgs/main", f"{ANACONDA}/pkgs/r", f"{ALIAS}/anaconda")
_ANACONDA_HOSTS = ("repo.anaconda.com", "repo.continuum.io", "conda.anaconda.org/anaconda")


def channel_url(channel: str) -> str:
    """Return where a channel really is, mirrors apart; no slash at its end."""
    if "://" in channel:
        return channel.rstrip("/")
    name = _SHORT.get(channel, channel)
    return f"{ANACONDA if name.startswith('pkgs/') else ALIAS}/{name}"


def is_anaconda(channel: str) -> bool:
    """Tell whether a channel is Anaconda's own, whose terms have to be accepted."""
    return any(f"//{host}" in channel_url(channel) for host in _ANACONDA_HOSTS)


def condarc(channels: Sequence[str]) -> str:
    """Return an environment's own .condarc: a later `conda install` there has the lab's channels.

    The lists of all of conda's files merge, and Miniconda's own adds `defaults`: here that becomes
    empty, and Anaconda's channels are denied by their URLs, unless the lab itself names one.
    """
    lines = [
        "# Written by Torchard: where conda looks for packages of this environment.",
        f"channels: {json.dumps(channels)}",
        "channel_priority: strict",
    ]
    if not any(map(is_anaconda, channels)):
        denied = json.dumps(ANACONDA_CHANNELS)
        lines += ["default_channels: []", f"denylist_channels: {denied}"]
    return "".join(f"{line}\n" for line in lines)
