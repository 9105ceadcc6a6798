"""Read the libraries of a wheel on an index. Only the bytes that are read are fetched."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from torchard.binaries.wheel import read_wheel
from torchard.depot.ranged_file import RangedFile
from torchard.redact import redact

if TYPE_CHECKING:
    from torchard.curate.wheel_index import WheelFile

_BLOCK = 1 << 16  # bytes of one request, for the beginnings of libraries: 2 MB of a wheel in all


class UnreadableWheelError(Exception):
    """The libraries of a wheel cannot be read. The message is a phrase."""


def read_minos(file: WheelFile, arch: str) -> dict[str, str]:
    """Return the macOS that a wheel's libraries were built for, as in a row of the catalogue.

    Of several libraries for the same macOS, only the first by name is named. Raise
    UnreadableWheelError.
    """
    try:
        images = read_wheel(io.BufferedReader(RangedFile(file.url), _BLOCK), arch, is_whole=False)
    except (OSError, ValueError) as error:
        raise UnreadableWheelError(f"{file.name}: {redact(str(error))}") from error
    found: dict[str, str] = {}
    for path, image in sorted(images.items()):
        if image.minos is not None:
            found.setdefault(_text(image.minos), path.rpartition("/")[2])
    return {name: macos for macos, name in found.items()}


def _text(macos: tuple[int, int, int]) -> str:
    return ".".join(map(str, macos if macos[2] else macos[:2]))
