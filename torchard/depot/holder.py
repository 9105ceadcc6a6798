"""Which process fetches an artefact, as a file beside its lock says to those that wait."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from torchard.plain_files import create_plain, open_plain
from torchard.redact import redact
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_COMMAND = 200  # characters


def write_holder(path: Path) -> None:
    """Write who fetches an artefact. It is for people alone, so a failure does not matter."""
    command = redact(" ".join(sys.argv))[:_LONGEST_COMMAND]
    since = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}"
    with suppress(OSError), create_plain(path) as stream:
        stream.write(json.dumps([os.getpid(), command, since]).encode())


def describe_holder(path: Path) -> str:
    """Return the process, the command and the start of who fetches an artefact, as a person says.

    Without a file that can be read, it is only another run.
    """
    try:
        with open_plain(path) as file:
            pid, command, since = json.loads(file.read(4096))
        return f"process {int(pid)} ({sanitize(str(command))}), since {sanitize(str(since))}"
    except (OSError, ValueError, TypeError, RecursionError):
        return "another run of Torchard"
