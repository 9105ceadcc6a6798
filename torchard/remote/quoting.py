"""A script as one line that every login shell hands to `sh` unchanged."""

from __future__ import annotations

import re

# What no shell expands, quoted or not. macOS's /bin/sh is bash 3.2, to which the inner quotes of
# `"$(printf %b "…")"` end the outer ones: it expands braces there.
_NOT_PLAIN = re.compile(rb"[^A-Za-z0-9 _./:;=,+@%&<>|-]")


def for_any_shell(script: str) -> str:
    """Return what runs a script under `sh -c '…'`, whatever shell that is itself typed to.

    sshd gives a command to the account's login shell. tcsh takes no line breaks in quotes and
    reads `!` even there; fish takes a backslash in single quotes for an escape before another or
    a quote. So those characters, and all that need quoting, go as the octal numbers of `printf`.
    """
    # Half a character, as a file name of the Mac may hold, is written out: it stays with its Mac.
    coded = script.encode("utf-8", "backslashreplace")
    text = _NOT_PLAIN.sub(lambda found: b"\\0%03o" % found[0][0], coded)
    return f'eval "$(printf %b "{text.decode()}")"'
