"""What other wheels and Macs have to know of the libraries in a wheel, in a form that JSON holds.

PyTorch's libraries export some 36,000 symbols, whose names take 3 MB. So Torchard reads them from
the wheel, and keeps them beside it instead of in the catalogue.
"""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from torchard.binaries.trace import trace_needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.binaries.image import Image

_READER = 2  # raised when the same wheel gets another summary
_TORCH = re.compile(r"lib(?:torch(?:_[a-z_]+)?|c10|shm)\.dylib")
# A name of C++ whose outermost namespace is one of PyTorch's, and names of its stable C interface.
_TORCH_SYMBOL = re.compile(r"_(_Z(T[VTIS])?N?[KVRO]*(2at|3c10|5torch|6caffe2)|aoti_torch_)")
ANY_LIBRARY = ""  # of a symbol that dyld looks for in every library of the process
_LONGEST = 300  # characters of a phrase: names of C++ can have thousands


class Summary(msgspec.Struct, frozen=True):
    """The libraries of a wheel for one arch.

    `macos` is the oldest macOS on which they load, and `cause` a phrase on what needs it; both are
    empty without libraries. `built_for` is the newest macOS that one of them was built for.
    `unknown` counts the imports from macOS that Torchard does not know, and `example` is one.
    `imports` are strong imports from PyTorch by library, those of a flat namespace under
    ANY_LIBRARY, and `exports` what PyTorch's own libraries in this wheel have. `error` is a phrase
    if the libraries cannot be read; all else is then empty.
    """

    macos: str = ""
    cause: str = ""
    built_for: str = ""
    unknown: int = 0
    example: str = ""
    imports: dict[str, list[str]] = {}
    exports: dict[str, list[str]] = {}
    error: str = ""


class Symbol(NamedTuple):
    """A symbol of one of PyTorch's libraries."""

    library: str
    name: str


def summarize(images: Mapping[str, Image]) -> Summary:
    """Summarize the libraries of a wheel, by their paths. Raise ValueError if they contradict."""
    if not images:
        return Summary()
    # Only a wheel with libraries needs the table.
    from torchard.binaries.minimum import find_minimum  # noqa: PLC0415
    from torchard.binaries.symbols import load_symbols  # noqa: PLC0415

    minimum = find_minimum(images, load_symbols())
    built_for = max((one.minos for one in images.values() if one.minos), default=None)
    imports: dict[str, dict[str, None]] = {}
    for need in trace_needs(images):
        if need.is_weak:
            continue
        for library in map(_last, need.libraries):
            if is_torch_library(library):
                imports.setdefault(library, {})[need.name] = None
        if not need.libraries and _TORCH_SYMBOL.match(need.name):
            imports.setdefault(ANY_LIBRARY, {})[need.name] = None
    return Summary(
        macos="" if minimum.macos is None else str(minimum.macos),
        cause=minimum.cause[:_LONGEST],
        built_for="" if built_for is None else ".".join(map(str, built_for)),
        unknown=len(minimum.unknown),
        example=minimum.unknown[0][:_LONGEST] if minimum.unknown else "",
        imports={library: sorted(names) for library, names in sorted(imports.items())},
        exports=_list_exports(images),
    )


def find_missing(wheel: Summary, torch: Summary) -> list[Symbol]:
    """Return what a wheel's libraries import from PyTorch, and this torch does not have.

    dyld looks for a symbol in the library that the import names, and in what that one re-exports;
    for one of a flat namespace, it looks in all libraries.
    """
    everything = [name for names in torch.exports.values() for name in names]
    return [
        Symbol(library, name)
        for library, names in wheel.imports.items()
        for name in sorted(
            set(names).difference(
                torch.exports.get(library, ()) if library != ANY_LIBRARY else everything
            )
        )
    ]


def is_torch_library(file: str) -> bool:
    """Tell whether a file is one of PyTorch's own libraries, by its name."""
    return bool(_TORCH.fullmatch(file))


def shorten_name(symbol: str) -> str:
    """Return a symbol as a programmer writes it, without parameters; of C++, only simple names."""
    match = re.match(r"__ZN?[KVRO]*((?:\d+\w)+.*)", symbol)
    rest, parts = match[1] if match else "", []
    while number := re.match(r"\d{1,3}", rest):
        end = number.end() + int(number[0])
        parts.append(rest[number.end() : end])
        rest = rest[end:]
    return "::".join(parts) or symbol.removeprefix("_")


def read_key() -> str:
    """Return a key of 16 hex digits, which changes with the table and the reader of libraries."""
    table = resources.files(__package__).joinpath("symbols.yaml").read_bytes()
    return hashlib.sha256(b"%d\n%b" % (_READER, table)).hexdigest()[:16]


def _list_exports(images: Mapping[str, Image]) -> dict[str, list[str]]:
    by_name = {_last(path): one for path, one in images.items()}
    found = {}
    for name in sorted(filter(_TORCH.fullmatch, by_name)):
        found[name] = sorted({one for part in _follow(name, by_name) for one in part.exports})
    return found


def _follow(name: str, by_name: Mapping[str, Image]) -> Iterator[Image]:
    """Yield a library and those of the same wheel that it re-exports."""
    left, seen = [name], {name}
    while left:
        image = by_name[left.pop()]
        yield image
        more = {_last(one.path) for one in image.dependencies if one.is_reexported}
        left += (more & by_name.keys()) - seen
        seen |= more


def _last(path: str) -> str:
    return path.rpartition("/")[2]
