"""Where uploads arrive on a Mac, and the command that cleans that directory. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from torchard.mac import probe
from torchard.operations.script_text import read_script, root

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchard.mac.state import MacState


def incoming_directory(state: MacState) -> str:
    """Return the directory that files are uploaded to, each named by its sha256."""
    return f"{root(state)}/depot/incoming"


def remove_partial_file(state: MacState, path: str) -> str:
    """Return the command that removes a partial upload, and prints how many kilobytes are free.

    SFTP does not say which limit stopped an upload. So the command first tries to write a little
    more to the file, and stderr has what prevents that.
    """
    place, file = shlex.quote(incoming_directory(state)), shlex.quote(path)
    more = f"errors=$({{ head -c 65536 /dev/zero >>{file}; }} 2>&1)"
    shared = probe.read_part("tools.sh") + read_script("explain_errors.sh")
    return f"{shared}read_free {place}; {more}; rm -f {file}; {_EXPLAIN}; :"


def parse_free_bytes(printed: Iterable[str]) -> int | None:
    """Return the free bytes that `remove_partial_file` printed; None if df did not say."""
    kilobytes = next(iter(printed), "").strip()
    return int(kilobytes) * 1024 if kilobytes.isdecimal() else None


_EXPLAIN = 'printf "%s\\n" "$errors" | explain_error >&2'
