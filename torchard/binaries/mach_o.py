"""Read a Mach-O file: its arch, dependencies, imports and exports (<mach-o/loader.h>).

Only the load commands and the parts that they name are read, forwards, so a file may come from the
middle of a compressed wheel. Every size is bounded, and the bytes are not trusted.
"""

from __future__ import annotations

import struct
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from torchard.binaries.cursor import Budget, decode
from torchard.binaries.export_trie import read_exports
from torchard.binaries.fixups import (
    read_chained_formats,
    read_chained_imports,
    read_opcodes,
    read_weak_opcodes,
)
from torchard.binaries.image import OPCODES, Dependency, Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

_COMMANDS_MOST = 1 << 20  # bytes of load commands; libtorch_cpu has 5 KB
_PART_MOST = 1 << 26  # bytes of one part that load commands name
_SLICES_MOST = 16

_THIN = b"\xcf\xfa\xed\xfe"  # MH_MAGIC_64, little endian
_FAT = {b"\xca\xfe\xba\xbe": ">5I", b"\xca\xfe\xba\xbf": ">2I3Q"}  # big endian
_ARCHS = {0x0100000C: "arm64", 0x01000007: "x86_64"}

_DYLD_INFO = {0x22, 0x80000022}
_EXPORTS_TRIE, _CHAINED_FIXUPS = 0x80000033, 0x80000034
_ID_DYLIB = 0xD
_LOAD_DYLIB, _LOAD_WEAK, _REEXPORT_DYLIB = 0xC, 0x80000018, 0x8000001F
_DEPENDENCIES = {_LOAD_DYLIB, _LOAD_WEAK, _REEXPORT_DYLIB, 0x20, 0x80000023}  # lazy, upward
_VERSION_MIN_MACOSX, _BUILD_VERSION = 0x24, 0x32
_PLATFORM_MACOS = 1

# The parts of LC_DYLD_INFO in their order, which is also that of its fields.
_REBASE, _BIND, _WEAK_BIND, _LAZY_BIND, _EXPORT, _CHAINED = range(6)


class _Part(NamedTuple):
    offset: int
    size: int
    kind: int


def read_images(file: IO[bytes], *, is_whole: bool = True) -> list[Image]:
    """Return the archs of a Mach-O file for Macs with 64 bits; none for a file of another kind.

    `file` is at its start and can seek; from a ZipFile, seeking forwards reads. Without `is_whole`,
    only the load commands are read, and the images have no fixups, imports and exports. Raise
    ValueError with a phrase, and the OSError of `file`.
    """
    try:
        return list(_read_all(file, is_whole=is_whole))
    except (struct.error, OverflowError) as error:
        raise ValueError("it ends too early, or has numbers that make no sense") from error


def _read_all(file: IO[bytes], *, is_whole: bool) -> Iterator[Image]:
    head = file.read(8)
    if head[:4] == _THIN:
        yield from _read_thin(file, 0, head, is_whole=is_whole)
    layout = _FAT.get(head[:4])
    if layout is None or len(head) < 8:
        return
    (count,) = struct.unpack_from(">I", head, 4)
    if count > _SLICES_MOST:
        return  # a Java class begins with the same four bytes, and then its version
    table = _read_exactly(file, count * struct.calcsize(layout))
    for offset in sorted(one[2] for one in struct.iter_unpack(layout, table)):
        file.seek(offset)
        part = file.read(8)
        # Parts for 32-bit processors have another header, and no supported Mac runs them.
        if part[:4] == _THIN:
            yield from _read_thin(file, offset, part, is_whole=is_whole)


