"""The files of wheels: other scripts import this. It runs on a Mac, with a generation's python.

An archive says what a wheel's files are: its sha256 was verified before the build. Torchard notes
in a generation's kit what was installed for each wheel, with what pip and the compiler made:
`kits/GENERATION/wheel-files`.
"""

from __future__ import annotations

import base64
import binascii
import configparser
import csv
import errno
import gzip
import hashlib
import importlib.util
import io
import json
import os
import re
import stat
import sys
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

from torchard.operations.scripts.check_files import find_sites

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTES = "wheel-files"
NOTES_BYTES = 512 * 1024 * 1024  # unpacked; those of 100 wheels with 45,000 files have 7 MB
PART = 2**20  # bytes that are read at once


class Row(NamedTuple):
    """What is noted of an installed file: its time is in nanoseconds."""

    sha256: str
    mode: int
    time: int


class Wheel(NamedTuple):
    """A wheel of a build.

    `wanted` has the sha256 of each file that is installed as the archive has it; None if RECORD
    does not say. `members` has the name of each of these in the archive. `others` has the paths of
    what pip makes, without byte code. Where files of the kind `headers` go, only pip knows:
    `is_plain` is False if there are any.
    """

    sha256: str
    archive: str
    folder: str
    wanted: dict[str, str | None]
    members: dict[str, str]
    others: frozenset[str]
    is_plain: bool

    def list_paths(self) -> Iterator[str]:
        """Yield the paths of all its files, without byte code."""
        yield from self.wanted
        yield from self.others


def list_wheels(kit: str) -> Iterator[tuple[str, str]]:
    """Yield the sha256 and the path of each wheel of a kit."""
    with open(os.path.join(kit, "artefacts"), encoding="utf-8") as file:
        for line in file:
            sha256, _, target = line.rstrip("\n").partition(" ")
            if target.startswith("wheels/"):
                yield sha256, os.path.join(kit, target)


def read_wheel(sha256: str, archive: str, site: str) -> Wheel:
    """Read what a wheel installs; `site` is the path of site-packages in the generation.

    Raise ValueError or zipfile.BadZipFile if it is not a wheel, which pip does not install either.
    """
    with zipfile.ZipFile(archive) as opened:
        names = [one for one in opened.namelist() if not one.endswith("/")]
        # Other RECORDs lie deeper: some wheels have other wheels in them.
        own = [one for one in names if re.match(r"[^/]+\.dist-info/RECORD\Z", one)]
        if len(own) != 1:
            raise ValueError(f"{os.path.basename(archive)} has {len(own)} RECORDs")
        folder = own[0].partition("/")[0]
        hashes = read_hashes(opened.read(own[0]))
        try:
            entries = opened.read(f"{folder}/entry_points.txt")
        except KeyError:
            entries = b""
    wanted: dict[str, str | None] = {}
    members: dict[str, str] = {}
    others = {f"{site}/{folder}/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED")}
    scripts = list_entry_points(entries)
    is_plain = scripts is not None
    others.update(f"bin/{one}" for one in scripts or ())
    for name in names:
        path = place_member(name, site)
        if path is None or name == own[0]:
            is_plain = is_plain and path is not None
        elif path.startswith("bin/") or path.endswith(".pyc"):
            others.add(path)  # pip may write a script's first line, and the compiler byte code
        else:
            wanted[path], members[path] = hashes.get(name), name
    return Wheel(sha256, archive, folder, wanted, members, frozenset(others), is_plain)


def place_member(name: str, site: str) -> str | None:
    """Return where a file of a wheel goes; None if only pip knows (the wheel format, on .data)."""
    folder, _, rest = name.partition("/")
    if not folder.endswith(".data"):
        path = f"{site}/{name}"
    else:
        kind, _, rest = rest.partition("/")
        start = {"purelib": f"{site}/", "platlib": f"{site}/", "scripts": "bin/", "data": ""}
        if kind not in start:
            return None
        path = start[kind] + rest
    return path if is_inside(path) else None


