"""What a prefix holds, and what conda says of a failure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess


def names(prefix: Path) -> set[str]:
    """Return name-version of what conda-meta records."""
    return {path.name.rpartition("-")[0] for path in (prefix / "conda-meta").glob("*.json")}


def failure(done: CompletedProcess[str]) -> str:
    """Return the exception_name of a command with `--json` that failed."""
    assert done.returncode == 1
    name: str = json.loads(done.stdout)["exception_name"]
    return name
