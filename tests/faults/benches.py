"""Macs to be cut off: one that gets its first Miniconda, and one whose environment is updated."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cuts import Bench
from faultlab import variant
from people import add_own_files
from places import instrument

from simlab.lab import SimLab
from simlab.spec import MacSpec
from simlab.write_lab import Served

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simlab.faults import Fault

ASKED = ("    pytorch: {release: stable}\n", "    pytorch: false\n")
WHEEL = ('["einops"]', '["pytz"]')
UPDATE = ('["pytz"]', '["pytz", "einops"]')
ENVIRONMENTS = ("    environments: [torch]\n", "    environments: []\n")
PROGRAM = "import pytz"
HARDWARE = "4C4C4544-0000-4000-8000-000000000001"
BOOT = "4C4C4544-0000-4000-8000-000000000002"


def tiny(lab: SimLab, *more: tuple[str, str]) -> None:
    """Let a lab ask for the smallest environment that has conda packages and a wheel."""
    text = lab.lab_file.read_text(encoding="utf-8")
    for old, new in (ASKED, WHEEL, *more):
        assert old in text
        text = text.replace(old, new)
    lab.lab_file.write_text(text, encoding="utf-8")


def macs(number: int, fault: Fault = None) -> list[MacSpec]:
    """Return as many Macs, whose names are all of one length.

    What was recorded on one is played again on another: the run lock must be that Mac's own.
    """
    return [
        MacSpec(f"mac-{index}", "arm64", "15.1", fault=fault, uuid=HARDWARE, boot=BOOT)
        for index in range(number)
    ]


def change_lab(lab: SimLab, depot: Path, directory: Path) -> list[Path]:
    """Write lab files that ask for something else than `tiny`: their locks are made when needed."""
    file, sha256 = Served.load(depot).installers["miniforge-arm64"]
    text = lab.lab_file.read_text(encoding="utf-8")
    found = re.search(r'/installers/([^/"\s]+)"\s+sha256: "(\w+)"', text)
    assert found
    changes: dict[str, list[tuple[str, str]]] = {
        "installer": [(found[1], file), (found[2], sha256)],
        "python": [('python: "3.12"', 'python: "3.11"')],
        "prefix": [("    miniconda:\n", "    miniconda:\n      prefix: ~/conda\n")],
        "packages": [UPDATE],
        "no-environment": [ENVIRONMENTS],
    }
    return [variant(lab, directory / name / "lab.yaml", *one) for name, one in changes.items()]


@contextmanager
def bench(
    directory: Path,
    depot: Path,
    torchard: Callable[..., subprocess.CompletedProcess[str]],
    what: str,
    number: int,
) -> Iterator[Bench]:
    """Start Macs for a `first` Miniconda and environment, a `base` alone, an `update` or `remove`.

    After a `first` or a `remove`, each Mac is given the same lab or another one.
    """
    with SimLab(directory / "lab", macs(number), depot) as lab:
        tiny(lab, *([ENVIRONMENTS] if what == "base" else []))
        for mac in lab.macs.values():
            instrument(mac)
        lab_file = lab.lab_file
        if what in {"update", "remove"}:
            done = torchard("apply", lab_file, "--yes", "--limit", "mac-0")
            assert done.returncode == 0, done.stdout + done.stderr
        if what == "remove":
            add_own_files(lab.macs["mac-0"].home)
        if what == "update":
            lab_file = variant(lab, directory / "update/lab.yaml", UPDATE)
        done = torchard("lock", lab_file)
        assert done.returncode == 0, done.stdout + done.stderr
        is_changed = what in {"first", "remove"}
        then = [lab_file, *change_lab(lab, depot, directory)] if is_changed else ()
        command = ("remove", "torch") if what == "remove" else ("apply",)
        yield Bench(lab, lab_file, torchard, PROGRAM, then, command)
