"""Conda channels: their URLs, their owner, and the .condarc of an environment. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where conda looks for a channel that has only a name: its `channel_alias`.
ALIAS = "https://conda.anaconda.org"
# Anaconda's own repository, and conda's short names for its channels. `defaults` also contains
# pkgs/r, which has no packages for python.
ANACONDA = "https://repo.anaconda.com"
_SHORT = {"defaults": "pkgs/main", "main": "pkgs/main", "free": "pkgs/free", "r": "pkgs/r"}
# What `defaults` stands for on a Mac (conda/base/constants.py, DEFAULT_CHANNELS_UNIX).
_DEFAULTS = (f"{ANACONDA}/pkgs/main", f"{ANACONDA}/pkgs/r")
_ANACONDA_HOSTS = ("repo.anaconda.com", "repo.continuum.io", "conda.anaconda.org/anaconda")


def channel_url(channel: str) -> str:
    """Return the URL of a channel, ignoring mirrors, without a slash at its end."""
    if "://" in channel:
        return channel.rstrip("/")
    name = _SHORT.get(channel, channel)
    return f"{ANACONDA if name.startswith('pkgs/') else ALIAS}/{name}"


def is_anaconda(channel: str) -> bool:
    """Tell whether a channel is Anaconda's own, and so needs acceptance of its terms."""
    return any(f"//{host}" in channel_url(channel) for host in _ANACONDA_HOSTS)


def channel_name(url: str, channels: Sequence[str]) -> str:
    """Return conda's name for a channel in an environment that has `channels`.

    It is a name below the alias, `defaults`, or the URL (conda/models/channel.py, canonical_name).
    """
    url = url.rstrip("/")
    if url in _DEFAULTS and any(map(is_anaconda, channels)):
        return "defaults"
    return url.removeprefix(f"{ALIAS}/")


def condarc(channels: Sequence[str]) -> str:
    """Return an environment's own .condarc, so that `conda install` there uses the lab's channels.

    conda merges the channels of all its files, and Miniconda's own file names `defaults`. So the
    list `default_channels` is emptied here, unless the lab names one of Anaconda's channels.
    `denylist_channels` is not used: conda tests it against the merged list
    (conda/base/context.py, validate_channels), so one URL of Anaconda's in any file would make
    every conda command in this environment fail.
    """
    lines = [
        "# Written by Torchard: where conda looks for packages of this environment.",
        f"channels: {json.dumps(channels)}",
        "channel_priority: strict",
    ]
    if not any(map(is_anaconda, channels)):
        lines.append("default_channels: []")
    return "".join(f"{line}\n" for line in lines)
