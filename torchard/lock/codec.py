"""Lock files as text: the same lock always gives the same bytes, with one package a line.

So a diff of two lock files reads package by package. Torchard reads nothing but a whole lock, each
byte of which is as it writes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from torchard.catalog.mac_class import parse_mac_class
from torchard.catalog.variant import Variant
from torchard.lock import file_format
from torchard.lock.compare import find_contradictions
from torchard.lock.lockfile import (
    CondaPackage,
    LibraryCheck,
    Lock,
    LockFileError,
    Wheel,
    conda_row,
    wheel_row,
)
from torchard.plain_files import open_plain
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from torchard.lock.compare import Part

MAX_BYTES = 4 << 20  # a lock of a thousand packages takes half a MiB
_SHOWN = 200  # characters of what is wrong: a file may hold a name of a MiB

T = TypeVar("T")


class _Head(msgspec.Struct):
    """Only the format: the rest of an older or newer lock file may be anything."""

    format: object = file_format.FORMAT


class MalformedError(ValueError):
    """A value that a lock file cannot hold. `offset` is its place in the content, in bytes."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(sanitize(message)[:_SHOWN])
        self.offset = offset


def read_lock(path: Path) -> Lock:
    """Read a lock file. Raise LockFileError if it cannot be read or is not a lock."""
    try:
        with open_plain(path) as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise LockFileError(f"{path}: the lock file cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise LockFileError(
            f"{path}: this file has more than {MAX_BYTES >> 20} MiB. Torchard writes smaller ones.",
            "Restore it, or remove it and run `torchard lock`.",
        )
    return parse_lock(content, str(path))


def parse_lock(content: bytes, path: str) -> Lock:
    """Return the lock that a lock file's content describes; `path` is for messages.

    Raise LockFileError if it is not a lock of this format.
    """
    try:
        found = _decode(content, _Head).format
        if found != file_format.FORMAT:
            raise LockFileError(
                f"{path}: this lock file has format {_excerpt(found)}. This version of Torchard"
                f" reads format {file_format.FORMAT}.",
                "Lock again: run `torchard lock --upgrade`.",
            )
        lock = _lock(_decode(content, file_format.Lock))
        _check_text(content, lock, path)
    except MalformedError as error:
        place = "" if error.offset is None else f":{_line_column(content, error.offset)}"
        raise LockFileError(
            f"{path}{place}: this is not a lock file of Torchard: {error}.",
            "Restore it, or remove it and run `torchard lock`.",
        ) from error
    for part, what in find_contradictions(lock):
        raise edited_error(f"{path}:{find_line(lock, part)}", what)
    return lock


def format_lock(lock: Lock) -> str:
    """Return the text of a lock file, ending in a newline."""
    variant = lock.variant
    head = {
        "format": file_format.FORMAT,
        "environment": lock.environment,
        "class": str(lock.mac_class),
        "inputs": lock.inputs,
        "python": lock.python,
        "variant": variant
        and {
            "source": variant.source,
            "packages": dict(variant.packages),
            "mps_expected": variant.mps_expected,
            "constraints": variant.constraints,
        },
        "conda_specs": lock.conda_specs,
        "pip_specs": lock.pip_specs,
        "channels": lock.channels,
        **({"indexes": dict(lock.indexes)} if lock.indexes else {}),
    }
    lines = [f"  {_json(key)}: {_json(value)}" for key, value in head.items()]
    lines.append(_list("conda", lock.conda))
    lines.append(_list("wheels", lock.wheels))
    if lock.libraries:
        rows = ",\n".join(f"    {_json(vars(one))}" for one in lock.libraries)
        lines.append(f'  "libraries": [\n{rows}\n  ]')
    text = "{\n" + ",\n".join(lines) + ",\n"
    return f'{text}  "digest": "{hashlib.sha256(text.encode()).hexdigest()}"\n}}\n'


def find_line(lock: Lock, part: Part) -> int:
    """Return the line, from 1, of a key or a package in the file of a lock."""
    wanted = f"  {_json(part)}: " if isinstance(part, str) else f"    {_row(part)}"
    lines = format_lock(lock).splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(wanted))


def read_conda_package(row: Mapping[str, Any]) -> CondaPackage:
    """Return the conda package that a solver describes. Raise ValueError if a lock has no such."""
    return _conda_package(_decode(msgspec.json.encode(row), file_format.CondaPackage))


def read_wheel(row: Mapping[str, Any]) -> Wheel:
    """Return the wheel that a solver describes. Raise ValueError if a lock has no such."""
    return _wheel(_decode(msgspec.json.encode(row), file_format.Wheel))


