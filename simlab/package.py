"""Writes conda packages and wheels with the standard library: the same files, the same bytes."""

from __future__ import annotations

import base64
import bz2
import hashlib
import io
import json
import marshal
import re
import struct
import tarfile
import zipfile
from dataclasses import dataclass, field
from importlib.util import MAGIC_NUMBER, source_hash
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SUBDIRS = {"arm64": "osx-arm64", "x86_64": "osx-64"}
_EPOCH = 1764547200  # what every package says of when it was built, in seconds
_ZIP_EPOCH = (2026, 1, 1, 0, 0, 0)
_BLOCK = 128 * 1024  # the most that a zstd block may hold


@dataclass(frozen=True)
class File:
    """One file of a package: its bytes, whether it runs, or where it links to.

    `prefix` is the placeholder in `content` that becomes the environment's own path.
    """

    content: bytes = b""
    executable: bool = False
    link: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class Package:
    """A conda package. `noarch` is "", "generic" or "python"; `files` by path in the prefix."""

    name: str
    version: str
    build: str
    number: int
    subdir: str
    noarch: str = ""
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    entry_points: tuple[str, ...] = ()
    site_packages: str = ""

    @property
    def stem(self) -> str:
        """The file name without its suffix: name-version-build."""
        return f"{self.name}-{self.version}-{self.build}"

    def index(self) -> dict[str, Any]:
        """Return info/index.json."""
        content: dict[str, Any] = {
            "arch": None,
            "build": self.build,
            "build_number": self.number,
            "constrains": list(self.constrains),
            "depends": list(self.depends),
            "license": "see the real package's",
            "name": self.name,
            "platform": None,
            "subdir": self.subdir,
            "timestamp": _EPOCH * 1000,
            "version": self.version,
        }
        if self.noarch:
            content["noarch"] = self.noarch
        else:
            content["arch"] = self.subdir.removeprefix("osx-")
            content["platform"] = "osx"
        if self.site_packages:
            content["python_site_packages_path"] = self.site_packages
        return content

    def info(self) -> dict[str, File]:
        """Return the files below info/, in the order that extractors want them."""
        files = {"info/index.json": File(_json(self.index()))}
        if self.noarch == "python":
            link = {"noarch": {"type": "python"}, "package_metadata_version": 1}
            if self.entry_points:
                link["noarch"] = {"type": "python", "entry_points": list(self.entry_points)}
            files["info/link.json"] = File(_json(link))
        about = {"summary": f"{self.name} of a simulated channel; it is not the real package"}
        files["info/about.json"] = File(_json(about))
        files["info/files"] = File("".join(f"{path}\n" for path in sorted(self.files)).encode())
        paths = [_path(path, file) for path, file in sorted(self.files.items())]
        files["info/paths.json"] = File(_json({"paths": paths, "paths_version": 1}))
        return files


def _path(path: str, file: File) -> dict[str, Any]:
    content = {
        "_path": path,
        "path_type": "softlink" if file.link else "hardlink",
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "size_in_bytes": len(file.content),
    }
    if file.prefix:
        content |= {"file_mode": "text", "prefix_placeholder": file.prefix}
    return content


def write_conda(package: Package, directory: Path) -> Path:
    """Write a package as NAME-VERSION-BUILD.conda, stored and not compressed; return its path."""
    target = directory / f"{package.stem}.conda"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        _store(archive, "metadata.json", b'{"conda_pkg_format_version": 2}')
        _store(archive, f"pkg-{package.stem}.tar.zst", _zstd(tar(package.files)))
        _store(archive, f"info-{package.stem}.tar.zst", _zstd(tar(package.info())))
    return target


def write_bz2(package: Package, directory: Path) -> Path:
    """Write a package as NAME-VERSION-BUILD.tar.bz2; return its path."""
    target = directory / f"{package.stem}.tar.bz2"
    files = {**package.info(), **package.files}
    target.write_bytes(bz2.compress(tar(files), 1))
    return target


