"""What a person made in a generation: other scripts import this. It runs on a Mac, from Python 3.7.

A file is a person's if neither a record of conda, the RECORD of a wheel nor the list in
`.torchard-built`, which the build wrote, has it, and it is not a cache. A file of that list is a
person's if it changed since, and one of another package if it changed after that was installed.
What cannot be looked at counts as a person's. No link is followed.
"""

from __future__ import annotations

import filecmp
import gzip
import json
import os
import stat
import string
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from torchard.operations.scripts.check_files import (
    Package,
    Sizes,
    UnreadableError,
    find_sites,
    read_packages,
)
from torchard.operations.scripts.conda_state import STATE, has_own_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BUILT = ".torchard-built"
CARRIED = ".torchard-carried"
BUILT_BYTES = 256 * 1024 * 1024  # of the list of a generation, unpacked
MOST = 1000000  # files and folders of a generation
HEAD = 512  # bytes of a program that are read
NOT_CARRIED = frozenset(("bin", "lib", "include", "conda-meta"))
SETTINGS = frozenset(("conda-meta/pinned", STATE))
STALE_NAMES = frozenset(("sitecustomize.py", "usercustomize.py"))
STALE_ENDS = (".so", ".dylib", ".a", ".o", ".pth", ".egg-link", ".pyc")
STALE_FOLDERS = ("share/jupyter/lab/staging",)  # JupyterLab's own build
# The first bytes of a program for macOS, of either kind (mach-o/loader.h, mach-o/fat.h).
MACH_O = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
FIRSTS = string.ascii_letters + string.digits + "_"  # of a package's folder
MICROSECOND = 1000  # nanoseconds; older tools copy times no finer
SECOND = 10**9  # nanoseconds
INSTALLING = 600 * SECOND  # after its record was written, an install may still write to a package


class Own(NamedTuple):
    """A file, a link or a closed folder of a person, by its path in the generation.

    `is_setting` says that the next generation gets a copy: settings and documents.
    """

    name: str
    size: int
    time: int
    is_setting: bool


class Found(NamedTuple):
    """All that a person made in a generation; `mixed` has the folders that have other files too."""

    files: list[Own]
    mixed: set[str]
    packages: list[Package]

    def find_top(self, name: str) -> str:
        """Return the highest folder of a file in which all is a person's, or the file."""
        at = name.find("/")
        while at != -1 and name[:at] in self.mixed:
            at = name.find("/", at + 1)
        return name if at in (-1, len(name) - 1) else name[: at + 1]


class File(NamedTuple):
    """A file of a tree by its path; what cannot be looked at, as a closed folder, has no `mode`."""

    name: str
    mode: int
    size: int
    time: int
    is_nested: bool


class Owner:
    """Who owns which file of one generation."""

    def __init__(self, root: str, files: Iterable[File], unpacked: Iterable[str]) -> None:
        self.root = root
        self.built = read_rows(os.path.join(root, BUILT))
        built = [(self.built[one.name], one) for one in files if one.name in self.built]
        # Most times differ after a copy that does not keep them: then only sizes count.
        self.has_times = has_kept_times(row for row in built if not stat.S_ISLNK(row[1].mode))
        self.has_link_times = has_kept_times(row for row in built if stat.S_ISLNK(row[1].mode))
        self.listed = set(unpacked)
        self.sizes = Sizes()
        self.recorded: dict[str, int] = {}  # when the record was written that has a file
        self.added: set[str] = set()  # files of packages that a person installed
        self.packages: list[Package] = []
        self.folders: set[str] = set()  # each wheel's own
        sites = list(find_sites(root))
        for package in read_packages(root, self.sizes):
            if package.source == "conda":
                records = [f"conda-meta/{package.stem}.json"]
            else:
                folders = [f"{site}/{package.stem}.dist-info" for site in sites]
                self.folders.update(folders)
                records = [f"{one}/RECORD" for one in folders]
            names = {path for _, path in package.files}
            self.listed |= names
            written = max(map(self.read_time, records), default=0)
            for name in names:  # the package that came last has its bytes
                self.recorded[name] = max(written, self.recorded.get(name, 0))
            if self.built and not any(map(self.is_as_built, records)):
                self.packages.append(package)
                self.added |= names

    def read_time(self, name: str) -> int:
        """Return when a file was written; 0 if it is not there."""
        try:
            return os.lstat(os.path.join(self.root, name)).st_mtime_ns
        except OSError:
            return 0

    def is_as_built(self, name: str) -> bool:
        """Tell whether a file is as the build left it."""
        try:
            found = os.lstat(os.path.join(self.root, name))
        except OSError:
            return False
        return name in self.built and not self.is_edited(name, found.st_size, found.st_mtime_ns)

    def is_edited(self, name: str, size: int, time: int, *, is_link: bool = False) -> bool:
        """Tell whether a file or a link changed since the build."""
        row = self.built[name]
        has_times = self.has_link_times if is_link else self.has_times
        return not is_same(row, size, time if has_times else row[1])

    def is_edited_later(self, name: str, one: File) -> bool:
        """Tell whether a file of a package changed after it was installed, as far as that shows."""
        if not stat.S_ISREG(one.mode) or name not in self.recorded:
            return False
        sizes = self.sizes.of.get(name) if name in self.added else None
        if sizes and one.size not in sizes:  # a post-link script may have changed those of the lab
            return True
        return self.has_times and one.time > self.recorded[name] + INSTALLING

    def has(self, name: str) -> bool:
        """Tell whether the build or a package brought a file."""
        return name in self.built or name in self.listed

    def is_persons(self, one: File) -> bool:
        """Tell whether a file is a person's: no package has it, or it was edited."""
        name = one.name
        plain = name if name.isascii() else unicodedata.normalize("NFC", name)
        if is_ours(name):
            return False
        if name in self.added or plain in self.added:
            return self.is_edited_later(name if name in self.added else plain, one)
        name = next((one for one in find_originals(name) if self.has(one)), name)
        if name in self.built:
            is_link = stat.S_ISLNK(one.mode)
            edited = (is_link or stat.S_ISREG(one.mode)) and self.is_edited(
                name, one.size, one.time, is_link=is_link
            )
            return edited and (name != STATE or has_own_variables(self.root))
        if not self.built and self.is_edited_later(name, one):
            return True
        return not (
            name in self.listed or plain in self.listed or name.rpartition("/")[0] in self.folders
        )


