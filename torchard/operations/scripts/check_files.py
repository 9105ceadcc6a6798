"""Check that every file of every package exists. Runs on a Mac, with the base python.

It starts as `python -I -S`, from a file or with `-c` like `verify.py`, and with these arguments:

look SECONDS NAME PATH ...  print one line of JSON: what is damaged at each NAME's PATH
built SECONDS PATH          check an environment that was just built: damage is sentences on stderr
                            and exit code 3; without damage, `.torchard-files` is written in it
again SECONDS PATH          check an environment that was built before, and write nothing

The files of conda's packages are in conda-meta (`files` and `paths_data`: conda,
core/path_actions.py), those of wheels in RECORD (PEP 376). Each file costs one lstat. A size counts
if a record has the size of the installed file. It has not if conda replaced a prefix (conda signs
such a binary again on arm64), for a script, and below etc/, where people keep settings. Byte code
may be missing. No link is followed out of the environment.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import stat
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RECORD_BYTES = 64 * 1024 * 1024  # of one record; those of the largest packages have 8 MB
ROWS = 2000000  # of all records of an environment; a large one has 60,000
SHOWN = 10  # packages that are named
LONGEST = 200  # characters of a path or a name that are printed
FILES = ".torchard-files"  # what the probe checks, and the sizes that differed from the start
DAMAGED = 3  # the exit code; with any other one but 0 the files could not be checked
NO_FILE = -1  # the size of a link or a folder, which no record has


class UnreadableError(Exception):
    """A record that cannot be read; the text is why."""


class Package:
    """What a record says of one package, and what became of its files."""

    def __init__(self, source: str, stem: str, trouble: str = "") -> None:
        self.source = source
        self.stem = stem  # name-version-build of conda's, name-version of a wheel
        self.name = stem.rsplit("-", 2 if source == "conda" else 1)[0]
        if source == "wheel":
            self.name = re.sub(r"[-_.]+", "-", self.name).lower()
        self.trouble = trouble
        self.files: list[
            tuple[str, str]
        ] = []  # as the record names it, as it lies in the environment
        self.missing: list[str] = []
        self.resized: list[str] = []

    def is_damaged(self) -> bool:
        """Tell whether a file of it is missing or has another size."""
        return bool(self.trouble or self.missing or self.resized)

    def describe(self) -> str:
        """Say what is wrong with it."""
        if self.trouble:
            return self.trouble
        said = []
        if self.missing:
            verb = "is" if len(self.missing) == 1 else "are"
            said.append(self._count(self.missing, verb, "gone"))
        if self.resized:
            verb = "has" if len(self.resized) == 1 else "have"
            said.append(self._count(self.resized, verb, "another size"))
        return "; ".join(said)

    def _count(self, paths: list[str], verb: str, what: str) -> str:
        noun = "file" if len(self.files) == 1 else "files"
        first = make_printable(paths[0])
        which = f": {first}" if len(paths) == 1 else f", the first is {first}"
        return f"{len(paths):,} of {len(self.files):,} {noun} {verb} {what}{which}"


def make_printable(text: str) -> str:
    """Return a path or a name as printable ASCII of limited length."""
    return ascii(text)[1:-1][:LONGEST]


def read_text(path: str) -> str:
    """Read a record. Raise UnreadableError if it is not a file, or too large for a record."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError("is not a file")
        if found.st_size > RECORD_BYTES:
            raise UnreadableError("is too large")
        # If it is replaced at this moment, nothing that waits is opened.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
            content = file.read(RECORD_BYTES)
    except FileNotFoundError:
        raise UnreadableError("is gone") from None
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from None
    return content.decode("utf-8", "surrogateescape")


def resolve_path(path: object) -> str | None:
    """Return where a record's path leads in the environment; None if that is outside."""
    if not isinstance(path, str) or not path or path.startswith("/") or "\0" in path:
        return None
    if "//" in path or "." in (path[0], path[-1]) or "/." in path:
        path = os.path.normpath(path)
    return None if path in (".", "..") or path.startswith("../") else path


def read_conda(root: str, file: str, sizes: Sizes) -> Package:
    """Read the record of a package of conda."""
    stem = file[: -len(".json")]
    try:
        record = json.loads(read_text(os.path.join(root, "conda-meta", file)))
        paths = record.get("paths_data", {}).get("paths", [])
        rows = {one["_path"]: read_conda_size(one) for one in paths}
        files = [one for one in record.get("files", []) if one not in rows]
    except UnreadableError as error:
        return Package("conda", stem, f"its record in conda-meta {error}")
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return Package("conda", stem, "its record in conda-meta is broken")
    package = Package("conda", stem)
    for path, size in rows.items():
        sizes.take(package, path, resolve_path(path), size)
    for path in files:
        sizes.take(package, path, resolve_path(path), None)
    return package


