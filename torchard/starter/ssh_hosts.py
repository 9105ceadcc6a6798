"""Read the Macs of a first lab from an ssh_config. It is only read: ssh evaluates it later."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from torchard.errors import TorchardError
from torchard.lab.problem import quote
from torchard.lab.settings import read_schema
from torchard.remote.ssh_commands import find_own_files
from torchard.starter.first_lab import FirstLab
from torchard.starter.folder import LAB

_LINE = re.compile(r"\s*(?P<keyword>host|include)(?:\s*=\s*|\s+)(?P<rest>\S.*)", re.IGNORECASE)
_PATTERN = re.compile(r"[*?!]")


def read_ssh_hosts(text: str, path: Path) -> FirstLab:
    """Return a Mac for each name of the `Host` lines, patterns left out.

    Each Mac keeps its name there as its address, so that user, port, key and jump hosts come from
    that file. A file that ssh does not read by itself becomes `ssh: {config: PATH}`. Raise
    TorchardError if the text has neither a `Host` nor an `Include`.
    """
    names: list[str] = []
    left_out: list[str] = []
    has_host = has_include = False
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        if found["keyword"].lower() == "include":
            has_include = True
            continue
        has_host = True
        for name in _split(found["rest"]):
            if _PATTERN.search(name):
                continue
            (names if _is_name(name) else left_out).append(name)
    if not has_host and not has_include:
        raise TorchardError(
            f"{path} has no `Host`, and its name does not end in .csv, .yml or .yaml.",
            "--from reads a .csv of Macs, an ssh_config or an environment.yml."
            f" For a requirements.txt, type: torchard import {path} --into {LAB}",
        )
    own = {Path(one).resolve() for one in find_own_files()}
    defaults = {} if path.resolve() in own else {"ssh": {"config": str(path.resolve())}}
    notes = [f"{path}: {quote(name)} cannot be the name of a Mac." for name in left_out]
    if has_include:
        notes.append(f"{path}: hosts of included files are not in the lab.")
    if names:
        notes.append(f"{path}: each host became a Mac. Remove those from {LAB} that are not Macs.")
    return FirstLab(
        macs={name: {} for name in dict.fromkeys(names)}, defaults=defaults, notes=tuple(notes)
    )


def _split(rest: str) -> list[str]:
    try:
        return shlex.split(rest, comments=True)
    except ValueError:  # an unbalanced quote, which ssh rejects too
        return []


def _is_name(name: str) -> bool:
    return re.search(read_schema()["$defs"]["name"]["pattern"], name) is not None
