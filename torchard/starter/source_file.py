"""Read a file of another tool that a lab is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 1024 * 1024


def read_source(path: Path, wanted: str) -> bytes:
    """Return what a file has. Raise TorchardError, which asks for `wanted`, such as "a .csv"."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise TorchardError(
            f"{path} cannot be read: {error.strerror}.", f"Name {wanted}."
        ) from error
    if len(content) > _MAX_BYTES:
        raise TorchardError(f"{path} is over 1 MiB.", "Name a smaller file.")
    return content


def decode_source(content: bytes, path: Path) -> str:
    """Return the text of a file. Raise TorchardError if it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TorchardError(f"{path} is not UTF-8.", "Save it as UTF-8.") from error
