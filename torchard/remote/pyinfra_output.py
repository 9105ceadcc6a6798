"""Make what the `pyinfra` command prints safe for a terminal, whichever operation printed it.

pyinfra prints what a Mac says as it is: window titles, marks that turn text around, C1 controls.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import click
from pyinfra import logger
from pyinfra.api import output

from torchard.sanitize import sanitize_lines

# What click.style writes for pyinfra: reset, bold, and colours.
_STYLES = re.compile(r"(\x1b\[(?:0|1|39|[349][0-7])m)")


def sanitize_styled(text: str) -> str:
    """Write out whatever is not printable, except line breaks and pyinfra's own styles."""
    parts = _STYLES.split(text)
    parts[::2] = map(sanitize_lines, parts[::2])
    return "".join(parts)


class _Filter(logging.Filter):
    """A filter that changes each message and lets it pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the message; its arguments are already in it."""
        record.msg, record.args = sanitize_styled(record.getMessage()), ()
        return True


_FILTER = _Filter()


def sanitize_output() -> None:
    """Sanitize all that pyinfra logs and prints in this process, once or again."""
    logger.addFilter(_FILTER)
    if output.is_output_active():  # else it prints nothing
        output.set_echo(_echo)


def _echo(message: Any = None, **options: Any) -> None:
    text = sanitize_styled(message) if isinstance(message, str) else message
    click.echo(text, **options)
