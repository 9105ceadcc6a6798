"""What the folders and volumes of a Mac's home and prefix allow. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.mac.paths import shorten_mac_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.lab.model import MacHost
    from torchard.mac.state import MacState


def is_prefix_unreadable(state: MacState) -> bool:
    """Tell whether Torchard cannot see the prefix: its volume or its folder is closed."""
    return bool(state.unmounted) or (state.guarded is not None and not state.guarded[1])


def is_outside_home(state: MacState) -> bool:
    """Tell whether the prefix is where other accounts look for a conda, and is not shared.

    Another volume is not such a place: people add volumes for room.
    """
    inside = f"{state.prefix}/".startswith((f"{state.home}/", "/Volumes/"))
    return not inside and state.prefix.startswith("/") and state.sharing is None


def find_place_blockers(mac: MacHost, state: MacState) -> Iterator[str]:
    """Yield why Torchard can install nothing where the lab wants it."""
    prefix = shorten_mac_path(state.prefix, state.home)
    for volume in state.unmounted:
        yield (
            f"the volume {volume} is not mounted, and {prefix} or"
            f" {shorten_mac_path(state.root, state.home)} leads there: connect"
            " or mount it, or set miniconda.prefix to another path"
        )
    if state.guarded is not None and not state.guarded[1]:
        folder = shorten_mac_path(state.guarded[0], state.home)
        yield (
            f"{prefix} lies in {folder}, which macOS protects: Torchard may not even list it. Turn"
            f" on {_settings(mac)}, or set miniconda.prefix to another path, such as ~/miniconda3"
        )
    if is_outside_home(state) and state.prefix_state in {"absent", "half"}:
        yield (
            f"{prefix} is outside the home of {state.user}, and its environments would be in"
            " ~/.torchard, which other accounts may not read. To share them between all accounts,"
            f" write `miniconda: {{prefix: {_suggest(state.prefix)}, shared: true}}`; for"
            f" {state.user} alone, write `miniconda: {{prefix: ~/miniconda3}}`"
        )
    home = state.home_volume if state.sharing is None else None
    if home is not None and not home.executes:
        yield (
            "its home is on a volume that is mounted noexec, where no program runs; name an account"
            " with another home in ssh.user"
        )
    elif state.prefix_volume is not None and not state.prefix_volume.executes:
        yield (
            f"{prefix} is on a volume that is mounted noexec, where no program runs; set"
            " miniconda.prefix to another path"
        )


def find_place_warnings(mac: MacHost, state: MacState) -> Iterator[str]:
    """Yield what may break the environments later, or lets another account change them."""
    # If accounts share the prefix, that blocks the Mac.
    for path in () if state.sharing else state.world_writable:
        place = shorten_mac_path(path, state.home)
        yield (
            f"every account of this Mac may write to {place}, and so change what runs there; run"
            f" `chmod o-w {place}` on it"
        )
    prefix = shorten_mac_path(state.prefix, state.home)
    if is_outside_home(state) and state.prefix_state == "whole" and mac.environments:
        yield (
            f"{prefix} is outside the home of {state.user}; its environments are in ~/.torchard, so"
            " other accounts that use this conda may get `Permission denied` in them; `miniconda:"
            " {shared: true}` in the lab shares them"
        )
    folder = None if state.guarded is None else shorten_mac_path(state.guarded[0], state.home)
    # A prefix on another volume is not a warning: people add volumes for such things.
    if folder is not None and folder.startswith("~/") and not is_prefix_unreadable(state):
        yield (
            f"{prefix} lies in {folder}, which macOS protects and iCloud may empty: conda"
            " works only while programs have access to it. Set miniconda.prefix to another path,"
            f" such as ~/miniconda3, or keep {_settings(mac)} turned on"
        )


def _suggest(prefix: str) -> str:
    """Return a prefix whose folder is not one of the system's own: the account must own that."""
    return prefix if prefix.count("/") > 2 else "/opt/torchard/miniconda3"


def _settings(mac: MacHost) -> str:
    if mac.connection == "local":
        return "System Settings > Privacy & Security > Full Disk Access for your terminal"
    return (
        "System Settings > General > Sharing > Remote Login > Allow full disk access for remote"
        " users"
    )
