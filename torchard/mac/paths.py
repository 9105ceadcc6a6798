"""How people write the paths of a Mac. Pure."""

from __future__ import annotations


def shorten_mac_path(path: str, home: str) -> str:
    """Write a path below the home with `~`, so that two Macs with different homes read the same."""
    return f"~{path[len(home) :]}" if f"{path}/".startswith(f"{home}/") else path
