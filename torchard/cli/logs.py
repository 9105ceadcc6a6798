"""`-v` and `--log FILE`: what pyinfra, paramiko and the programs of OpenSSH say."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

from torchard.errors import TorchardError
from torchard.redact import redact
from torchard.sanitize import sanitize_lines

if TYPE_CHECKING:
    from pathlib import Path

_LOGGERS = ("pyinfra", "paramiko", "torchard.ssh")
_MOST_CHARACTERS = 4000  # of one message: a script may have a hundred thousand


class _Formatter(logging.Formatter):
    """A formatter for text of other computers: without secrets of URLs, and safe to print."""

    def format(self, record: logging.LogRecord) -> str:
        text = redact(super().format(record))  # before the cut, which may be within a login
        cut = f"{text[:_MOST_CHARACTERS]}…" if len(text) > _MOST_CHARACTERS else text
        return sanitize_lines(cut)


class _StderrHandler(logging.StreamHandler[TextIO]):
    """A handler that looks for stderr each time, because the live view replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def show_logs() -> None:
    """Print on stderr what pyinfra and ssh say."""
    _listen(_StderrHandler(), "%(name)s: %(message)s")


def keep_logs(path: Path) -> None:
    """Append what pyinfra and ssh say to a file. Raise TorchardError if it cannot be written."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise TorchardError(
            f"{path} cannot be written: {error.strerror}.", "Name another file with --log."
        ) from error
    _listen(handler, "%(asctime)s %(name)s: %(message)s")


def _listen(handler: logging.Handler, line: str) -> None:
    handler.setFormatter(_Formatter(line))
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.DEBUG)
