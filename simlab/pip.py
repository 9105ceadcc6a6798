"""The pip that simulated Macs run: a real one, this host's own, in a few files.

Its modules lie compiled in one file. Without that, each environment would get 1,000 files, and
each start of pip would look for 300 of them. A zip archive takes longer: each module is read twice.
"""

from __future__ import annotations

import hashlib
import io
import marshal
import sys
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING

from simlab.package import code, record

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARCHIVE = "pip/_modules.bin"
# These stay files: the archive is found through the first, `python -m pip` begins in the second,
# and the certificates are data.
_FILES = ("pip/__init__.py", "pip/__main__.py", "pip/_vendor/certifi/")
_LICENCES = ".dist-info/licenses/"  # one for each library that pip brings
_FIND = b"""
# Added by simlab: the other modules are compiled in a file beside this one. It begins with the
# length of a table: for each name whether it is a package, and where its part begins and ends.
import marshal as _marshal
import sys as _sys
import zlib as _zlib
from _frozen_importlib import ModuleSpec as _ModuleSpec


class _Modules:
    def __init__(self, folder):
        self.folder = folder
        self.file = open(f"{folder}/_modules.bin", "rb")
        size = int.from_bytes(self.file.read(4), "little")
        self.places, self.start = _marshal.loads(self.file.read(size)), 4 + size

    def find_spec(self, name, path=None, target=None):
        if name not in self.places:
            return None
        is_package = self.places[name][0]
        origin = f"{self.folder}/{name[4:].replace('.', '/')}"
        spec = _ModuleSpec(name, self, is_package=is_package)
        if is_package:
            spec.submodule_search_locations.append(origin)
        spec.origin = f"{origin}/__init__.py" if is_package else f"{origin}.py"
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name):
        _, begin, end = self.places[name]
        self.file.seek(self.start + begin)
        return _marshal.loads(_zlib.decompress(self.file.read(end - begin)))


_sys.meta_path.insert(1, _Modules(__path__[0]))  # the first finder is the Mac's own
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
    """A pip: its version, its own files by path below site-packages, and the sha256 of those."""

    version: str
    sources: Mapping[str, bytes]
    digest: str

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The files of a simulated Mac's pip: compiling them takes a second.

        The archive's bytes differ from process to process, because marshal counts references.
        """
        files = _packed(self.sources)
        own = f"pip-{self.version}.dist-info/RECORD"
        files[own] = record(files, own)
        return files


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
    return Pip(folder.removeprefix("pip-").removesuffix(".dist-info"), files, digest.hexdigest())


def _packed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a pip's files with the modules compiled into one archive, and its licences in one."""
    modules: dict[str, bytes] = {}
    packed: dict[str, bytes] = {}
    for path, content in sorted(files.items()):
        folder, licences, licence = path.partition(_LICENCES)
        if licences:
            packed.setdefault(f"{folder}{licences}all.txt", b"")
            packed[f"{folder}{licences}all.txt"] += f"{licence}\n\n".encode() + content + b"\n"
        elif not path.startswith("pip/") or path.startswith(_FILES):
            packed[path] = content
        elif path == _MAIN:
            modules[_MAIN] = _QUICK_MAIN
            modules[_REAL_MAIN] = content
        elif path.endswith(".py"):
            modules[path] = content
    packed["pip/__init__.py"] += _FIND
    packed[_ARCHIVE] = _archive(modules)
    return packed


def _archive(modules: Mapping[str, bytes]) -> bytes:
    """Return the archive of modules that `_FIND` reads."""
    places, parts, begin = {}, [], 0
    for path, source in modules.items():
        part = zlib.compress(code(path, source))
        name = path.removesuffix(".py").replace("/", ".")
        is_package = name.endswith(".__init__")
        places[name.removesuffix(".__init__")] = (is_package, begin, begin + len(part))
        parts.append(part)
        begin += len(part)
    table = marshal.dumps(places, 2)
    return len(table).to_bytes(4, "little") + table + b"".join(parts)


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
