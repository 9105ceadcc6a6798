"""A command as it leaves for a Mac, and what it may be made of."""

from __future__ import annotations

import re

from pyinfra.api import StringCommand
from pyinfra.connectors.util import make_unix_command

from torchard.remote.quoting import for_any_shell

FRAME = re.compile(r"sh -c 'eval \"\$\(printf %b \"(.*)\"\)\"'")
# Letters, octal numbers, and signs that no shell expands, be they quoted or not.
PLAIN = re.compile(r"(?:[A-Za-z0-9 _./:;=,+@%&<>|-]|\\0[0-7]{3})*")


def as_sent(text: str) -> str:
    """Return what sshd is given of a script, or of a line that was made for any shell already."""
    line = text if text.startswith('eval "$(printf %b "') else for_any_shell(text)
    return str(make_unix_command(StringCommand(line)).get_raw_value())


def assert_nothing_expands(sent: str) -> None:
    """Assert that all but the frame of a command is plain: no login shell reads it otherwise."""
    frame = FRAME.fullmatch(sent)
    assert frame, sent
    assert PLAIN.fullmatch(frame[1])
