"""A script as one line that every login shell passes to `sh` unchanged."""

from __future__ import annotations

import re
from functools import lru_cache

# Characters that no shell expands, quoted or not. macOS's /bin/sh is bash 3.2. For it, the inner
# quotes of `"$(printf %b "…")"` end the outer ones, so it expands braces there.
_NOT_PLAIN = re.compile(rb"[^A-Za-z0-9 _./:;=,+@%&<>|-]")


@lru_cache(maxsize=32)  # every Mac of a lab gets the same probe, which has tens of kilobytes
def for_any_shell(script: str) -> str:
    """Return a line that runs a script under `sh -c '…'`, whatever the login shell is.

    sshd gives a command to the account's login shell. tcsh allows no line breaks in quotes and
    expands `!` even there. In fish, a backslash in single quotes is an escape before another one or
    a quote. So those characters, and all that need quotes, become octal numbers for `printf`.
    """
    # A file name on the Mac may contain half a character: it is written out as an escape.
    coded = script.encode("utf-8", "backslashreplace")
    text = _NOT_PLAIN.sub(lambda found: b"\\0%03o" % found[0][0], coded)
    return f'eval "$(printf %b "{text.decode()}")"'


def as_whole_command(script: str) -> str:
    """Return a script as all of what ssh sends; pyinfra writes `sh -c` itself around a line."""
    return f"sh -c '{for_any_shell(script)}'"
