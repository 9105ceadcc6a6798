"""Write small Mach-O files and wheels with them, as linkers for macOS do."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CPUS = {"arm64": 0x0100000C, "x86_64": 0x01000007, "i386": 7}
SYSTEM = "/usr/lib/libSystem.B.dylib"
LIBCXX = "/usr/lib/libc++.1.dylib"
MAGIC, FAT_MAGIC, FAT_MAGIC_64 = 0xFEEDFACF, 0xCAFEBABE, 0xCAFEBABF


@dataclass(frozen=True)
class Library:
    """What a written file says.

    `loads` are pairs of a load command and an install name. `binds`, `lazy` and `weak` are names
    with the ordinal of their library and whether the file loads without them; `chained` likewise,
    in the format `chained_format` of imports and `pointers` of pointers. `exports` maps names to
    None or to their origin: a name and an ordinal.
    """

    arch: str = "arm64"
    minos: tuple[int, int, int] | None = (11, 0, 0)
    platform: int = 1
    name: str | None = None
    loads: Sequence[tuple[int, str]] = ((0xC, SYSTEM),)
    binds: Sequence[tuple[str, int, bool]] = ()
    lazy: Sequence[tuple[str, int, bool]] = ()
    weak: Sequence[tuple[str, int, bool]] = ()
    chained: Sequence[tuple[str, int, bool]] = ()
    chained_format: int = 1
    pointers: Sequence[int] = (6,)
    compressed: int = 0
    exports: Mapping[str, tuple[str, int] | None] = field(default_factory=dict)
    is_old: bool = False


def write(library: Library) -> bytes:
    """Return the bytes of a file for one arch."""
    parts = [b"", _binds(library.binds), _binds(library.weak), _binds(library.lazy, lazy=True)]
    commands = [_load(command, name) for command, name in library.loads]
    if library.name is not None:
        commands.insert(0, _load(0xD, library.name))
    if library.minos is not None:
        major, minor, patch = library.minos
        packed = major << 16 | minor << 8 | patch
        commands.append(
            struct.pack("<4I", 0x24, 16, packed, 0)
            if library.is_old
            else struct.pack("<6I", 0x32, 24, library.platform, packed, 0, 0)
        )
    trie = _trie(library.exports)
    sizes = sum(map(len, commands)) + (32 if library.chained else 48)
    place = 32 + sizes
    body = b""

    def put(content: bytes) -> tuple[int, int]:
        nonlocal body
        body += content
        return place + len(body) - len(content), len(content)

    if library.chained:
        chained = write_chained(library)
        commands += [
            struct.pack("<4I", 0x80000034, 16, *put(chained)),
            struct.pack("<4I", 0x80000033, 16, *put(trie)),
        ]
    else:
        places = [number for part in (*parts, trie) for number in put(part)]
        commands.append(struct.pack("<12I", 0x80000022, 48, *places))
    joined = b"".join(commands)
    kind = 8 if library.name is None else 6
    head = struct.pack("<8I", MAGIC, CPUS[library.arch], 0, kind, len(commands), len(joined), 0, 0)
    return head + joined + body


def write_fat(*libraries: bytes, magic: int = FAT_MAGIC, gap: int = 0) -> bytes:
    """Return several files in one, as lipo makes it, the last one first."""
    layout = ">5I" if magic == FAT_MAGIC else ">2I3Q"
    place = 8 + len(libraries) * (struct.calcsize(layout) + (0 if magic == FAT_MAGIC else 4)) + gap
    table, body = b"", b""
    for one in libraries:
        row = (0, 0, place + len(body), len(one), 12)
        table += (
            struct.pack(layout, *row) if magic == FAT_MAGIC else struct.pack(">2I2Q2I", *row, 0)
        )
        body += one
    head = struct.pack(">2I", magic, len(libraries)) + table
    return head.ljust(place, b"\0") + body


def write_wheel(files: Mapping[str, bytes | Library], *, programs: Sequence[str] = ()) -> bytes:
    """Return a wheel with files by their paths. `programs` are the paths of executable files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(entry, write(file) if isinstance(file, Library) else file)
    return content.getvalue()


