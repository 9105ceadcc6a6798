"""Read a listing of a conda channel from a file: repodata, or what `conda search --json` prints.

repodata.json may be packed by zstd, as channels offer it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_MOST = 1 << 30  # bytes, unpacked: conda-forge's repodata.json of one subdir has 300 MB

_ZSTD = b"\x28\xb5\x2f\xfd"


class Record(msgspec.Struct):
    """What a channel says of one build. `channel` is a name or a URL; repodata leaves it out."""

    name: str
    version: str
    build: str
    subdir: str = ""
    channel: str = ""
    depends: list[str] = []


class _Info(msgspec.Struct):
    subdir: str = ""


class _Repodata(msgspec.Struct):
    info: _Info = msgspec.field(default_factory=_Info)
    packages: dict[str, Record] = {}
    conda: dict[str, Record] = msgspec.field(name="packages.conda", default_factory=dict)


def read_file(path: Path) -> bytes:
    """Return the bytes of a file, unpacked. Raise TorchardError."""
    try:
        with path.open("rb") as file:
            is_packed = file.read(4) == _ZSTD
            file.seek(0)
            stream = _open_zstd(path, file) if is_packed else file
            content = stream.read(_MOST + 1)
    except (OSError, EOFError, ValueError) as error:
        raise TorchardError(f"{path} cannot be read: {error}.") from error
    if len(content) > _MOST:
        raise TorchardError(f"{path} has more than {_MOST >> 30} GiB.")
    return content


def read_listing(content: bytes, names: Iterable[str]) -> tuple[Record, ...]:
    """Return the records of some packages in a listing. Raise ValueError if it is not one."""
    wanted = frozenset(names)
    try:
        if b'"info"' in content[:4096] or b'"packages"' in content[:4096]:
            found = msgspec.json.decode(content, type=_Repodata)
            rows = [*found.packages.values(), *found.conda.values()]
            for row in rows:
                row.subdir = row.subdir or found.info.subdir
        else:
            printed: Mapping[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
            lists = [printed[name] for name in wanted if name in printed]
            if not lists:
                raise ValueError("it is neither repodata nor what `conda search --json` prints")
            rows = [row for one in lists for row in msgspec.convert(one, list[Record])]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"it is not a listing of a conda channel: {error}") from error
    return tuple(row for row in rows if row.name in wanted)


def _open_zstd(path: Path, file: BinaryIO) -> BinaryIO:
    """Return the unpacked bytes of a file. Python has zstd since 3.14 (PEP 784)."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        return cast("BinaryIO", module.open(file, "rb"))
    raise TorchardError(
        f"{path} is packed by zstd, which this Python cannot unpack.",
        f"Run `pip install backports.zstd`, or `zstd -d {path}` and give the unpacked file.",
    )
