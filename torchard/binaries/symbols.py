"""The first macOS that has a symbol, or knows a format of fixups: the rows of `symbols.yaml`.

`schemas/symbols.schema.json` describes that file.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping


class Since(NamedTuple):
    """The first macOS that has something, and the first where that was looked up."""

    macos: Version
    sure: Version


@dataclass(frozen=True)
class SymbolTable:
    """What the table knows: formats of fixups by name, and symbols by arch and install name."""

    fixups: Mapping[str, Since]
    symbols: Mapping[tuple[str, str], Mapping[str, Since]]

    def find(self, arch: str, library: str, name: str) -> Since | None:
        """Return since when a library has a symbol, None if that is not known."""
        return self.symbols.get((arch, library), {}).get(name)


@functools.cache
def load_symbols() -> SymbolTable:
    """Return the table of this version of Torchard, read once in a process."""
    text = resources.files(__package__).joinpath("symbols.yaml").read_bytes()
    # The C loader is some ten times as fast, but not every PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return parse_symbols(yaml.load(text, loader))  # noqa: S506 - both are safe loaders


def parse_symbols(data: Mapping[str, Any]) -> SymbolTable:
    """Make a table of the contents of its file, which must be valid under the schema."""
    symbols: dict[tuple[str, str], dict[str, Since]] = {}
    for row in data["symbols"]:
        known = symbols.setdefault((row["arch"], row["library"]), {})
        known.update(dict.fromkeys(row["names"].split(), _since(row)))
    return SymbolTable({row["name"]: _since(row) for row in data["fixups"]}, symbols)


def _since(row: Mapping[str, Any]) -> Since:
    return Since(Version(row["since"]), Version(row["sure"]))
