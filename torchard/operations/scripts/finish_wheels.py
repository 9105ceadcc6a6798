"""Compile and check the wheels of a new generation. Runs on a Mac, as `python -I -S`.

KIT PATH     compile the modules of the generation at PATH that pip installed, compare their files
             with the archives in KIT, and note them there, so that a later build can share them
part         compile the modules whose paths stdin has

If a file is not as its archive has it, a sentence on stderr names it, and the exit code is 1.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import zipfile
from typing import TYPE_CHECKING

from torchard.operations.scripts.check_files import UnreadableError, read_text
from torchard.operations.scripts.compile_wheels import PART, compile_all, compile_part
from torchard.operations.scripts.wheel_files import (
    Row,
    Wheel,
    describe_python,
    find_clashes,
    find_code,
    list_wheels,
    measure,
    measure_member,
    read_notes,
    read_wheel,
    write_notes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def finish(kit: str, path: str) -> int:
    """Compile, check and note what pip installed; what is shared was checked before."""
    python = describe_python(path)
    site = python.rpartition(" ")[2]
    notes = read_notes(kit, python)
    wheels = [read_wheel(sha256, archive, site) for sha256, archive in list_wheels(kit)]
    clashes = find_clashes(wheels)
    own = [one for one in wheels if one.sha256 not in notes]
    names = [name for one in own for name in one.wanted if name.endswith(".py")]
    compile_all(os.path.join(path, name) for name in names)
    different = []
    for wheel in own:
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
        sys.exit(finish(*sys.argv[1:]))