def tar(files: Mapping[str, File]) -> bytes:
    """Return a tar archive whose bytes depend on nothing but its files and their order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, file in files.items():
            member = tarfile.TarInfo(path)
            member.mtime = _EPOCH
            member.mode = 0o755 if file.executable or file.link else 0o644
            if file.link:
                member.type, member.linkname = tarfile.SYMTYPE, file.link
                archive.addfile(member)
            else:
                member.size = len(file.content)
                archive.addfile(member, io.BytesIO(file.content))
        end = archive.offset
    return buffer.getvalue()[: end + 2 * tarfile.BLOCKSIZE]  # without its padding to 10 KiB


def _zstd(content: bytes) -> bytes:
    """Return one zstd frame of raw blocks: RFC 8878 lets a writer compress nothing."""
    parts = [b"\x28\xb5\x2f\xfd\xe0", struct.pack("<Q", len(content))]
    last = max(0, len(content) - 1) // _BLOCK
    for number in range(last + 1):
        block = content[number * _BLOCK : (number + 1) * _BLOCK]
        header = (len(block) << 3) | (number == last)
        parts += [struct.pack("<I", header)[:3], block]
    return b"".join(parts)


def byte_code(path: str, source: bytes) -> bytes:
    """Return a module's byte code, which holds for any time of its file (PEP 552).

    An interpreter of another version ignores it.
    """
    return MAGIC_NUMBER + (1).to_bytes(4, "little") + source_hash(source) + code(path, source)


def code(path: str, source: bytes) -> bytes:
    """Return a module compiled. Without references, each build has the same bytes."""
    return marshal.dumps(compile(source, path, "exec", dont_inherit=True, optimize=0), 2)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a compressed zip archive whose bytes depend on nothing but its files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def _store(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, content)


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()


def metadata(
    name: str, version: str, requires: Iterable[str] = (), requires_python: str = ""
) -> bytes:
    """Return a distribution's METADATA."""
    requires = tuple(requires)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Requires-Dist: {one}" for one in requires]
    extras = re.findall(r"""extra == ["']([a-z0-9-]+)["']""", "\n".join(requires))
    lines += [f"Provides-Extra: {one}" for one in dict.fromkeys(extras)]
    lines.append(f"Summary: {name} of a simulated index; it is not the real package")
    return ("\n".join(lines) + "\n").encode()


def dist_info(
    name: str, version: str, modules: Mapping[str, bytes], requires: Iterable[str] = ()
) -> dict[str, bytes]:
    """Return a distribution's files as conda lays them out below site-packages."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    files = dict(modules)
    files[f"{folder}/METADATA"] = metadata(name, version, requires)
    files[f"{folder}/INSTALLER"] = b"conda\n"
    files[f"{folder}/RECORD"] = record(files, f"{folder}/RECORD")
    return files


def record(files: Mapping[str, bytes], own: str) -> bytes:
    """Return the RECORD of a distribution's files; `own` is its own path."""
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()


def write_wheel(directory: Path, file: str, files: Mapping[str, bytes], meta: bytes) -> Path:
    """Write the wheel `file` and, beside it, its METADATA as PEP 658 has it; return its path."""
    name, version, *_, python, abi, platform = file.removesuffix(".whl").split("-")
    folder = f"{name}-{version}.dist-info"
    pure = "true" if platform == "any" else "false"
    tags = [f"{one}-{abi}-{platform}" for one in python.split(".")]
    wheel = ["Wheel-Version: 1.0", "Generator: simlab", f"Root-Is-Purelib: {pure}"]
    wheel += [f"Tag: {tag}" for tag in tags]
    content = dict(files)
    content[f"{folder}/METADATA"] = meta
    content[f"{folder}/WHEEL"] = ("\n".join(wheel) + "\n").encode()
    content[f"{folder}/RECORD"] = record(content, f"{folder}/RECORD")
    target = directory / file
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path, one in content.items():
            _store(archive, path, one)
    target.with_name(f"{file}.metadata").write_bytes(meta)
    return target
