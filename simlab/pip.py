"""The pip that simulated Macs run: a real one, this host's own, in a few files.

Its modules lie compiled in one archive. Without that, each environment would get 1,000 files, and
each start of pip would read 100 of them.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from simlab.package import byte_code, record, zipped

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARCHIVE = "pip/_modules.zip"
# These stay files: the archive is found through two of them, `python -m pip` begins in one, and the
# certificates are data.
_FILES = ("pip/__init__.py", "pip/__main__.py", "pip/_vendor/__init__.py", "pip/_vendor/certifi/")
_FIND = b"""
# Added by simlab: the other modules are in an archive beside this package.
__path__.append(f"{__path__[0]}%s")
"""
# `pip --version` is asked at each verification, and imports 300 modules to answer.
_MAIN = "pip/_internal/cli/main.py"
_REAL_MAIN = "pip/_internal/cli/real_main.py"
_QUICK_MAIN = b"""
import sys
if sys.argv[1:] == ["--version"]:
    import pip
    python = ".".join(map(str, sys.version_info[:2]))
    print(f"pip {pip.__version__} from {pip.__path__[0]} (python {python})")
    sys.exit(0)
from pip._internal.cli.real_main import *
from pip._internal.cli.real_main import main
"""


class PipError(RuntimeError):
    """This host has no pip to give to a simulated Mac; `str()` says what to do."""


@dataclass(frozen=True)
class Pip:
    """A pip: its version, its files by path below site-packages, and the sha256 of its sources.

    The archive's bytes differ from process to process, because marshal counts references.
    """

    version: str
    files: Mapping[str, bytes]
    digest: str


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
    del files[f"{folder}/RECORD"]
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"\0{path}\0".encode() + content)
    files = _packed(files)
    files[f"{folder}/RECORD"] = record(files, f"{folder}/RECORD")
    return Pip(folder.removeprefix("pip-").removesuffix(".dist-info"), files, digest.hexdigest())


def _packed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a pip's files with the modules compiled into one archive."""
    modules: dict[str, bytes] = {}
    packed: dict[str, bytes] = {}
    for path, content in sorted(files.items()):
        if not path.startswith("pip/") or path.startswith(_FILES):
            packed[path] = content
        elif path == _MAIN:
            modules[f"{_MAIN}c"] = byte_code(_MAIN, _QUICK_MAIN)
            modules[f"{_REAL_MAIN}c"] = byte_code(_REAL_MAIN, content)
        elif path.endswith(".py"):
            modules[f"{path}c"] = byte_code(path, content)
    archive = f"/{_ARCHIVE.rpartition('/')[2]}/pip"
    packed["pip/__init__.py"] += _FIND % archive.encode()
    packed["pip/_vendor/__init__.py"] += _FIND % f"/..{archive}/_vendor".encode()
    packed[_ARCHIVE] = zipped(modules)
    return packed


def _installed() -> dict[str, bytes]:
    try:
        listed = metadata.distribution("pip").files or []
    except metadata.PackageNotFoundError:
        return {}
    paths = {one.as_posix(): one for one in listed}
    return {
        path: one.read_binary()
        for path, one in paths.items()
        if path.startswith(("pip/", "pip-")) and "__pycache__" not in path
    }


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
