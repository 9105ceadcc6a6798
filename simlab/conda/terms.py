"""Anaconda's Terms of Service, which conda-anaconda-tos lets nobody pass by unread."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from simlab.conda.failure import CondaError
from simlab.conda.root import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simlab.conda.root import Root

_TRUE = ("1", "true", "yes", "on")


def check(conda: Root, channels: Iterable[str]) -> None:
    """Raise CondaError where a channel of Anaconda's is in use and nobody has accepted its terms.

    What is configured counts, even for an explicit file that names other channels; nobody can be
    asked, as no simulated Mac has a terminal. A base without the plugin asks nobody.
    """
    if not any(conda.prefix.glob("conda-meta/conda-anaconda-tos-*.json")):
        return
    wanted = [url for url in conda.channel_urls(channels) if url in DEFAULTS]
    accepted = os.environ.get("CONDA_PLUGINS_AUTO_ACCEPT_TOS", "").lower() in _TRUE
    if not wanted or accepted or os.environ.get("CI"):
        return
    listed = "".join(f"\n    - {url}" for url in wanted)
    commands = "".join(
        f"\n    conda tos accept --override-channels --channel {url}" for url in wanted
    )
    raise CondaError(
        "CondaToSNonInteractiveError",
        "Terms of Service have not been accepted for the following channels. Please accept or "
        f"remove them before proceeding:{listed}\n\nTo accept these channels' Terms of Service, "
        f"run the following commands:{commands}",
    )