def _decode(content: bytes, kind: type[T]) -> T:
    """Decode JSON strictly. Raise MalformedError with a phrase on what is wrong."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), content) from error
    except msgspec.DecodeError as error:
        said = str(error).removeprefix("JSON is malformed: ")
        what, _, byte = said.rstrip(")").partition(" (byte ")
        offset = len(content) if "truncated" in what else int(byte) if byte else None
        raise MalformedError(f"it is not JSON ({what[0].lower()}{what[1:]})", offset) from error
    except UnicodeDecodeError as error:  # of msgspec before 0.23
        raise MalformedError("it is not JSON (invalid UTF-8)") from error
    except RecursionError as error:
        raise MalformedError("it is nested too deeply") from error


def _explained(text: str, content: bytes) -> MalformedError:
    """Return what msgspec says about a value, with that value and its place."""
    said, _, path = text.rpartition(" - at ") if " - at " in text else (text, "", "")
    keys = re.findall(r"\.(\w+)|\[(\d+)\]", path)
    offset, value = _find(content, keys)
    name = "".join(f".{key}" if key else f"[{index}]" for key, index in keys).lstrip(".")
    _, regex, pattern = said.partition("matching regex ")
    if not regex:
        what = f"{said[0].lower()}{said[1:]}"
    elif path.startswith("`key`"):
        what = f"one of its keys is not {_titled(pattern)}"
    elif "[...]" in path:
        what = f"one of its values is not {_titled(pattern)}"
    else:
        what = f"{value} is not {_titled(pattern)}"
    return MalformedError(f"{name}: {what}" if name else what, offset)


def _titled(pattern: str) -> str:
    """Return what a text with a pattern is called, such as `a sha256`."""
    title = file_format.TITLES[pattern]
    title = title if title.startswith("macOS") else f"{title[0].lower()}{title[1:]}"
    return f"{'an' if title[0] in 'aeiou' else 'a'} {title}"


def _find(content: bytes, keys: Iterable[tuple[str, str]]) -> tuple[int | None, str]:
    """Return the offset of the value at a path of (key, index), and an excerpt of its JSON."""
    offset, part = 0, content
    try:
        for key, index in keys:
            raw: Any = dict[str, msgspec.Raw] if key else list[msgspec.Raw]
            value = bytes(msgspec.json.decode(part, type=raw)[key or int(index)])
            offset += part.find(value, part.find(f'"{key}"'.encode()) if key else 0)
            part = value
    except (msgspec.MsgspecError, RecursionError):
        return None, "a value"  # behind the first fault, the content is not JSON either
    return offset, part.decode("utf-8", "replace")[:80]


def _line_column(content: bytes, offset: int) -> str:
    lines = content[:offset].split(b"\n")
    return f"{len(lines)}:{len(lines[-1]) + 1}"


def _conda_package(row: file_format.CondaPackage) -> CondaPackage:
    known = msgspec.structs.asdict(row)
    known.pop("digest", None)
    return CondaPackage(**{**known, "provides": tuple(row.provides.items())})


def _wheel(row: file_format.Wheel) -> Wheel:
    known = msgspec.structs.asdict(row)
    known.pop("digest", None)
    return Wheel(**known)


def _lock(row: file_format.Lock) -> Lock:
    known = msgspec.structs.asdict(row)
    del known["format"], known["digest"]
    variant = row.variant and Variant(
        **msgspec.structs.asdict(row.variant), python=row.python, reason=""
    )
    changed = {
        "mac_class": parse_mac_class(row.mac_class),
        "variant": variant,
        "conda": tuple(map(_conda_package, row.conda)),
        "wheels": tuple(map(_wheel, row.wheels)),
        "libraries": tuple(LibraryCheck(**msgspec.structs.asdict(one)) for one in row.libraries),
    }
    return Lock(**{**known, **changed})


def _check_text(content: bytes, lock: Lock, path: str) -> None:
    """Raise LockFileError if a lock's file is not as Torchard writes it, with the first line."""
    wanted = format_lock(lock).encode()
    if content == wanted:
        return
    found, lines = content.split(b"\n"), wanted.split(b"\n")
    number = next(
        (place for place, pair in enumerate(zip(found, lines, strict=False)) if pair[0] != pair[1]),
        min(len(found), len(lines)) - 1,
    )
    line = lines[number].decode()
    packages: tuple[CondaPackage | Wheel, ...] = (*lock.conda, *lock.wheels)
    rows = {f"    {_row(one)}": one.name for one in packages}
    if line.rstrip(",") in rows:
        what = f"the row of {rows[line.rstrip(',')]} does not fit its digest"
    elif line.startswith('  "digest"'):
        what = "a line before this digest was changed, added or removed"
    else:
        what = "Torchard writes this line in another way"
    raise edited_error(f"{path}:{number + 1}", what)


def edited_error(place: str, what: str) -> LockFileError:
    """Return the error of a lock that a person or a merge has changed."""
    return LockFileError(
        f"{place}: this lock file was edited: {what}.",
        "Restore it, for example by `git restore`, or solve again: `torchard lock --upgrade`.",
    )


def _list(key: str, packages: Iterable[CondaPackage | Wheel]) -> str:
    lines = ",\n".join(f"    {_row(one)}" for one in packages)
    return f'  "{key}": [\n{lines}\n  ]' if lines else f'  "{key}": []'


def _row(package: CondaPackage | Wheel) -> str:
    """Return a package's line, which ends in the digest of the line without it."""
    row = conda_row(package) if isinstance(package, CondaPackage) else wheel_row(package)
    digest = hashlib.sha256(_json(row).encode()).hexdigest()[:16]
    return _json({**row, "digest": digest})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _excerpt(value: object) -> str:
    return sanitize(_json(value))[:80]