def read_conda_size(row: Any) -> int | None:
    """Return the size of an installed file of conda; None if the record does not have it."""
    path, size = row["_path"], row.get("size_in_bytes")
    if row.get("path_type", "hardlink") != "hardlink" or row.get("prefix_placeholder"):
        return None
    return size if type(size) is int and not path.startswith("etc/") else None


def read_wheel(root: str, site: str, folder: str, sizes: Sizes) -> Package:
    """Read the RECORD of a wheel; `site` and `folder` are those of its dist-info."""
    stem = folder[: -len(".dist-info")]
    package = Package("wheel", stem)
    own = f"{folder}/RECORD"
    try:
        text = io.StringIO(read_text(os.path.join(root, site, own)), newline="")
        rows = [row for row in csv.reader(text) if row]
    except UnreadableError as error:
        return Package("wheel", stem, f"its RECORD {error}")
    except csv.Error:
        return Package("wheel", stem, "its RECORD is broken")
    for row in rows:
        path = resolve_path(os.path.join(site, row[0]))
        counts = row[0] != own and path and not path.startswith(("bin/", "etc/"))
        known = re.match(r"[0-9]{1,15}\Z", row[2]) if counts and len(row) > 2 else None
        sizes.take(package, row[0], path, int(known[0]) if known else None)
    return package


class Sizes:
    """The sizes that each file may have: several packages may bring one path, the last one wins."""

    def __init__(self) -> None:
        self.of: dict[str, list[int] | None] = {}
        self.rows = 0

    def take(self, package: Package, name: str, path: str | None, size: int | None) -> None:
        """Note a row of a record; byte code and what is outside the environment do not count."""
        if path is None or path.endswith(".pyc"):
            return
        self.rows += 1
        if self.rows > ROWS:
            raise UnreadableError(f"their records list more than {ROWS:,} files")
        package.files.append((name, path))
        known = self.of.setdefault(path, [])
        if size is None or known is None:
            self.of[path] = None
        else:
            known.append(size)


class Tree:
    """The files of one environment, each looked at once."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self.folders: dict[str, bool] = {"": True}
        self.seen: dict[str, int | None] = {}  # None if it is missing

    def is_inside(self, folder: str) -> bool:
        """Tell whether a folder exists, and no link on its way leads out of the environment."""
        known = self.folders.get(folder)
        if known is None:
            parent, _, _ = folder.rpartition("/")
            known = self.is_inside(parent) and self._is_folder(os.path.join(self.root, folder))
            self.folders[folder] = known
        return known

    def _is_folder(self, path: str) -> bool:
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                return os.path.isdir(path) and self._is_below_root(os.path.realpath(path))
        except (OSError, ValueError):
            return False
        return stat.S_ISDIR(mode)

    def _is_below_root(self, path: str) -> bool:
        return path == self.root or path.startswith(self.root + "/")

    def measure(self, path: str) -> int | None:
        """Return the size of a file; NO_FILE for a link, None if it is gone."""
        if path in self.seen:
            return self.seen[path]
        size: int | None = None
        if self.is_inside(path.rpartition("/")[0]):
            try:
                found = os.lstat(os.path.join(self.root, path))
                size = found.st_size if stat.S_ISREG(found.st_mode) else NO_FILE
            except (OSError, ValueError):
                size = None
        self.seen[path] = size
        return size


def list_names(folder: str, end: str) -> list[str]:
    """Return the sorted names in a folder with an ending, without the Finder's own files."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(name for name in names if name.endswith(end) and not name.startswith("."))


def find_sites(root: str) -> Iterator[str]:
    """Yield each site-packages of an environment; lib/python3.1 is a link to lib/python3.12."""
    for name in list_names(os.path.join(root, "lib"), ""):
        site = os.path.join("lib", name, "site-packages")
        real = not os.path.islink(os.path.join(root, "lib", name))
        if name.startswith("python3") and real and os.path.isdir(os.path.join(root, site)):
            yield site


def read_packages(root: str, sizes: Sizes) -> Iterator[Package]:
    """Yield the packages of an environment: conda's, then the wheels that are not conda's."""
    owned: set[str] = set()
    for file in list_names(os.path.join(root, "conda-meta"), ".json"):
        package = read_conda(root, file, sizes)
        owned.update(path for _, path in package.files if ".dist-info/" in path)
        yield package
    for site in find_sites(root):
        for folder in list_names(os.path.join(root, site), ".dist-info"):
            if folder.startswith("~"):
                continue  # pip renames so what it removes, and ignores it if it was stopped
            info = [os.path.join(site, folder, name) for name in ("RECORD", "METADATA")]
            there = any(os.path.lexists(os.path.join(root, one)) for one in info)
            if there and owned.isdisjoint(info):
                yield read_wheel(root, site, folder, sizes)


