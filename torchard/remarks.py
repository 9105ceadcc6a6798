"""What is worth saying of a Mac, and is no reason to leave it alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from torchard.steps import tilde

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.lab.model import MacHost
    from torchard.mac import MacState

_DAY = 86400  # seconds


def remarks(mac: MacHost, state: MacState) -> Iterator[str]:
    """Yield what differs from what the lab says or expects, one sentence each."""
    if mac.macos is not None and not _within(state.macos, mac.macos):
        yield f"{mac.where} says macOS {mac.macos}, but it runs {state.macos}"
    wanted = (mac.miniconda.version or "").partition("-")[0]
    if state.prefix_state == "whole" and not state.prefix_ours and wanted:
        found = state.conda_version or "an unknown version"
        if found != wanted:
            yield (
                f"{mac.where} names Miniconda {mac.miniconda.version}, but the one at"
                f" {tilde(state.prefix, state.home)} ({found}) is not Torchard's own, and is kept"
            )
    if state.translated:
        yield "its shell runs under Rosetta; what Torchard runs there is native all the same"
    days = int((state.clock - time.time()) / _DAY)
    if state.clock and days:
        yield (
            f"its clock is {abs(days)} {'day' if abs(days) == 1 else 'days'}"
            f" {'ahead of' if days > 0 else 'behind'} this computer's; whatever is fetched there"
            " over TLS, as by a later `conda install`, fails until it is right"
        )
    if state.lock is not None and state.lock.busy:
        yield f"a run of {state.lock.who} is still at work there"


def _within(macos: str, expected: str) -> bool:
    """Tell whether 15.1.2 is what somebody calls 15.1."""
    return f"{macos}.".startswith(f"{expected}.")
