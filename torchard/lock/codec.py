"""Lock files as text: the same lock always gives the same bytes, with one package a line.

So a diff of two lock files reads package by package. Torchard reads nothing but a whole lock.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lock import file_format
from torchard.lock.lockfile import CondaPackage, Lock, LockFileError, Wheel, conda_row
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

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
        with path.open("rb") as stream:
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
        return _check(_lock(_decode(content, file_format.Lock)))
    except MalformedError as error:
        place = "" if error.offset is None else f":{_line_column(content, error.offset)}"
        raise LockFileError(
            f"{path}{place}: this is not a lock file of Torchard: {error}.",
            "Restore it, or remove it and run `torchard lock`.",
        ) from error


def format_lock(lock: Lock) -> str:
    """Return the text of a lock file, ending in a newline."""
    variant = lock.variant
    head = {
        "format": file_format.FORMAT,
        "environment": lock.environment,
        "class": {"subdir": lock.mac_class.subdir, "macos": lock.mac_class.macos},
        "inputs": lock.inputs,
        "python": lock.python,
        "variant": variant and {**vars(variant), "packages": dict(variant.packages)},
        "conda_specs": lock.conda_specs,
        "pip_specs": lock.pip_specs,
        "channels": lock.channels,
    }
    lines = [f"  {_json(key)}: {_json(value)}" for key, value in head.items()]
    lines.append(_list("conda", [conda_row(one) for one in lock.conda]))
    lines.append(_list("wheels", [vars(one) for one in lock.wheels]))
    return "{\n" + ",\n".join(lines) + "\n}\n"


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
    return CondaPackage(**{**known, "provides": tuple(row.provides.items())})


def _wheel(row: file_format.Wheel) -> Wheel:
    return Wheel(**msgspec.structs.asdict(row))


def _lock(row: file_format.Lock) -> Lock:
    known = msgspec.structs.asdict(row)
    del known["format"]
    changed = {
        "mac_class": MacClass(row.mac_class.subdir, row.mac_class.macos),
        "variant": row.variant and Variant(**msgspec.structs.asdict(row.variant)),
        "conda": tuple(map(_conda_package, row.conda)),
        "wheels": tuple(map(_wheel, row.wheels)),
    }
    return Lock(**{**known, **changed})


def _check(lock: Lock) -> Lock:
    """Raise MalformedError for what a schema cannot say."""
    for what, named in (("conda package", lock.conda), ("wheel", lock.wheels)):
        names = [one.name for one in named]
        if len(set(names)) < len(names):
            name = next(one for one in names if names.count(one) > 1)
            raise MalformedError(f"it lists the {what} {name} twice")
    for one in lock.conda:
        if one.channel not in lock.channels:
            raise MalformedError(f"{one.name} is from {one.channel}, which is not in its channels")
        if one.subdir not in {lock.mac_class.subdir, "noarch"}:
            raise MalformedError(f"{one.name} is for {one.subdir}, not for {lock.mac_class.subdir}")
    if all(one.name != "python" for one in lock.conda):
        raise MalformedError("it has no python among its conda packages")
    return lock


def _list(key: str, objects: Iterable[object]) -> str:
    lines = ",\n".join(f"    {_json(one)}" for one in objects)
    return f'  "{key}": [\n{lines}\n  ]' if lines else f'  "{key}": []'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _excerpt(value: object) -> str:
    return sanitize(_json(value))[:80]
