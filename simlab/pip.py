"""The pip that simulated Macs run: a real one, this host's own."""

from __future__ import annotations

import importlib.util
import io
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from simlab.package import record

if TYPE_CHECKING:
    from collections.abc import Mapping


class PipError(RuntimeError):
    """This host has no pip to give to a simulated Mac; `str()` says what to do."""


@dataclass(frozen=True)
class Pip:
    """A pip: its version, and its files by path below site-packages."""

    version: str
    files: Mapping[str, bytes]

    def without_bytecode(self) -> Pip:
        """Return the same pip in half the bytes, and slower to start."""
        files = {path: one for path, one in self.files.items() if not path.endswith(".pyc")}
        return Pip(self.version, files)


def find() -> Pip:
    """Return the pip installed beside this interpreter, or the one that ensurepip carries.

    Raise PipError where there is neither.
    """
    files = _installed() or _bundled()
    if not files:
        raise PipError(
            f"{sys.executable} has no pip and no ensurepip. Make the virtual environment with "
            "pip (python -m venv), or install your system's python3-venv."
        )
    info = next(path for path in files if path.endswith(".dist-info/METADATA"))
    folder = info.rpartition("/")[0]
    files[f"{folder}/INSTALLER"] = b"conda\n"
    # The launchers for Windows, a fifth of its bytes, are of no use on a Mac.
    files = {path: one for path, one in sorted(files.items()) if not path.endswith(".exe")}
    del files[f"{folder}/RECORD"]
    files[f"{folder}/RECORD"] = record(files, f"{folder}/RECORD")
    return Pip(folder.removeprefix("pip-").removesuffix(".dist-info"), files)


def _installed() -> dict[str, bytes]:
    try:
        listed = metadata.distribution("pip").files or []
    except metadata.PackageNotFoundError:
        return {}
    files: dict[str, bytes] = {}
    for one in listed:
        path = one.as_posix()
        if path.startswith(("pip/", "pip-")) and "__pycache__" not in path:
            files[path] = one.read_binary()
            if path.endswith(".py"):
                files |= _bytecode(path, files[path], str(one.locate()))
    return files


def _bytecode(path: str, source: bytes, place: str) -> dict[str, bytes]:
    """Return the byte code that this host keeps of a module, made independent of file times.

    A Mac's first `pip` would otherwise compile 450 modules, in each environment anew.
    """
    folder, _, name = path.rpartition("/")
    cached = importlib.util.cache_from_source(place)
    try:
        with open(cached, "rb") as file:  # noqa: PTH123 (500 of them)
            content = file.read()
    except OSError:
        return {}
    if content[:4] != importlib.util.MAGIC_NUMBER or content[4:8] != bytes(4):
        return {}
    if int.from_bytes(content[12:16], "little") != len(source) & 0xFFFFFFFF:
        return {}
    # PEP 552: flags 1 is "by hash, not checked".
    header = content[:4] + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
    target = f"{folder}/__pycache__/{name[:-3]}.{sys.implementation.cache_tag}.pyc"
    return {target: header + content[16:]}


def _bundled() -> dict[str, bytes]:
    try:
        import ensurepip  # noqa: PLC0415 (some systems leave it out)
    except ImportError:
        return {}
    from pathlib import Path  # noqa: PLC0415

    folders = [Path(ensurepip.__file__).parent / "_bundled"]
    folders += [Path(one) for one in [getattr(ensurepip, "_WHEEL_PKG_DIR", None)] if one]
    wheels = sorted(wheel for folder in folders for wheel in folder.glob("pip-*.whl"))
    if not wheels:
        return {}
    with zipfile.ZipFile(io.BytesIO(wheels[-1].read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}