def check_packages(root: str, *, built: bool = False) -> tuple[list[Package], dict[str, int]]:
    """Return an environment's packages, and the sizes of conda's files that differ.

    A post-link script may write into its package's files, so right after a build (`built`) other
    sizes are correct.
    """
    tree, sizes = Tree(root), Sizes()
    packages: list[Package] = []
    try:
        packages.extend(read_packages(tree.root, sizes))
    except UnreadableError as error:
        packages.append(Package("", "its packages", str(error)))
    right = read_sizes(tree.root) if not built else {}
    other: dict[str, int] = {}
    for package in packages:
        for name, path in package.files:
            size, wanted = tree.measure(path), sizes.of[path]
            if size is None:
                package.missing.append(name)
            elif wanted is not None and size not in (NO_FILE, right.get(path), *wanted):
                if built and package.source == "conda":
                    other[path] = size
                else:
                    package.resized.append(name)
    return packages, other


def read_sizes(root: str) -> dict[str, int]:
    """Return the sizes that differed from the records right after the build."""
    try:
        lines = read_text(os.path.join(root, FILES)).split("\n")
    except UnreadableError:
        return {}
    found = {}
    for line in lines:
        kind, _, rest = line.partition("\t")
        size, _, path = rest.partition("\t")
        if kind == "size" and size.isdigit() and len(size) < 16:
            found[path] = int(size)
    return found


def write_files(root: str, packages: Iterable[Package], other: dict[str, int]) -> None:
    """Write one file of each package for the probe, and the correct sizes that differ."""
    lines = []
    for package in packages:
        chosen = choose_file(package)
        if chosen and is_plain(package.stem):
            kind = "conda" if package.source == "conda" else "dist"
            lines.append(f"{kind}\t{package.stem}\t{chosen}")
    lines += [f"size\t{size}\t{path}" for path, size in sorted(other.items()) if is_plain(path)]
    path = os.path.join(root, FILES)
    partial = path + ".torchard-partial"
    with open(partial, "w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
    os.replace(partial, path)


def choose_file(package: Package) -> str | None:
    """Return a file that exists as long as its package does; None if there is none."""
    own = "/site-packages/" + re.sub("[-.]", "_", package.name)
    marks = (f"{own}/__init__.py", f"{own}.py", "/__init__.py", ".dylib", ".so", ".py", "")
    paths = [path for _, path in package.files if is_plain(path) and is_lasting(path)]
    for mark in marks:
        found = [path for path in paths if path.endswith(mark)]
        if found:
            return min(found, key=lambda path: (path.count("/"), path))
    return None


def is_plain(path: str) -> bool:
    """Tell whether a path or a name is one word for every shell."""
    return bool(re.match(r"[A-Za-z0-9_][A-Za-z0-9_./+@=!-]*\Z", path)) and len(path) <= LONGEST


def is_lasting(path: str) -> bool:
    """Tell whether a person would not remove a file and keep its package."""
    return path.startswith(("bin/", "lib/")) and ".dist-info/" not in path


def find_damage(packages: Iterable[Package]) -> list[Package]:
    """Return the damaged packages, those with the most damage first."""
    damaged = [one for one in packages if one.is_damaged()]
    return sorted(damaged, key=lambda one: (-len(one.missing), -len(one.resized), one.name))


def report_damage(root: str) -> dict[str, Any]:
    """Return the report on one environment."""
    packages, _ = check_packages(root)
    damaged = find_damage(packages)
    rows = [{"name": make_printable(one.name), "said": one.describe()} for one in damaged[:SHOWN]]
    files = sum(len(one.files) for one in packages)
    return {"files": files, "damaged": rows, "more": len(damaged) - len(rows)}


def check_one(root: str, *, built: bool) -> int:
    """Print what is damaged; note what exists after a build without damage."""
    packages, other = check_packages(root, built=built)
    damaged = find_damage(packages)
    for one in damaged[:SHOWN]:
        print(f"{make_printable(one.name)}: {one.describe()}", file=sys.stderr)
    if damaged[SHOWN:]:
        print(f"and {len(damaged) - SHOWN:,} more packages", file=sys.stderr)
    if built and not damaged:
        write_files(root, packages, other)
    return DAMAGED if damaged else 0


def limit_time(seconds: int) -> None:
    """End with a sentence if the disk does not answer in time."""

    def late(_number: int, _frame: object) -> None:
        print(f"checking its files did not end within {seconds} seconds", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)


def main(mode: str, seconds: str, *rest: str) -> int:
    """Run one of the modes."""
    limit_time(int(seconds))
    if mode != "look":
        return check_one(rest[0], built=mode == "built")
    names, paths = rest[::2], rest[1::2]
    print(json.dumps({name: report_damage(paths[at]) for at, name in enumerate(names)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[2 if sys.argv[0] == "-c" else 1 :]))
