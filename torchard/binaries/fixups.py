"""Read what a Mach-O file imports: from bind opcodes, or from chained fixups.

The symbol table is not asked: it also lists what nothing imports. Sources: <mach-o/loader.h>,
<mach-o/fixup-chains.h>, and MachOAnalyzer.cpp and Loader.cpp of dyld.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from torchard.binaries.cursor import Budget, Cursor, decode
from torchard.binaries.image import CHAINED_64, CHAINED_64_OFFSET, WEAK_LOOKUP, Import

if TYPE_CHECKING:
    from collections.abc import Iterator

_ORDINAL_IMM, _ORDINAL_ULEB, _ORDINAL_SPECIAL, _SYMBOL = 0x10, 0x20, 0x30, 0x40
_ADDEND, _SEGMENT, _ADD_ADDRESS = 0x60, 0x70, 0x80
_BIND, _BIND_ADD, _BIND_SCALED, _BIND_TIMES = 0x90, 0xA0, 0xB0, 0xC0
_DONE, _TYPE = 0x00, 0x50
_NUMBERS_AFTER = {_ADDEND: 1, _SEGMENT: 1, _ADD_ADDRESS: 1, _BIND_ADD: 1, _BIND_TIMES: 2}
_KNOWN = {_TYPE, _BIND, _BIND_SCALED, *_NUMBERS_AFTER}
_ORDINALS = {_ORDINAL_IMM, _ORDINAL_ULEB, _ORDINAL_SPECIAL}
_BINDS = {_BIND, _BIND_ADD, _BIND_SCALED, _BIND_TIMES}
_WEAK_IMPORT = 1

_FORMATS = {2: CHAINED_64, 6: CHAINED_64_OFFSET}
# By imports_format: how an import begins, the bits of its ordinal, and where its name is.
_IMPORTS = {1: ("<I", 8, 9), 2: ("<Ii", 8, 9), 3: ("<QQ", 16, 32)}


def read_opcodes(content: bytes, budget: Budget, *, is_lazy: bool = False) -> Iterator[Import]:
    """Yield the symbols of a bind stream, each as often as it is bound.

    In a lazy stream, each symbol ends with an opcode that ends another stream. Raise ValueError.
    """
    cursor = Cursor(content)
    ordinal, name, is_weak = 0, None, False
    while not cursor.is_at_end:
        byte = cursor.read_byte()
        opcode, value = byte & 0xF0, byte & 0x0F
        if opcode == _DONE:
            if not is_lazy:
                return
        elif opcode in _ORDINALS:
            ordinal = _read_ordinal(opcode, value, cursor)
        elif opcode == _SYMBOL:
            name, is_weak = decode(cursor.read_name(budget)), bool(value & _WEAK_IMPORT)
        elif opcode in _KNOWN:
            for _ in range(_NUMBERS_AFTER.get(opcode, 0)):
                cursor.read_uleb()
            if opcode in _BINDS:
                if name is None:
                    raise ValueError("it binds a symbol without a name")
                yield Import(name, ordinal, is_weak)
        else:
            raise ValueError(f"it has an unknown bind opcode, {byte:#x}")


def _read_ordinal(opcode: int, value: int, cursor: Cursor) -> int:
    if opcode == _ORDINAL_ULEB:
        return cursor.read_uleb()
    return value - 0x10 if opcode == _ORDINAL_SPECIAL and value else value


def read_weak_opcodes(content: bytes, budget: Budget) -> Iterator[Import]:
    """Yield the symbols of a weak bind stream, for which dyld prefers another file's definition.

    Without one, the file's own definition or its ordinary bind stays. Raise ValueError.
    """
    for one in read_opcodes(content, budget):
        yield Import(one.name, WEAK_LOOKUP, is_weak=True)


def read_chained_imports(content: bytes, budget: Budget) -> Iterator[Import]:
    """Yield the imports of chained fixups. Raise ValueError, also if their names are compressed."""
    if not content:
        return
    version, _, imports, symbols, count, imports_format, symbols_format = _header(content)
    if version != 0 or imports_format not in _IMPORTS:
        raise ValueError(f"it has chained fixups of an unknown format {version}.{imports_format}")
    if symbols_format != 0:
        raise ValueError("the names of its chained fixups are compressed")
    layout, bits, name_from = _IMPORTS[imports_format]
    step = struct.calcsize(layout)
    if imports + count * step > len(content):
        raise ValueError("its chained fixups end too early")
    for place in range(imports, imports + count * step, step):
        value = struct.unpack_from(layout, content, place)[0]
        ordinal = value & ((1 << bits) - 1)
        if ordinal > (1 << bits) - 0x10:
            ordinal -= 1 << bits
        name_at = value >> name_from & 0xFFFFFFFF
        name = Cursor(content, symbols + name_at).read_name(budget)
        yield Import(decode(name), ordinal, bool(value >> bits & 1))


def read_chained_formats(content: bytes) -> frozenset[str]:
    """Return the pointer formats of a file's segments. Raise ValueError."""
    _, starts, *_ = _header(content)
    try:
        (count,) = struct.unpack_from("<I", content, starts)
        offsets = struct.unpack_from(f"<{count}I", content, starts + 4)
        numbers = {
            struct.unpack_from("<H", content, starts + one + 6)[0] for one in set(offsets) if one
        }
    except (struct.error, OverflowError, MemoryError) as error:
        raise ValueError("its chained fixups end too early") from error
    return frozenset(_FORMATS.get(one, f"chained {one}") for one in numbers)


def _header(content: bytes) -> tuple[int, ...]:
    if len(content) < 28:
        raise ValueError("its chained fixups end too early")
    return struct.unpack_from("<7I", content)
