"""Read from a Mach-O header which arch and macOS a file was built for (<mach-o/loader.h>)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = 1 << 15  # bytes, enough for the load commands of every library
_THIN = 0xFEEDFACF  # MH_MAGIC_64, little endian
_FAT = 0xCAFEBABE  # FAT_MAGIC, big endian: several files in one
_ARCHS = {0x0100000C: "arm64", 0x01000007: "x86_64"}
_LC_VERSION_MIN_MACOSX, _LC_BUILD_VERSION = 0x24, 0x32
_PLATFORM_MACOS = 1


class Slice(NamedTuple):
    """One arch of a file, and the oldest macOS that it was built for as (major, minor, patch)."""

    arch: str
    macos: tuple[int, int, int]


def is_fat(content: bytes) -> bool:
    """Tell from its first bytes whether a file has parts for several archs."""
    return content[:4] == struct.pack(">I", _FAT)


def read_slices(content: bytes) -> list[Slice]:
    """Return the parts of a Mach-O file; none for another file.

    `content` is the whole file, or the first HEAD bytes of a file for one arch. Raise ValueError if
    a part does not say which macOS it was built for.
    """
    if len(content) < 8:
        return []
    if struct.unpack_from("<I", content)[0] == _THIN:
        return [_thin(content)]
    magic, count = struct.unpack_from(">II", content)
    if magic != _FAT:
        return []
    offsets = [struct.unpack_from(">5I", content, 8 + 20 * one)[2] for one in range(count)]
    parts = [content[offset:] for offset in offsets]
    # Parts for 32-bit processors have another header, and no supported Mac runs them.
    return [_thin(part) for part in parts if part[:4] == struct.pack("<I", _THIN)]


def _thin(content: bytes) -> Slice:
    _, cpu, _, _, count, _ = struct.unpack_from("<6I", content)
    for command, body in _commands(content, count):
        if command == _LC_BUILD_VERSION:
            platform, minos = struct.unpack_from("<II", body)
            if platform != _PLATFORM_MACOS:
                raise ValueError(f"it was built for platform {platform}, not for macOS")
            return Slice(_ARCHS[cpu], _version(minos))
        if command == _LC_VERSION_MIN_MACOSX:
            return Slice(_ARCHS[cpu], _version(*struct.unpack_from("<I", body)))
    raise ValueError("it does not say which macOS it was built for")


def _commands(content: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    place = 32
    for _ in range(count):
        command, size = struct.unpack_from("<II", content, place)
        yield command, content[place + 8 : place + size]
        place += size


def _version(packed: int) -> tuple[int, int, int]:
    return packed >> 16, packed >> 8 & 0xFF, packed & 0xFF
