"""Which macOS were the libraries in a wheel built for? Only their heads are fetched: some 2 MB."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

from torchard.curate.mach_o import HEAD, is_fat, slices
from torchard.curate.ranged import RangedFile
from torchard.redact import redact

if TYPE_CHECKING:
    from torchard.curate.listing import File


class UnreadError(Exception):
    """A wheel whose libraries cannot be read; the message is a phrase."""


def minos(file: File, arch: str) -> dict[str, str]:
    """Return, for each macOS that a library asks for, the largest such library and that macOS.

    By file name, as a row of the catalogue has it. Raise UnreadError.
    """
    found: dict[str, tuple[int, str]] = {}
    try:
        with zipfile.ZipFile(io.BufferedReader(RangedFile(file.url), 1 << 16)) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith((".dylib", ".so")):
                    with archive.open(entry) as library:
                        head = library.read(HEAD)
                        # The parts of a file for several archs may begin anywhere in it.
                        read = slices(head + library.read() if is_fat(head) else head)
                    for one in read:
                        if one.arch == arch:
                            name = entry.filename.rpartition("/")[2]
                            macos = _text(one.macos)
                            found[macos] = max(found.get(macos, (0, "")), (entry.file_size, name))
    except (OSError, ValueError, KeyError, struct.error, zipfile.BadZipFile) as error:
        raise UnreadError(f"{file.name}: {redact(str(error))}") from error
    return {name: macos for macos, (_, name) in sorted(found.items(), key=lambda one: one[1])[::-1]}


def _text(macos: tuple[int, int, int]) -> str:
    return ".".join(map(str, macos if macos[2] else macos[:2]))