def is_inside(path: str) -> bool:
    """Tell whether a path leads into a generation, and not into what is conda's or Torchard's."""
    return (
        os.path.normpath(path) == path
        and not path.startswith(("/", "../", ".torchard", "conda-meta/"))
        and path not in (".", "..")
        and "\0" not in path
    )


def read_hashes(record: bytes) -> dict[str, str]:
    """Return the sha256 of each file that a RECORD has one for."""
    found = {}
    text = io.StringIO(record.decode("utf-8", "surrogateescape"), newline="")
    for row in csv.reader(text):
        kind, _, digest = row[1].partition("=") if len(row) > 1 else ("", "", "")
        if kind == "sha256":
            try:
                found[row[0]] = base64.urlsafe_b64decode(digest + "=").hex()
            except (binascii.Error, ValueError):
                continue
    return found


def list_entry_points(text: bytes) -> list[str] | None:
    """Return the names of a wheel's console and gui scripts; None if only pip can read them."""
    parser = configparser.ConfigParser(delimiters="=", interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as their format says
    try:
        parser.read_string(text.decode())
    except (configparser.Error, UnicodeDecodeError):
        return None
    sections = [one for one in ("console_scripts", "gui_scripts") if parser.has_section(one)]
    return [name for one in sections for name in parser[one]]


def find_clashes(wheels: list[Wheel]) -> dict[str, set[str]]:
    """Return the paths that several files of wheels have, and the sha256 of these wheels.

    Which file wins there, only pip knows. The paths are casefolded, as APFS compares names.
    """
    owners: dict[str, list[str]] = {}
    for wheel in wheels:
        for path in wheel.list_paths():
            owners.setdefault(path.casefold(), []).append(wheel.sha256)
    return {path: set(found) for path, found in owners.items() if len(found) > 1}


def find_code(path: str) -> str:
    """Return where the byte code of a module is."""
    return importlib.util.cache_from_source(path)


def describe_python(path: str) -> str:
    """Return what must be the same for files and byte code to be shared."""
    site = next(find_sites(path), "")
    return f"{sys.implementation.cache_tag} {importlib.util.MAGIC_NUMBER.hex()} {site}"


def measure(path: str) -> Row:
    """Return what is to be noted of a file. Raise OSError if it is not a file of its own."""
    file = open_file(path)
    try:
        return measure_open(file)
    finally:
        os.close(file)


def open_file(path: str) -> int:
    """Open a file to read it. Raise OSError if it is not a file."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EISDIR, "it is not a file", path)
    return file


def measure_open(file: int) -> Row:
    """Return what is to be noted of an open file."""
    about = os.fstat(file)
    digest = hashlib.sha256()
    left = True
    while left:
        part = os.read(file, min(PART, about.st_size + 1))  # small files are most
        digest.update(part)
        left = bool(part)
    return Row(digest.hexdigest(), stat.S_IMODE(about.st_mode), about.st_mtime_ns)


def measure_member(archive: zipfile.ZipFile, name: str) -> str:
    """Return the sha256 of a file as it is in an archive."""
    digest = hashlib.sha256()
    with archive.open(name) as member:
        for part in iter(lambda: member.read(PART), b""):
            digest.update(part)
    return digest.hexdigest()


def read_notes(kit: str, python: str) -> dict[str, dict[str, Row]]:
    """Return what is noted of a generation's wheels, by their sha256; empty for another python."""
    try:
        with gzip.open(os.path.join(kit, NOTES), "rb") as file:
            content: Any = json.loads(file.read(NOTES_BYTES))
        if content["python"] != python:
            return {}
        return {
            str(sha256): {
                str(path): Row(str(row[0]), int(row[1]), int(row[2])) for path, row in rows.items()
            }
            for sha256, rows in content["wheels"].items()
        }
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def write_notes(kit: str, python: str, wheels: dict[str, dict[str, Row]]) -> None:
    """Note what was installed for each wheel: a stop leaves the old or the new notes."""
    path = os.path.join(kit, NOTES)
    partial = path + ".torchard-partial"
    content = json.dumps({"python": python, "wheels": wheels}, separators=(",", ":"))
    with open(partial, "wb") as raw, gzip.GzipFile("", "wb", 1, raw, 0) as file:
        file.write(content.encode())
    os.replace(partial, path)
