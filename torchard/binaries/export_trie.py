"""Read what a Mach-O file exports, from its export trie (<mach-o/loader.h>)."""

from __future__ import annotations

from torchard.binaries.cursor import Budget, Cursor, decode
from torchard.binaries.image import Reexport

_REEXPORT = 0x08


def read_exports(content: bytes, budget: Budget) -> dict[str, Reexport | None]:
    """Return each exported symbol, with its origin if it is re-exported. Raise ValueError.

    A node that two edges lead to is an error, so a trie has no more steps than bytes.
    """
    found: dict[str, Reexport | None] = {}
    if not content:
        return found
    seen = {0}
    nodes = [(0, b"")]
    while nodes:
        place, name = nodes.pop()
        cursor = Cursor(content, place)
        size = cursor.read_uleb()
        children = cursor.place + size
        if size:
            found[decode(name)] = _read_symbol(cursor, name, budget)
        cursor.place = children
        for _ in range(cursor.read_byte()):
            edge = cursor.read_name(budget)
            budget.use(len(name))
            child = cursor.read_uleb()
            if child in seen:
                raise ValueError("its export trie is not a tree")
            seen.add(child)
            nodes.append((child, name + edge))
    return found


def _read_symbol(cursor: Cursor, name: bytes, budget: Budget) -> Reexport | None:
    if not cursor.read_uleb() & _REEXPORT:
        return None
    ordinal = cursor.read_uleb()
    return Reexport(decode(cursor.read_name(budget) or name), ordinal)