def has_kept_times(rows: Iterable[tuple[list[int], File]]) -> bool:
    """Tell whether most files have the time that was noted, to the second."""
    same = [row[1] // SECOND == one.time // SECOND for row, one in rows]
    return 2 * sum(same) >= len(same)


def is_same(row: list[int], size: int, time: int) -> bool:
    """Tell whether a file has the size and the time that were noted."""
    return row[0] == size and row[1] // MICROSECOND == time // MICROSECOND


def is_ours(name: str) -> bool:
    """Tell whether a file is Torchard's, or conda's notes on an environment."""
    folder, _, base = name.rpartition("/")
    if folder == "":
        return base.startswith(".torchard") or base == ".messages.txt"
    is_note = base in {"history", "frozen"} or base.endswith((".c~", ".json"))
    return folder == "conda-meta" and is_note


def find_originals(name: str) -> Iterator[str]:
    """Yield what a file may have been called before conda or pip renamed it, and was stopped.

    conda appends .c~ to what it removes (core/path_actions.py), or .conda_trash
    (gateways/disk/delete.py). pip puts ~ for the first character of a folder
    (utils/temp_dir.py, AdjacentTempDirectory).
    """
    for end in (".c~", ".conda_trash"):
        if name.endswith(end):
            yield name[: -len(end)]
    at = name.find("/~")
    if at != -1:
        yield from (f"{name[: at + 1]}{first}{name[at + 2 :]}" for first in FIRSTS)


def is_cache(folder: str, name: str, names: set[str]) -> bool:
    """Tell whether a program or macOS makes a file again by itself."""
    if name == ".DS_Store" or name.startswith("._"):
        return True
    if folder == "__pycache__" or folder.endswith("/__pycache__"):
        return name.endswith((".pyc", ".pyo", ".nbi", ".nbc"))
    if name.endswith(".pyc"):
        return name[:-1] in names
    return f"{folder}/".startswith("var/cache/")


def read_rows(path: str) -> dict[str, list[int]]:
    """Read a list of ours, path by path [size, time]; one that cannot be read is empty."""
    try:
        with gzip.open(path, "rb") as file:
            content = json.loads(file.read(BUILT_BYTES))
        return {name: [int(size), int(time)] for name, (size, time) in content.items()}
    except (OSError, EOFError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def write_rows(path: str, rows: dict[str, list[int]]) -> None:
    """Write a list of ours: a stop leaves the old or the new one."""
    partial = path + ".torchard-partial"
    with open(partial, "wb") as raw:
        with gzip.GzipFile("", "wb", 6, raw, 0) as file:
            file.write(json.dumps(rows).encode())
        raw.flush()
        os.fsync(raw.fileno())
    os.replace(partial, path)


def walk(root: str) -> Iterator[File]:
    """Yield each file of a tree, and what cannot be looked at or is another volume.

    `is_nested` says that it is in an environment of its own, which works only where it is. Raise
    UnreadableError if the tree cannot be read or is too large.
    """
    volume = os.lstat(root).st_dev
    folders = [("", False)]
    seen = 0
    while folders:
        folder, is_nested = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as listing:
                entries = sorted(listing, key=lambda one: one.name)
        except OSError as error:
            if not folder:
                raise UnreadableError(f"it cannot be read: {error.strerror}") from None
            yield File(folder + "/", 0, 0, 0, is_nested)
            continue
        names = {one.name for one in entries}
        is_nested = is_nested or bool(folder and names & {"conda-meta", "pyvenv.cfg"})
        below = []
        seen += len(entries)
        if seen > MOST:
            raise UnreadableError(f"it has more than {MOST:,} files")
        for entry, found in look_at(entries):
            name = f"{folder}/{entry.name}" if folder else entry.name
            if found is None:
                yield File(name, 0, 0, 0, is_nested)
            elif not stat.S_ISDIR(found.st_mode):
                if not is_cache(folder, entry.name, names):
                    yield File(name, found.st_mode, found.st_size, found.st_mtime_ns, is_nested)
            elif found.st_dev != volume:
                yield File(name + "/", 0, 0, 0, is_nested)
            else:
                below.append((name, is_nested))
        folders += reversed(below)


def look_at(
    entries: Iterable[os.DirEntry[str]],
) -> Iterator[tuple[os.DirEntry[str], os.stat_result | None]]:
    """Yield what is still there, with None if it cannot be looked at.

    That is so if its folder is closed, its path is too long, or the disk is broken.
    """
    for entry in entries:
        try:
            yield entry, entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError:
            yield entry, None


def find_own(root: str, unpacked: Iterable[str] = ()) -> Found:
    """Find all that a person made in a generation.

    `unpacked` has files of packages whose record a build that was killed did not write. Raise
    UnreadableError if it is too large.
    """
    files = list(walk(root))
    owner = Owner(root, files, unpacked)
    own: list[Own] = []
    mixed: set[str] = {""}
    for one in files:
        if not one.mode or owner.is_persons(one):
            is_new = one.name not in owner.built or one.name == STATE
            setting = is_new and is_setting(root, one)
            own.append(Own(one.name, one.size, one.time, setting))
        else:
            folder = one.name.rpartition("/")[0]
            while folder not in mixed:
                mixed.add(folder)
                folder = folder.rpartition("/")[0]
    return Found(own, mixed, owner.packages)


def is_setting(root: str, one: File) -> bool:
    """Tell whether the next generation gets a copy: nothing that works only in this one."""
    name, base = one.name, one.name.rpartition("/")[2]
    if name not in SETTINGS and name.partition("/")[0] in NOT_CARRIED:
        return False
    if one.is_nested or base in STALE_NAMES or base.endswith(STALE_ENDS):
        return False
    if any(name.startswith(folder + "/") for folder in STALE_FOLDERS):
        return False
    path = os.path.join(root, name)
    if stat.S_ISLNK(one.mode):
        return not is_inside(root, os.readlink(path))
    if not stat.S_ISREG(one.mode) or not os.access(path, os.R_OK):
        return False
    return not (one.mode & 0o111 and is_stale_program(root, path))


def is_inside(root: str, path: str) -> bool:
    """Tell whether an absolute path leads into a generation."""
    return any(f"{path}/".startswith(f"{one}/") for one in (root, os.path.realpath(root)))


def is_stale_program(root: str, path: str) -> bool:
    """Tell whether a program is for this generation: its `#!` line leads there, or it is binary."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return True
    if head.startswith(MACH_O):
        return True
    words = head[2:].split(b"\n", 1)[0].split() if head.startswith(b"#!") else []
    program = os.fsdecode(words[0]) if words else "/"
    return is_inside(root, program) or not os.path.exists(program)


class Others:
    """What other generations have, so that it need not be kept from this one as well."""

    def __init__(self, roots: Iterable[str]) -> None:
        self.roots = [(root, read_rows(os.path.join(root, CARRIED))) for root in roots]

    def have(self, root: str, own: Own) -> bool:
        """Tell whether one of them has a file as it is, or got its copy from it."""
        for other, carried in self.roots:
            if own.name in carried and is_same(carried[own.name], own.size, own.time):
                return True
            if is_copy(os.path.join(root, own.name), os.path.join(other, own.name), own):
                return True
        return False


def is_copy(path: str, other: str, own: Own) -> bool:
    """Tell whether two paths are alike: files by time and bytes, links by where they lead."""
    try:
        found = os.lstat(other)
        if stat.S_ISLNK(found.st_mode):
            return os.readlink(other) == os.readlink(path)
        is_file = stat.S_ISREG(found.st_mode) and stat.S_ISREG(os.lstat(path).st_mode)
        is_alike = is_file and is_same([found.st_size, found.st_mtime_ns], own.size, own.time)
        return is_alike and filecmp.cmp(path, other, shallow=False)
    except OSError:
        return False
