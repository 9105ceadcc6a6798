"""Build an environment, update one wheel of it, and build another environment with the same wheels.

    make bench
    python benchmarks/update_of_one_wheel.py --on /mnt/xfs --wheels FOLDER

Each build runs twice: pip installs every wheel, or the Mac shares what another generation has. The
Mac, its conda and clonefile are simulated on this machine; pip, the compiler and the checks are
real. So keep only ratios, and bytes.

`--on` names a folder on a file system that can clone (XFS with reflink, Btrfs). Elsewhere the
simulation copies what a Mac would clone, and says so. `--wheels` names a folder of real wheels for
macOS and python 3.12, in which one project has two versions. Without it, 40 wheels are made.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "macs"), str(TESTS / "unit")]

import on_a_mac  # noqa: E402  # by the paths above

from simlab import depot  # noqa: E402
from simlab.lab import SimLab  # noqa: E402
from simlab.package import metadata, write_wheel  # noqa: E402
from torchard.lab.model import Environment  # noqa: E402
from torchard.lock.lockfile import Wheel  # noqa: E402

if TYPE_CHECKING:
    from torchard.lock.lockfile import Lock

MODULES = 120  # of each wheel that is made
LIBRARY = 4 * 10**6  # bytes of its library


@dataclass(frozen=True)
class Took:
    """One build: seconds, CPU seconds, bytes that the file system lost, clones and their bytes."""

    wall: float
    cpu: float
    disk: int
    clones: int
    cloned: int
    copied: int


def make_wheels(folder: Path) -> None:
    """Write wheels with modules and a library each; one of them in two versions."""
    some = random.Random(0)  # noqa: S311  # the same wheels each time
    text = "".join(f"def f{n}(a, b={n}):\n    return [a, b, {n}]\n\n\n" for n in range(60)).encode()
    for number, version in [*((number, "1.0") for number in range(40)), (0, "2.0")]:
        name = f"made{number}"
        files = {f"{name}/m{n}.py": text + f"N = {n}\n".encode() for n in range(MODULES)}
        files[f"{name}/lib.so"] = some.randbytes(LIBRARY)
        file = f"{name}-{version}-py3-none-any.whl"
        write_wheel(folder, file, files, metadata(name, version))


def read_wheels(folder: Path) -> dict[Wheel, Path]:
    """Return the wheels in a folder."""
    found = {}
    for path in sorted(folder.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(path.name)
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        found[Wheel(name, str(version), path.name, sha256, len(content))] = path
    return found


def choose(wheels: dict[Wheel, Path], *, newest: bool) -> tuple[Wheel, ...]:
    """Return one wheel of each project: the newest, or the oldest."""
    ordered = sorted(wheels, key=lambda one: parse_wheel_filename(one.file)[1], reverse=not newest)
    return tuple({one.name: one for one in ordered}.values())


class Bench:
    """A simulated Mac with Miniconda, and the bytes of the wheels."""

    def __init__(self, folder: Path, served: depot.Depot, wheels: dict[Wheel, Path]) -> None:
        self.mac, self.served, self.wheels = on_a_mac.make(folder), served, wheels
        self.log = self.mac.root / "clones"
        assert self.mac.install(served).returncode == 0

    def count_used(self) -> int:
        """Return how many bytes of the file system are used, once all is written."""
        os.sync()
        time.sleep(3)  # XFS frees and allocates later
        os.sync()
        about = os.statvfs(self.mac.root)
        return (about.f_blocks - about.f_bfree) * about.f_frsize

    def build(self, lock: Lock) -> Took:
        """Build an environment whose files have arrived, and measure that."""
        self.mac.push_all(self.served, replace(lock, wheels=()))
        for one in lock.wheels:
            if one.sha256 not in self.mac.state.depot:
                self.mac.push(one.sha256, self.wheels[one].read_bytes())
        script = self.mac.build_script(lock)
        self.log.write_text("")
        used, begun = self.count_used(), time.monotonic()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = self.mac.start(script)
        _, errors = process.communicate()
        wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        assert process.returncode == 0, errors
        rows = [line.split() for line in self.log.read_text().splitlines()]
        return Took(
            wall,
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            self.count_used() - used,
            len(rows),
            sum(int(size) for size, _ in rows),
            sum(int(size) for size, how in rows if how == "copied"),
        )


def measure(folder: Path, served: depot.Depot, wheels: dict[Wheel, Path], lock: Lock) -> None:
    """Print what each build takes."""
    old, new = (replace(lock, wheels=choose(wheels, newest=newest)) for newest in (False, True))
    print(f"{'':34}{'s':>8}{'CPU s':>8}{'MB written':>12}{'clones':>8}{'MB cloned':>11}")
    for how in ("pip", "clones"):
        bench = Bench(folder / how, served, wheels)
        others = replace(new, environment="another")
        builds = {"first build": old, "update of one wheel": new, "another environment": others}
        first = None
        for what, one in builds.items():
            for notes in bench.mac.torchard.glob("kits/*/wheel-files") if how == "pip" else ():
                notes.unlink()  # without them, no wheel is shared
            took = bench.build(one)
            first = first or took
            print(
                f"{how + ', ' + what:34}{took.wall:8.1f}{took.cpu:8.1f}{took.disk / 1e6:12.0f}"
                f"{took.clones:8}{took.cloned / 1e6:11.0f}"
                f"   {took.wall / first.wall:.2f} x wall, {took.cpu / first.cpu:.2f} x CPU",
                flush=True,
            )
            if took.copied:
                print(f"  {took.copied / 1e6:.0f} MB were copied, because {folder} cannot clone")


def main() -> None:
    """Make or read the wheels, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--on", type=Path, help="a folder on a file system that can clone")
    parser.add_argument("--wheels", type=Path, help="a folder of real wheels")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory(dir=asked.on) as home:
        if asked.wheels is None:
            make_wheels(Path(made))
        served = depot.build(Path(made) / "depot")
        with SimLab(Path(made) / "lab", 1, served.root) as lab:
            plain = Environment("bench", "3.12", None)
            lock = on_a_mac.solve(served, plain, lab.web_url)
        measure(Path(home), served, read_wheels(asked.wheels or Path(made)), lock)


if __name__ == "__main__":
    main()
