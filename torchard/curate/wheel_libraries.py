"""Read which macOS the libraries in a wheel were built for. It fetches only their headers, 2 MB."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

from torchard.curate.mach_o import HEAD, is_fat, read_slices
from torchard.curate.ranged_file import RangedFile
from torchard.redact import redact

if TYPE_CHECKING:
    from torchard.curate.wheel_index import WheelFile


class UnreadableWheelError(Exception):
    """The libraries of a wheel cannot be read. The message is a phrase."""


def read_minos(file: WheelFile, arch: str) -> dict[str, str]:
    """Return the macOS of a wheel's libraries, by file name, as in a row of the catalogue.

    Of several libraries for the same macOS, only the largest is named. Raise UnreadableWheelError.
    """
    found: dict[str, tuple[int, str]] = {}
    try:
        with zipfile.ZipFile(io.BufferedReader(RangedFile(file.url), 1 << 16)) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith((".dylib", ".so")):
                    with archive.open(entry) as library:
                        head = library.read(HEAD)
                        # In a file for several archs, the part for one arch may begin anywhere.
                        read = read_slices(head + library.read() if is_fat(head) else head)
                    for one in read:
                        if one.arch == arch:
                            name = entry.filename.rpartition("/")[2]
                            macos = _text(one.macos)
                            found[macos] = max(found.get(macos, (0, "")), (entry.file_size, name))
    except (OSError, ValueError, KeyError, struct.error, zipfile.BadZipFile) as error:
        raise UnreadableWheelError(f"{file.name}: {redact(str(error))}") from error
    return {name: macos for macos, (_, name) in sorted(found.items(), key=lambda one: one[1])[::-1]}


def _text(macos: tuple[int, int, int]) -> str:
    return ".".join(map(str, macos if macos[2] else macos[:2]))
