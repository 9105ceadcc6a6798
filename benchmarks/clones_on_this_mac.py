"""Measure what only a Mac can tell: clones on APFS, the first import after each way, signatures.

    python benchmarks/clones_on_this_mac.py [--files 42000] [--folder DIR] [--network DIR]
        [--json FILE]

It needs macOS, no network and no root. It writes below one new folder, and removes that folder at
its end. A GitHub-hosted runner can run it: by default it takes about a gigabyte and some minutes.

- clones: the time of so many `clonefile` calls, against copies and hard links of the same files
- first import: the first and the second import of a package that was put there in each way
- signatures: `codesign --verify` of a library, and of its clone
- network: whether `clonefile` works on a network volume, if --network names a folder there
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import functools
import importlib.machinery
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = 42_000  # about as many as a PyTorch environment has from wheels, compiled files included
SMALL = 6_000  # bytes of each
LIBRARIES = 40  # in the package whose first import is measured
_NOT_A_MAC = "This benchmark measures macOS, and this computer runs {}. Run it on a Mac."


def load_clonefile() -> Callable[[Path, Path], None]:
    """Return clonefile(2). Raise OSError where the system does not have it.

    The manual page says that it clones one file, and shares its blocks until one is written.
    """
    library = ctypes.CDLL(None, use_errno=True)
    try:
        call = library.clonefile
    except AttributeError:
        raise OSError(errno.ENOSYS, "this system has no clonefile") from None
    call.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint32)

    def clone(source: Path, target: Path) -> None:
        if call(os.fsencode(source), os.fsencode(target), 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(target))

    return clone


def copy(source: Path, target: Path) -> None:
    """Copy a file's bytes. On macOS, `shutil.copyfile` would clone; this reads and writes."""
    with source.open("rb") as read, target.open("wb") as write:
        while chunk := read.read(1 << 20):
            write.write(chunk)


def make_tree(root: Path, files: int, size: int = SMALL) -> None:
    """Write so many small files, 200 in a folder, each with other bytes."""
    for number in range(files):
        if number % 200 == 0:
            folder = root / f"{number // 200:04}"
            folder.mkdir(parents=True)
        (folder / f"{number}.py").write_bytes((b"%d # " % number).ljust(size, b"x") + b"\n")


def reproduce(source: Path, target: Path, way: Callable[[Path, Path], None]) -> int:
    """Put every file of a tree elsewhere in one way; return how many there were."""
    count = 0
    for folder, _, names in os.walk(source):
        made = target / Path(folder).relative_to(source)
        made.mkdir(parents=True)
        for name in names:
            way(Path(folder) / name, made / name)
            count += 1
    return count


