"""conda-meta/history: what was asked of an environment, and what came of it.

Specs add up over the history: `# update specs` sets them by name, `# remove specs` drops them, and
what is left holds in every later solve.
"""

from __future__ import annotations

import ast
import datetime as dt
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_SPECS = re.compile(r"#\s*(update|install|create|remove|uninstall) specs:\s*(\[.*\])\s*$")
_NAME = re.compile(r"(?:.*::)?\s*([A-Za-z0-9_.-]+)")


def path(prefix: Path) -> Path:
    """Return where an environment keeps its history; conda knows an environment by this file."""
    return prefix / "conda-meta" / "history"


def name_of(spec: str) -> str:
    """Return the package that a spec is about."""
    match = _NAME.match(spec)
    return match[1].lower() if match else spec


def requested(prefix: Path) -> dict[str, str]:
    """Return the specs that hold in an environment, by package name."""
    specs: dict[str, str] = {}
    try:
        lines = path(prefix).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return specs
    for line in lines:
        match = _SPECS.match(line)
        if not match:
            continue
        words = [str(word) for word in ast.literal_eval(match[2])]
        for word in words:
            specs.pop(name_of(word), None)
            if match[1] not in ("remove", "uninstall"):
                specs[name_of(word)] = word
    return specs


def append(
    prefix: Path,
    command: Sequence[str],
    version: str,
    *,
    changes: Iterable[str] = (),
    update: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> None:
    """Append one entry. `changes` are lines such as `+conda-forge/osx-arm64::xz-5.8.1-h1_0`."""
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"==> {now} <==", f"# cmd: {' '.join(command)}", f"# conda version: {version}"]
    lines += changes
    lines += [f"# remove specs: {list(remove)!r}"] if remove else []
    lines += [f"# update specs: {list(update)!r}"] if update else []
    path(prefix).parent.mkdir(parents=True, exist_ok=True)
    with path(prefix).open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
