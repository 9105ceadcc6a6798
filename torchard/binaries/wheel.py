"""Read the libraries and programs in a wheel."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from torchard.binaries.mach_o import read_images

if TYPE_CHECKING:
    from typing import IO

    from torchard.binaries.image import Image

_UNPACKED_MOST = 4 << 30  # bytes of all libraries of one wheel; those of torch have 0.4 GB
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def read_wheel(file: IO[bytes], arch: str, *, is_whole: bool = True) -> dict[str, Image]:
    """Return the Mach-O files for an arch in a wheel, by their paths, without other archs' parts.

    Without `is_whole`, only their beginnings are read, as in `read_images`. Raise ValueError with a
    phrase that names the file, and the OSError of `file`.
    """
    found: dict[str, Image] = {}
    name = "the wheel"
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in _list_binaries(archive, is_whole=is_whole):
                name = entry.filename
                with archive.open(entry) as member:
                    images = read_images(member, is_whole=is_whole)
                found.update((name, one) for one in images if one.arch == arch)
    except (*_BROKEN, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error
    return found


def _list_binaries(archive: zipfile.ZipFile, *, is_whole: bool) -> list[zipfile.ZipInfo]:
    found = [one for one in archive.infolist() if _may_be_binary(one)]
    if is_whole and sum(one.file_size for one in found) > _UNPACKED_MOST:
        raise ValueError("its libraries are too large to read")
    return found


def _may_be_binary(entry: zipfile.ZipInfo) -> bool:
    """Tell whether a file is a library by its name, or a program by its mode and its name.

    Some wheels mark every file as a program, so known text files are left out.
    """
    path = PurePosixPath(entry.filename)
    if entry.is_dir():
        return False
    if path.suffix in {".dylib", ".so"}:
        return True
    is_executable = bool(entry.external_attr >> 16 & stat.S_IXUSR)
    return is_executable and (not path.suffix or path.parent.name == "bin")
