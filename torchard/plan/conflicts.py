"""What would work in one home at a time: another run, or another name of the lab. Pure.

Two names may be of the same Mac, or have the same directory on a file server. Each of the two would
be fine alone. Both would build in one home, so both are blocked.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from torchard.mac.paths import shorten_mac_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.mac.state import MacState, RunLock
    from torchard.mac.volume import Volume


def find_other_run(name: str, lock: RunLock | None) -> str | None:
    """Return who else works on a Mac, since when, and until when its lock lasts; None for nobody.

    `name` is the Mac's. An ended run of this controller does not count: an apply waits for what it
    left.
    """
    if lock is None or not lock.is_busy or (lock.is_ours and lock.elsewhere is None):
        return None
    since = f" since {format_time(lock.since)}" if lock.since else ""
    if lock.elsewhere is not None:
        return (
            f"a run of {lock.who} on {lock.elsewhere}, which has the same home, holds the run lock"
            f"{since}; if nothing of Torchard runs on that Mac any more, remove the lock:"
            f" `torchard unlock {name}`"
        )
    until = ""
    if lock.until is not None:
        until = f"; its run lock ends at {format_time(lock.until)} if it does not go on"
    return (
        f"a run of {lock.who} is at work there{since}{until}; wait for its end, or see `torchard"
        f" unlock {name}`"
    )


def format_time(seconds: int) -> str:
    """Format a time in seconds since 1970, in this computer's time zone."""
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M %Z}"
    except (OverflowError, OSError, ValueError):  # a Mac may say anything
        return "an unknown time"


def find_conflicts(name: str, states: Mapping[str, MacState]) -> Iterator[str]:
    """Yield why Torchard cannot change a Mac beside the others of its lab; `states` is of all.

    Inodes do not decide this: the Macs of a lab are often copies of one disk. A hardware UUID alone
    does not either: a Mac may have several accounts, each with its own home and prefix.
    """
    state = states[name]
    others = {one: other for one, other in states.items() if one != name}
    same = [one for one, other in others.items() if _is_one_place(state, other)]
    if same:
        yield (
            f"{_are(same)} the same Mac (hardware UUID {state.hardware}) with the same directories;"
            " keep one of these names in the lab file"
        )
    rest = {one: other for one, other in others.items() if one not in same}
    home = state.home_volume if state.sharing is None else None
    homes = [one for one, other in rest.items() if _is_shared(home, other.home_volume)]
    if homes and home:
        yield (
            f"its home is on a file server ({home.address}), and {_have(homes)} the"
            " same home: two Macs cannot build in one place. For all Macs but one, name an account"
            " in ssh.user whose home is on the Mac itself, or take the Mac out of the lab file"
        )
    prefixes = [
        one
        for one, other in rest.items()
        if one not in homes and _is_shared(state.prefix_volume, other.prefix_volume)
    ]
    if prefixes and state.prefix_volume:
        yield (
            f"{shorten_mac_path(state.prefix, state.home)} is on a file server"
            f" ({state.prefix_volume.address}), and {_have(prefixes)} the same one: two Macs cannot"
            " build in one place. Set miniconda.prefix to a path on the Mac itself"
        )


def _is_one_place(state: MacState, other: MacState) -> bool:
    """Tell whether two states are of one Mac, and Torchard would change the same directories.

    Copies of a virtual machine may have one UUID, but each has a boot of its own.
    """
    return (
        state.hardware != ""
        and state.hardware == other.hardware
        and (state.boot == other.boot or not (state.boot and other.boot))
        and (state.home == other.home or state.prefix == other.prefix)
    )


def _is_shared(volume: Volume | None, other: Volume | None) -> bool:
    return (
        volume is not None
        and other is not None
        and volume.is_network
        and other.is_network
        and volume.address == other.address
    )


def _are(names: list[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _have(names: list[str]) -> str:
    return f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'}"
