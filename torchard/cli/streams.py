"""The standard streams of a command: what happens if one is closed, or cannot be written."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_NAMES = ("stdin", "stdout", "stderr")


class OutputError(TorchardError):
    """What a command prints cannot be written to stdout, for example on a full disk."""


class _Output(io.FileIO):
    """Stdout or stderr without python's own buffers. A pipe without a reader is an error as ever.

    Any other error of stdout is an OutputError. One of stderr is ignored: nobody can see why.
    """

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            if self.fileno() == 1:
                raise OutputError(
                    f"Stdout cannot be written: {error.strerror}.",
                    "Make room there, or send the output to another place.",
                ) from error
            return memoryview(data).nbytes


def prepare_streams() -> None:
    """Open closed streams on /dev/null, and let the others print what they can.

    Else the next file that is opened would be stdout, and python has None for it.
    """
    for number, name in enumerate(_NAMES):
        if getattr(sys, name) is None:
            file = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(file, True)  # noqa: FBT003  # by position only
            setattr(sys, name, os.fdopen(file, "w" if number else "r", encoding="utf-8"))
        stream = getattr(sys, name)
        if number and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show · shows a ?
            if stream is getattr(sys, f"__{name}__"):
                setattr(sys, name, _report_errors(stream, number))


def _report_errors(stream: io.TextIOWrapper, number: int) -> io.TextIOWrapper:
    """Return a stream like python's own, whose errors are ours."""
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(number, "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        newline="\n",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def discard_stdout() -> None:
    """Let stdout take the rest and lose it: python would print a second error when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