def _read_thin(file: IO[bytes], start: int, head: bytes, *, is_whole: bool) -> Iterator[Image]:
    head += _read_exactly(file, 32 - len(head))
    _, cpu, _, _, count, size, _, _ = struct.unpack("<8I", head)
    if size > _COMMANDS_MOST:
        raise ValueError("it has too many load commands")
    if cpu not in _ARCHS:
        return
    commands = list(_split(_read_exactly(file, size), count))
    parts = [one for command, body in commands if is_whole for one in _find_parts(command, body)]
    contents = {one.kind: _read_part(file, start, one) for one in sorted(parts)}
    yield _make_image(_ARCHS[cpu], commands, contents)


def _split(content: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield each load command with all of its bytes."""
    place = 0
    for _ in range(count):
        command, size = struct.unpack_from("<2I", content, place)
        if not 8 <= size <= len(content) - place:
            raise ValueError("a load command has a size that makes no sense")
        yield command, content[place : place + size]
        place += size


def _find_parts(command: int, body: bytes) -> Iterator[_Part]:
    if command in _DYLD_INFO:
        numbers = struct.unpack_from("<10I", body, 8)
        for kind in range(_REBASE + 1, _EXPORT + 1):
            yield _Part(numbers[2 * kind], numbers[2 * kind + 1], kind)
    elif command in {_EXPORTS_TRIE, _CHAINED_FIXUPS}:
        kind = _EXPORT if command == _EXPORTS_TRIE else _CHAINED
        offset, size = struct.unpack_from("<2I", body, 8)
        yield _Part(offset, size, kind)


def _read_part(file: IO[bytes], start: int, part: _Part) -> bytes:
    if part.size > _PART_MOST:
        raise ValueError("a part of it is too large")
    if not part.size:
        return b""
    file.seek(start + part.offset)
    return _read_exactly(file, part.size)


def _read_exactly(file: IO[bytes], size: int) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise ValueError("it ends too early")
    return content


def _make_image(arch: str, commands: list[tuple[int, bytes]], contents: dict[int, bytes]) -> Image:
    budget = Budget()
    info = {kind: contents.get(kind, b"") for kind in range(_CHAINED + 1)}
    imports = chain(
        read_opcodes(info[_BIND], budget),
        read_opcodes(info[_LAZY_BIND], budget, is_lazy=True),
        read_weak_opcodes(info[_WEAK_BIND], budget),
        read_chained_imports(info[_CHAINED], budget),
    )
    fixups = {OPCODES} if contents.keys() & {_BIND, _LAZY_BIND, _WEAK_BIND} else set()
    if info[_CHAINED]:
        fixups |= read_chained_formats(info[_CHAINED])
    names = [_read_name(body) for command, body in commands if command == _ID_DYLIB]
    return Image(
        arch=arch,
        minos=_find_minos(commands),
        install_name=names[0] if names else None,
        dependencies=tuple(
            Dependency(_read_name(body), command == _LOAD_WEAK, command == _REEXPORT_DYLIB)
            for command, body in commands
            if command in _DEPENDENCIES
        ),
        fixups=frozenset(fixups),
        imports=tuple(dict.fromkeys(imports)),
        exports=read_exports(info[_EXPORT], budget),
    )


def _read_name(body: bytes) -> str:
    """Return the install name in a load command about a library."""
    (offset,) = struct.unpack_from("<I", body, 8)
    return decode(body[offset:].partition(b"\0")[0])


def _find_minos(commands: list[tuple[int, bytes]]) -> tuple[int, int, int] | None:
    """Return the macOS that an image was built for. Raise ValueError if it is for other systems."""
    others = set()
    for command, body in commands:
        if command == _VERSION_MIN_MACOSX:
            return _version(*struct.unpack_from("<I", body, 8))
        if command == _BUILD_VERSION:
            platform, minos = struct.unpack_from("<2I", body, 8)
            if platform == _PLATFORM_MACOS:
                return _version(minos)
            others.add(platform)
    if others:
        raise ValueError(f"it was built for platform {min(others)}, not for macOS")
    return None


def _version(packed: int) -> tuple[int, int, int]:
    return packed >> 16, packed >> 8 & 0xFF, packed & 0xFF
