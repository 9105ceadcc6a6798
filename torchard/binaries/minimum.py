"""Which macOS do the libraries of a wheel need? Pure.

dyld loads a file if it knows the format of the file's fixups, and if the Mac has every library and
symbol that the file imports, except weak ones. It never compares the macOS that the file was built
for (JustInTimeLoader.cpp, Header::loadableIntoProcess and Loader::resolveSymbol of dyld).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from torchard.binaries.trace import is_system_library, trace_needs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from packaging.version import Version

    from torchard.binaries.image import Image
    from torchard.binaries.symbols import Since, SymbolTable
    from torchard.binaries.trace import Need


@dataclass(frozen=True)
class Minimum:
    """The oldest macOS on which the files of a wheel load, as far as the table knows.

    From `sure` on, nothing was inferred. `cause` is a phrase on what needs `macos`. `unknown` are
    phrases on what the table does not know: with any, `macos` may be too old. `macos` is None for
    a wheel without libraries.
    """

    macos: Version | None
    sure: Version | None
    cause: str
    unknown: tuple[str, ...]


def find_minimum(
    images: Mapping[str, Image], table: SymbolTable, on_demand: Collection[str] = ()
) -> Minimum:
    """Return the oldest macOS on which a wheel's files for one arch load.

    `on_demand` are patterns for the paths of files that no import of the package loads; what only
    they load is left out, too. Raise ValueError if a file contradicts itself.
    """
    used = find_used_files(images, on_demand)
    known: dict[str, Since] = {}
    unknown: dict[str, None] = {}
    for phrase, since in _judge(images, used, table):
        if since is None:
            unknown[phrase] = None
        else:
            known.setdefault(phrase, since)
    newest = max(known, key=lambda one: known[one].macos, default="")
    return Minimum(
        macos=known[newest].macos if newest else None,
        sure=max((one.sure for one in known.values()), default=None),
        cause=newest,
        unknown=tuple(unknown),
    )


def _judge(
    images: Mapping[str, Image], used: Collection[str], table: SymbolTable
) -> Iterator[tuple[str, Since | None]]:
    """Yield, for each format and strong import, since when macOS has it; None if not known."""
    for path in used:
        image = images[path]
        for fixups in sorted(image.fixups):
            yield f"the {fixups} fixups of {_last(path)}", table.fixups.get(fixups)
        if image.dependencies and not image.fixups and image.imports:
            yield f"the imports of {_last(path)}", None
    for need in trace_needs(images):
        if need.file in used and not need.is_weak and _is_of_macos(need):
            arch = images[need.file].arch
            found = [table.find(arch, one, need.name) for one in need.libraries]
            library = " or ".join(map(_last, need.libraries))
            phrase = f"{need.name} of {library}, which {_last(need.file)} imports"
            yield phrase, min((one for one in found if one is not None), default=None)


def _is_of_macos(need: Need) -> bool:
    """Tell whether only macOS can have a symbol, and no other package."""
    return bool(need.libraries) and all(map(is_system_library, need.libraries))


def find_used_files(images: Mapping[str, Image], on_demand: Collection[str]) -> list[str]:
    """Return the files that an import loads: not those on demand, and what only they load."""
    by_name: dict[str, list[str]] = {}
    for path in images:
        by_name.setdefault(_last(path), []).append(path)
    found: dict[str, None] = {}
    left = [path for path in images if not any(fnmatch(path, one) for one in on_demand)]
    while left:
        path = left.pop(0)
        if path not in found:
            found[path] = None
            for one in images[path].dependencies:
                left += by_name.get(_last(one.path), ())
    return list(found)


def _last(path: str) -> str:
    return path.rpartition("/")[2]