def for_arch(library: Library, arch: str) -> Library:
    """Return the same library for another arch."""
    return replace(library, arch=arch)


def _load(command: int, name: str) -> bytes:
    text = name.encode() + b"\0"
    text = text.ljust(-(-len(text) // 8) * 8, b"\0")
    return struct.pack("<6I", command, 24 + len(text), 24, 2, 0, 0) + text


def _uleb(value: int) -> bytes:
    found = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        found.append(low | (0x80 if value else 0))
        if not value:
            return bytes(found)


def _binds(rows: Sequence[tuple[str, int, bool]], *, lazy: bool = False) -> bytes:
    """Return a bind stream that uses every way to bind a symbol in turn."""
    found = b""
    ways = (b"\x90", b"\xa0\x08", b"\xb1", b"\xc0\x03\x08")
    for number, (name, ordinal, weak) in enumerate(rows):
        found += (
            bytes([0x30 | ordinal & 0xF])
            if ordinal <= 0
            else bytes([0x10 | ordinal])
            if ordinal < 16
            else b"\x20" + _uleb(ordinal)
        )
        found += bytes([0x40 | weak]) + name.encode() + b"\0"
        found += b"\x51" + b"\x60\x7f" + b"\x72" + _uleb(4096 * number) + b"\x80\x10"
        found += b"\x90" if lazy else ways[number % len(ways)]
        found += b"\0" if lazy else b""
    return found + (b"\0" if rows and not lazy else b"")


def write_chained(library: Library) -> bytes:
    """Return the contents of LC_DYLD_CHAINED_FIXUPS."""
    names, imports = b"\0", b""
    for name, ordinal, weak in library.chained:
        if library.chained_format == 3:
            first = ordinal & 0xFFFF | weak << 16 | len(names) << 32
            imports += struct.pack("<2Q", first, 0)
        else:
            first = ordinal & 0xFF | weak << 8 | len(names) << 9
            imports += struct.pack("<I", first)
            imports += struct.pack("<i", -8) if library.chained_format == 2 else b""
        names += name.encode() + b"\0"
    segments = b"".join(
        struct.pack("<IHHQIHH", 24, 0x4000, one, 0, 0, 1, 0) for one in library.pointers
    )
    count = len(library.pointers) + 1
    offsets = [0, *(4 + 4 * count + 24 * one for one in range(count - 1))]
    starts = struct.pack(f"<I{count}I", count, *offsets) + segments
    at = 28 + len(starts)
    head = struct.pack(
        "<7I", 0, 28, at, at + len(imports), len(library.chained), library.chained_format,
        library.compressed,
    )  # fmt: skip
    return head + starts + imports + names


def _trie(exports: Mapping[str, tuple[str, int] | None]) -> bytes:
    """Return an export trie with one edge for the first letter of names, and one for the rest."""
    if not exports:
        return b""
    groups: dict[str, dict[str, tuple[str, int] | None]] = {}
    for name, origin in exports.items():
        groups.setdefault(name[:1], {})[name[1:]] = origin
    # Every offset has three bytes, so that sizes are known before places are.
    size = 2 + sum(len(first.encode()) + 4 for first in groups)
    found = bytearray(b"\0" + bytes([len(groups)]))
    bodies = b""
    for first, rest in groups.items():
        found += first.encode() + b"\0" + _three(size + len(bodies))
        node = b"\0" + bytes([len(rest)])
        start = size + len(bodies) + 2 + sum(len(name.encode()) + 4 for name in rest)
        leaves = b""
        for name, origin in rest.items():
            node += name.encode() + b"\0" + _three(start + len(leaves))
            symbol = (
                b"\0" + _uleb(4096)
                if origin is None
                else b"\x08" + _uleb(origin[1]) + origin[0].encode() + b"\0"
            )
            leaves += _uleb(len(symbol)) + symbol + b"\0"
        bodies += node + leaves
    return bytes(found) + bodies


def _three(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14])
