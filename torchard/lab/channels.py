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
# What `defaults` stands for on a Mac (conda/base/constants.py, DEFAULT_CHANNELS_UNIX).
_DEFAULTS = (f"{ANACONDA}/pkgs/main", f"{ANACONDA}/pkgs/r")
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


def channel_name(url: str, channels: Sequence[str]) -> str:
    """Return what conda calls a channel in an environment that has `channels`.

    A name below the alias, `defaults`, or the URL (conda/models/channel.py, canonical_name).
    """
    url = url.rstrip("/")
    if url in _DEFAULTS and any(map(is_anaconda, channels)):
        return "defaults"
    return url.removeprefix(f"{ALIAS}/")


def condarc(channels: Sequence[str]) -> str:
    """Return an environment's own .condarc: a later `conda install` there has the lab's channels.

    conda merges the lists of all its files, and Miniconda's own names `defaults`: here that is
    empty, unless the lab itself names one of Anaconda's channels. `denylist_channels` is not used:
    conda tests it against the merged list (conda/base/context.py, validate_channels), so one URL
    of Anaconda's in any file would make conda refuse every command in this environment.
    """
    lines = [
        "# Written by Torchard: where conda looks for packages of this environment.",
        f"channels: {json.dumps(channels)}",
        "channel_priority: strict",
    ]
    if not any(map(is_anaconda, channels)):
        lines.append("default_channels: []")
    return "".join(f"{line}\n" for line in lines)
