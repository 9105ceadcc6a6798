"""Where uploads arrive on a Mac, and the command that cleans that directory. Pure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from torchard.mac import probe
from torchard.operations.script_text import read_script

PARTS = "torchard parts"  # the key of a host's connector_data
_RENAME = r'my $end = shift; for (@ARGV) { rename("$_$end", $_) or die "$_: $!\n" }'
_PART = re.compile(r"part\t([0-9a-f]{64})\.([0-9A-Za-z-]{1,100})\t([0-9]{1,15})")

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torchard.mac.state import MacState


def incoming_directory(state: MacState) -> str:
    """Return the directory that files are uploaded to, each named by its sha256."""
    return f"{state.root}/depot/incoming"


def remove_partial_files(state: MacState, paths: Sequence[str]) -> str:
    """Return the command that removes partial uploads, and prints how many kilobytes are free.

    SFTP does not say which limit stopped an upload. So the command first tries to write a little
    more to the first file, and stderr has what prevents that.
    """
    place, files = shlex.quote(incoming_directory(state)), shlex.join(paths)
    first = shlex.quote(paths[0])
    more = f"errors=$({{ head -c 65536 /dev/zero >>{first}; }} 2>&1)"
    shared = probe.read_part("tools.sh") + read_script("explain_errors.sh")
    return f"{shared}read_free {place}; {more}; rm -f {files}; {_EXPLAIN}; :"


def name_complete(paths: Iterable[str], token: str) -> str:
    """Return the command that takes the token of a run off the names of complete uploads.

    One process does it: `mv` would be one for each file.
    """
    words = ["perl", "-e", _RENAME, f".{token}", *paths]
    return f'env -i PATH="$PATH" LC_ALL=C {shlex.join(words)}'


def continue_part(state: MacState, name: str, path: str, size: int) -> str:
    """Return the command that renames a part of an upload, and prints its first bytes' sha256."""
    old, new = shlex.quote(f"{incoming_directory(state)}/{name}"), shlex.quote(path)
    clean = 'env -i PATH="$PATH" LC_ALL=C shasum -a 256'
    return f"mv -f {old} {new} && head -c {size} {new} | {clean}"


def parse_parts(printed: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return the parts of large files that `begin_run.sh` printed: name and bytes by sha256."""
    found: dict[str, tuple[str, int]] = {}
    for line in printed:
        if match := _PART.fullmatch(line):
            sha256, size = match[1], int(match[3])
            if size > found.get(sha256, ("", 0))[1]:
                found[sha256] = (f"{sha256}.{match[2]}", size)
    return found


def parse_free_bytes(printed: Iterable[str]) -> int | None:
    """Return the free bytes that `remove_partial_files` printed; None if df did not say."""
    kilobytes = next(iter(printed), "").strip()
    return int(kilobytes) * 1024 if kilobytes.isdecimal() else None


_EXPLAIN = 'printf "%s\\n" "$errors" | explain_error >&2'
