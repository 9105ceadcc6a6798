"""Find which library outside a wheel each import of its files comes from. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from torchard.binaries.image import FLAT_LOOKUP, MAIN_EXECUTABLE, SELF, WEAK_LOOKUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.binaries.image import Image

_SYSTEM = ("/usr/lib/", "/System/Library/")


class Need(NamedTuple):
    """A symbol that a wheel's file imports and that no file of the wheel exports.

    `file` is its path in the wheel. `libraries` are the install names of the libraries of which one
    has to have it: usually one. None are named if any file of the process may have it, as
    extension modules find the functions of Python. `is_weak`: the file loads without it.
    """

    file: str
    libraries: tuple[str, ...]
    name: str
    is_weak: bool


def is_system_library(path: str) -> bool:
    """Tell whether a library with this install name is a part of macOS."""
    return path.startswith(_SYSTEM)


def trace_needs(images: Mapping[str, Image]) -> Iterator[Need]:
    """Yield what the files of a wheel import from libraries outside it.

    `images` are those of one arch, by path. Libraries of the wheel that re-export others, or single
    symbols of others, are followed. Raise ValueError if an import names a library that its file
    does not load.
    """
    tracer = _Tracer(images)
    for path, image in images.items():
        for one in image.imports:
            origin = tracer.find_origin(path, one.name, one.ordinal)
            if origin is not None:
                yield Need(path, *origin, one.is_weak)


class _Origin(NamedTuple):
    """Where a symbol may come from: libraries outside the wheel, and its name there."""

    libraries: tuple[str, ...]
    name: str


class _Tracer:
    """The libraries of one wheel, by path and by the last part of their paths."""

    def __init__(self, images: Mapping[str, Image]) -> None:
        self._images = images
        self._by_name: dict[str, list[str]] = {}
        for path in images:
            self._by_name.setdefault(_last(path), []).append(path)

    def find_origin(self, path: str, name: str, ordinal: int) -> _Origin | None:
        """Return where an import of a file comes from; None if a file of the wheel has it."""
        return self._find(path, name, ordinal, set())

    def _find(
        self, path: str, name: str, ordinal: int, seen: set[tuple[str, str]]
    ) -> _Origin | None:
        """Find an import of a file; `seen` are the files that were searched, each with a name."""
        if ordinal == SELF:
            return None
        dependencies = self._images[path].dependencies
        if ordinal in {MAIN_EXECUTABLE, FLAT_LOOKUP, WEAK_LOOKUP}:
            if any(name in one.exports for one in self._images.values()):
                return None
            outside = (one.path for one in dependencies if not self._find_files(one.path))
            return _Origin(tuple(outside) if ordinal == WEAK_LOOKUP else (), name)
        if not 0 < ordinal <= len(dependencies):
            raise ValueError(f"{path}: it imports {name} from a library that it does not load")
        return self._search(dependencies[ordinal - 1].path, name, seen)

    def _search(self, library: str, name: str, seen: set[tuple[str, str]]) -> _Origin | None:
        """Search for a symbol in a library, and in those that it re-exports."""
        outside: list[str] = []
        for path in self._find_files(library):
            if (path, name) in seen:
                continue
            seen.add((path, name))
            image = self._images[path]
            if name in image.exports:
                one = image.exports[name]
                return one and self._find(path, one.name, one.ordinal, seen)
            for dependency in image.dependencies:
                if dependency.is_reexported:
                    found = self._search(dependency.path, name, seen)
                    if found is None:
                        return None
                    outside += found.libraries
        return _Origin(tuple(dict.fromkeys(outside)) or (library,), name)

    def _find_files(self, library: str) -> list[str]:
        """Return the files of the wheel that an install name may load."""
        return [] if is_system_library(library) else self._by_name.get(_last(library), [])


def _last(path: str) -> str:
    return path.rpartition("/")[2]
