"""How people write the paths of a Mac, and how a script does. Pure."""

from __future__ import annotations

import shlex


def shorten_mac_path(path: str, home: str) -> str:
    """Write a path below the home with `~`, so that two Macs with different homes read the same."""
    return f"~{path[len(home) :]}" if f"{path}/".startswith(f"{home}/") else path


def assign_root(root: str) -> str:
    """Return the line of a shell script that sets `root`; `~/` is the home of the account."""
    home, path = ('"$HOME"/', root[2:]) if root.startswith("~/") else ("", root)
    return f"root={home}{shlex.quote(path)}\n"
