"""What is worth knowing of a Mac and stops nothing, from its state and its lab file. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from torchard.mac.paths import shorten_path
from torchard.mac.state import at_work
from torchard.plan.conda_settings import added_channels
from torchard.plan.places import place_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.catalog.rows import Catalogue
    from torchard.lab.model import MacHost
    from torchard.mac.state import MacState

_DAY = 86400  # seconds


def remarks(mac: MacHost, state: MacState, catalogue: Catalogue) -> Iterator[str]:
    """Yield what whoever looks at a plan of this Mac should know; none of it stops anything."""
    if mac.macos is not None and not _within(state.macos, mac.macos):
        yield f"{mac.where} says macOS {mac.macos}, but it runs {state.macos}"
    wanted = (mac.miniconda.version or "").partition("-")[0]
    if state.prefix_state == "whole" and not state.prefix_ours and wanted:
        found = state.conda_version or "an unknown version"
        if found != wanted:
            yield (
                f"{mac.where} names Miniconda {mac.miniconda.version}, but the one at"
                f" {shorten_path(state.prefix, state.home)} ({found}) is not Torchard's own, and is"
                " kept"
            )
    if state.translated:
        yield "its shell runs under Rosetta; what Torchard runs there is native all the same"
    conda, first = state.conda_version, catalogue.freezing_conda
    if mac.frozen and conda is not None and is_older(conda, first):
        prefix = shorten_path(state.prefix, state.home)
        yield (
            f"the conda at {prefix} is {conda}, and only {first} and newer take notice of"
            f" `frozen: true`; bring it up to date ({prefix}/bin/conda update conda)"
        )
    reads = catalogue.reading_conda
    if mac.environments and conda is not None and is_older(conda, reads):
        prefix = shorten_path(state.prefix, state.home)
        yield (
            f"the conda at {prefix} is {conda}, and only {reads} and newer read an environment's"
            " own .condarc where it is named by -n: there, a later `conda install -n` looks in"
            f" the channels of the account; update conda ({prefix}/bin/conda update conda), or"
            " activate the environment first"
        )
    yield from added_channels(mac, state)
    days = int((state.clock - time.time()) / _DAY)
    if state.clock and days:
        yield (
            f"its clock is {abs(days)} {'day' if abs(days) == 1 else 'days'}"
            f" {'ahead of' if days > 0 else 'behind'} this computer's; whatever is fetched there"
            " over TLS, as by a later `conda install`, fails until it is right"
        )
    yield from place_warnings(mac, state)
    yield from at_work(state.lock)


def is_older(found: str, oldest: Version) -> bool:
    """Tell whether a version that a Mac told is older; one that is none is not."""
    try:
        return Version(found) < oldest
    except InvalidVersion:
        return False


def _within(macos: str, expected: str) -> bool:
    """Tell whether 15.1.2 is what somebody calls 15.1."""
    return f"{macos}.".startswith(f"{expected}.")
