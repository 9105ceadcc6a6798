"""Install the wheels of a new generation. Runs on a Mac, as `python -I -S`, with its own python.

KIT PATH     give the generation at PATH the wheels that another one has, let pip install the other
             ones, and compile their modules; compare all files with the archives in KIT, and note
             them there, so that a later build can share them
part         compile the modules whose paths stdin has

While one pip works, the modules of another are compiled, on as many cores as there are. If a pip
fails, its exit code is this program's. If a file is not as its archive has it, a sentence on stderr
names it, and the exit code is 1.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from torchard.operations.scripts.check_files import UnreadableError, read_text
from torchard.operations.scripts.compile_wheels import (
    PART,
    compile_apart,
    compile_part,
    split_modules,
)
from torchard.operations.scripts.pip_runs import FailedError, Processes, plan_runs, read_name
from torchard.operations.scripts.share_wheels import share_all
from torchard.operations.scripts.wheel_files import (
    Row,
    Wheel,
    describe_python,
    find_clashes,
    find_code,
    list_wheels,
    measure,
    measure_member,
    read_wheel,
    write_notes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

REQUIREMENTS = "requirements.txt"  # in the kit


class Installer:
    """Installs and compiles wheels into the generation at `path`, on all cores."""

    def __init__(self, kit: str, path: str, site: str) -> None:
        self.kit, self.path, self.site = kit, path, site
        with open(os.path.join(kit, REQUIREMENTS), encoding="utf-8") as file:
            self.lines = {line.rpartition(":")[2].strip(): line for line in file}
        self.cores = os.cpu_count() or 1
        self.processes = Processes()
        self.pool = ThreadPoolExecutor(self.cores)

    def install(self, wheels: list[Wheel]) -> Iterator[list[Wheel]]:
        """Yield wheels once they are installed and compiled. Raise FailedError if a pip fails.

        At its end, none of its processes is left.
        """
        try:
            for run, parts in self.run_pips(wheels):
                for part in parts:
                    part.result()
                yield run
        except BaseException:
            self.processes.stop()
            raise
        finally:
            self.pool.shutdown()

    def run_pips(self, wheels: list[Wheel]) -> list[tuple[list[Wheel], list[Future[None]]]]:
        """Let pips install wheels; return those of each pip, and what compiles their modules."""
        site = os.listdir(os.path.join(self.path, self.site))
        installed = (read_name(one) for one in site if one.endswith((".dist-info", ".egg-info")))
        runs = plan_runs(wheels, installed, self.cores)
        pips = {
            self.pool.submit(self.run_pip, number, run): run
            for number, run in enumerate(runs.at_once)
        }
        last = runs.last
        compiling = []
        for pip in as_completed(pips):
            try:
                pip.result()
            except OSError:  # the account has as many processes as it may
                last += pips[pip]
            else:
                compiling.append((pips[pip], self.compile(pips[pip])))
        if last:
            self.run_pip(len(pips), last)
            compiling.append((last, self.compile(last)))
        return compiling

    def run_pip(self, number: int, wheels: list[Wheel]) -> None:
        """Let a pip install wheels, in the order that the lock has them."""
        wanted = {one.sha256 for one in wheels}
        path = os.path.join(self.kit, f"pip-{number}.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(line for sha256, line in self.lines.items() if sha256 in wanted)
        self.processes.run_pip(self.kit, path)

    def compile(self, wheels: list[Wheel]) -> list[Future[None]]:
        """Let the modules of wheels be compiled."""
        names = [name for one in wheels for name in one.wanted if name.endswith(".py")]
        paths = (os.path.join(self.path, name) for name in names)
        parts = split_modules(paths, self.cores)
        return [self.pool.submit(compile_apart, part, self.processes.run) for part in parts]


def measure_wheel(path: str, site: str, wheel: Wheel) -> dict[str, Row]:
    """Measure all files of a wheel that was just installed: those of its RECORD, and byte code."""
    record = read_text(os.path.join(path, site, wheel.folder, "RECORD"))
    listed = [row[0] for row in csv.reader(io.StringIO(record, newline="")) if row]
    names = dict.fromkeys(os.path.normpath(os.path.join(site, one)) for one in listed)
    rows = {}
    for name in names:
        rows[name] = measure(os.path.join(path, name))
        code = find_code(name) if name.endswith(".py") else name
        if os.path.isfile(os.path.join(path, code)):
            rows[code] = measure(os.path.join(path, code))
    return rows


def find_different(wheel: Wheel, rows: dict[str, Row]) -> Iterator[str]:
    """Yield each file that is not as the archive has it.

    Some wheels have a RECORD that is wrong. There the archive itself decides.
    """
    found = {name: rows[name].sha256 if name in rows else None for name in wheel.wanted}
    doubtful = [name for name, sha256 in found.items() if sha256 != wheel.wanted[name]]
    if doubtful:
        with zipfile.ZipFile(wheel.archive) as archive:
            for name in doubtful:
                if found[name] != measure_member(archive, wheel.members[name]):
                    yield name


def install(kit: str, path: str) -> int:
    """Share, install, compile, check and note wheels; return the exit code."""
    python = describe_python(path)
    site = python.rpartition(" ")[2]
    try:
        wheels = [read_wheel(sha256, archive, site) for sha256, archive in list_wheels(kit)]
    except (ValueError, zipfile.BadZipFile):
        # pip says what is wrong with it.
        Processes().run_pip(kit, os.path.join(kit, REQUIREMENTS))
        raise
    notes = share_all(kit, path, wheels)
    own = [one for one in wheels if one.sha256 not in notes]
    print(f"{len(notes)} wheels are shared, {len(own)} are left to pip", flush=True)
    clashes = find_clashes(wheels)
    different = []
    for wheel in (one for run in Installer(kit, path, site).install(own) for one in run):
        try:
            rows = measure_wheel(path, site, wheel)
        except (OSError, UnreadableError) as error:
            different.append(f"{wheel.folder}: {error}")
            continue
        found = [one for one in find_different(wheel, rows) if one.casefold() not in clashes]
        different += [f"{wheel.folder}: {name} is not as its archive has it" for name in found]
        notes[wheel.sha256] = rows
    if different:
        print(*different[:10], sep="\n", file=sys.stderr)
        return 1
    write_notes(kit, python, notes)
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == [PART]:
        compile_part()
    else:
        try:
            sys.exit(install(*sys.argv[1:]))
        except FailedError as error:
            sys.exit(error.code)
