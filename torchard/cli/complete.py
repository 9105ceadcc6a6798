"""What shells complete: the Macs, groups and environments of a lab file.

Only the file is read: no Mac is contacted, no command runs, and a lab with errors completes too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from torchard.resources import find_default_lab

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import click

KINDS = ("macs", "groups", "environments")
# Nothing else in a file may reach the shell.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def read_names(lab: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the names of each kind in a lab file; none if it cannot be read."""
    from torchard.lab.yaml_source import read_yaml  # not for the help of a command

    data = read_yaml(lab).data
    parts = data if isinstance(data, dict) else {}
    return {
        kind: tuple(name for name in parts.get(kind) or () if _NAME.fullmatch(str(name)))
        if isinstance(parts.get(kind), dict)
        else ()
        for kind in KINDS
    }


def complete_macs(context: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Complete the name of one Mac."""
    return _start_with(typed, _names(context)["macs"])


def complete_limits(context: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Complete Macs and groups, also the last of several between commas."""
    before, comma, last = typed.rpartition(",")
    names = _names(context)
    found = _start_with(last, (*names["macs"], *names["groups"]))
    return [f"{before}{comma}{name}" for name in found]


def complete_environments(
    context: click.Context, _option: click.Parameter, typed: str
) -> list[str]:
    """Complete the name of one environment."""
    return _start_with(typed, _names(context)["environments"])


def _names(context: click.Context) -> Mapping[str, tuple[str, ...]]:
    lab = context.params.get("lab")
    return read_names(Path(lab) if lab else find_default_lab())


def _start_with(typed: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(typed)]
