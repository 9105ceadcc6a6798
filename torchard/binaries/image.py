"""What Torchard reads of one arch of a Mach-O file, as data classes.

Words as in Apple's <mach-o/loader.h>, <mach-o/fixup-chains.h> and dyld's sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# Ordinals that are not a place in the list of dependencies (BIND_SPECIAL_DYLIB_*).
SELF, MAIN_EXECUTABLE, FLAT_LOOKUP, WEAK_LOOKUP = 0, -1, -2, -3

OPCODES = "opcodes"
CHAINED_64 = "chained PTR_64"
CHAINED_64_OFFSET = "chained 64_OFFSET"


class Dependency(NamedTuple):
    """A library that a file loads, by its install name.

    `is_weak`: the file loads without the library. `is_reexported`: the file offers the library's
    symbols as its own.
    """

    path: str
    is_weak: bool = False
    is_reexported: bool = False


class Import(NamedTuple):
    """A symbol that a file binds when it is loaded, or at the first call.

    `ordinal` is the place of its library in the list of dependencies, from 1 on, or one of SELF,
    MAIN_EXECUTABLE, FLAT_LOOKUP and WEAK_LOOKUP. `is_weak`: the file loads without the symbol.
    """

    name: str
    ordinal: int
    is_weak: bool = False


class Reexport(NamedTuple):
    """Where an exported symbol comes from: its name in a dependency, by ordinal."""

    name: str
    ordinal: int


@dataclass(frozen=True)
class Image:
    """One arch of a Mach-O file.

    `minos` is the macOS (major, minor, patch) that it was built for, None where it has none. dyld
    does not compare it. `install_name` is None for what is not a dylib. `fixups` are the formats of
    its imports: OPCODES, CHAINED_64, CHAINED_64_OFFSET, or another one by its number. `exports`
    maps each exported symbol to None, or to its origin if it is re-exported.
    """

    arch: str
    minos: tuple[int, int, int] | None
    install_name: str | None
    dependencies: tuple[Dependency, ...]
    fixups: frozenset[str]
    imports: tuple[Import, ...]
    exports: Mapping[str, Reexport | None]