def timed(task: Callable[[], object]) -> float:
    """Return how many seconds a task takes."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def measure_trees(
    folder: Path, files: int, ways: dict[str, Callable[[Path, Path], None]]
) -> dict[str, Any]:
    """Return the seconds of each way, the bytes that the volume lost, and seconds of each file."""
    source = folder / "source"
    make_tree(source, files)
    found: dict[str, Any] = {}
    for name, way in ways.items():
        os.sync()
        before, target = shutil.disk_usage(folder).free, folder / f"by {name}"
        seconds = timed(functools.partial(reproduce, source, target, way))
        os.sync()
        used = before - shutil.disk_usage(folder).free
        found[name] = {"files": files, "seconds": round(seconds, 3), "bytes": used}
        shutil.rmtree(target)
    shutil.rmtree(source)
    return found


def find_library() -> Path:
    """Return an extension module of this Python: a signed library on a Mac."""
    for entry in map(Path, sys.path):
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            for path in sorted(entry.glob(f"*{suffix}")) if entry.is_dir() else ():
                return path
    raise SystemExit("This Python has no extension module of its own, so no library is measured.")


def measure_imports(
    folder: Path, library: Path, ways: dict[str, Callable[[Path, Path], None]], count: int
) -> dict[str, Any]:
    """Return the seconds of the first and the second load of `count` new libraries, in each way.

    Each library is a new file for the system, which may scan it at its first load.
    """
    program = (
        "import ctypes, glob, sys, time\n"
        "start = time.perf_counter()\n"
        "for one in sorted(glob.glob(sys.argv[1] + '/*')): ctypes.CDLL(one)\n"
        "print(time.perf_counter() - start)\n"
    )
    found: dict[str, Any] = {}
    for name, way in ways.items():
        target = folder / f"loaded by {name}"
        target.mkdir()
        for number in range(count):
            way(library, target / f"{number}{library.suffix}")
        words = [sys.executable, "-I", "-c", program, str(target)]
        seconds = [
            float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
            for _ in range(2)
        ]
        found[name] = {"libraries": count, "first": seconds[0], "second": seconds[1]}
        shutil.rmtree(target)
    return found


def measure_signatures(
    folder: Path, library: Path, ways: dict[str, Callable[[Path, Path], None]]
) -> dict[str, str]:
    """Return what `codesign --verify` says of a library, and of what each way makes of it."""
    found = {"itself": verify_signature(library)}
    for name, way in ways.items():
        target = folder / f"signed by {name}{library.suffix}"
        way(library, target)
        found[name] = verify_signature(target)
        target.unlink()
    return found


def verify_signature(library: Path) -> str:
    """Return `valid`, or what codesign says."""
    words = ["/usr/bin/codesign", "--verify", "--verbose=1", str(library)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return "valid" if done.returncode == 0 else done.stderr.strip()


def try_clone(folder: Path, clone: Callable[[Path, Path], None]) -> str:
    """Return `works`, or why a clone is not possible in a folder."""
    with own_folder(folder) as inside:
        (inside / "a").write_bytes(b"x" * SMALL)
        try:
            clone(inside / "a", inside / "b")
        except OSError as error:
            return f"{errno.errorcode.get(error.errno or 0, error.errno)}: {error.strerror}"
        return "works" if (inside / "b").read_bytes() == b"x" * SMALL else "other bytes"


@contextmanager
def own_folder(folder: Path) -> Iterator[Path]:
    """Give a new folder below another one, and remove it afterwards."""
    made = Path(tempfile.mkdtemp(prefix="torchard-bench-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def describe_system(folder: Path) -> dict[str, str]:
    """Return what the figures depend on."""
    mount = subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False).stdout
    kinds = [line for line in mount.splitlines() if " on / " in line]
    return {
        "macos": platform.mac_ver()[0],
        "machine": platform.machine(),
        "python": platform.python_version(),
        "root": kinds[0] if kinds else "",
        "folder": str(folder),
    }


def main() -> None:
    """Measure, print, and save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, default=FILES, help="how many files are cloned")
    parser.add_argument("--folder", type=Path, default=Path.home(), help="on which volume")
    parser.add_argument("--network", type=Path, help="a folder on a network volume")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to save the figures")
    wanted = parser.parse_args()
    if sys.platform != "darwin":
        raise SystemExit(_NOT_A_MAC.format(platform.system()))
    clone = load_clonefile()
    ways = {"clonefile": clone, "copy": copy, "hard link": os.link}
    figures: dict[str, Any] = {"system": describe_system(wanted.folder)}
    works = try_clone(wanted.folder, clone)
    figures["clone on this volume"] = works
    if works != "works":
        ways.pop("clonefile")
    with own_folder(wanted.folder) as folder:
        library = find_library()
        figures["trees"] = measure_trees(folder, wanted.files, ways)
        figures["imports"] = measure_imports(folder, library, ways, LIBRARIES)
        figures["signatures"] = measure_signatures(folder, library, ways)
    if wanted.network is not None:
        figures["clone on the network volume"] = try_clone(wanted.network, clone)
    text = json.dumps(figures, indent=1)
    print(text)
    if wanted.json is not None:
        wanted.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
