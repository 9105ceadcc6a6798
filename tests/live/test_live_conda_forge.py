"""Real records of conda-forge, from public lock files of pixi, are solved to the same builds.

The files are read from their repositories at a fixed commit, and verified by their sha256. Without
a network, TORCHARD_PIXI_LOCKS names a folder that has them under their sha256.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from torchard.catalog.catalog import load_catalog
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.curate.given_files import compare_file
from torchard.depot.depot import Depot, DepotError
from torchard.depot.download import DownloadError
from torchard.lab.model import Environment, Mirrors
from torchard.lock.conda import solve_conda
from torchard.lock.conda_process import SOLVE_LIMITS, run_worker, solver_request
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question

pytestmark = pytest.mark.live

SERVER = "https://raw.githubusercontent.com"
_ARCHIVE = re.compile(
    r"https://[^/]+/conda-forge/(?P<subdir>osx-64|osx-arm64|noarch)/"
    r"(?P<file>(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(?:conda|tar\.bz2))$"
)
PIXI = "prefix-dev/pixi/2b25fc76dd3b5cc50a235387d948474975c40d73/examples"
DETECTRON = (
    f"{PIXI}/detectron2-from-source/pixi.lock",
    "b42ff68108ca0e4975d026a50218ddc74f35662a0a109c599a1518103c4a0665",
)
MACHINES = (
    f"{PIXI}/multi-machine/pixi.lock",
    "fbea737acc875f37b13fd714bc976d4001c222c9b4dd6d82574d44cd161fb92c",
)
EXAMPLE = (
    "matthewfeickert/pytorch-gpu-pixi-example/c53e084fd151cd2db730363a74c77646967950dc/pixi.lock",
    "7b562e0034cc3705c3ba257b356024c7bce157dca5f4de49515006f8498bf93e",
)


@dataclass(frozen=True)
class Case:
    """A lock file by its place and sha256, and a PyTorch in it for a class of Macs."""

    place: str
    sha256: str
    mac_class: MacClass
    python: str
    packages: dict[str, str]
    least: int


ARM, INTEL = MacClass("osx-arm64", "13.0"), MacClass("osx-64", "13.0")
CASES = [
    Case(*DETECTRON, INTEL, "3.12", {"pytorch": "2.8.0"}, 50),
    Case(*DETECTRON, ARM, "3.13", {"pytorch": "2.8.0"}, 50),
    Case(*EXAMPLE, ARM, "3.13", {"pytorch": "2.8.0"}, 50),
    Case(*MACHINES, ARM, "3.13", {"pytorch": "2.10.0", "torchvision": "0.26.0"}, 70),
]


@pytest.fixture
def lock_file(artefacts):
    """Return a function that gives the verified lock file of a case."""

    def fetch(case):
        folder = os.environ.get("TORCHARD_PIXI_LOCKS")
        url = (Path(folder) / case.sha256).as_uri() if folder else f"{SERVER}/{case.place}"
        try:
            return Depot(artefacts).fetch("pixi.lock", case.sha256, None, lambda: url)
        except (DepotError, DownloadError) as error:
            pytest.skip(f"The lock file cannot be read: {error.message}")

    return fetch


def read_records(path):
    """Return the records of a lock file by subdir and file name, as repodata has them."""
    found = {"osx-64": {}, "osx-arm64": {}, "noarch": {}}
    for row in yaml.safe_load(path.read_text(encoding="utf-8"))["packages"]:
        match = _ARCHIVE.match(row.get("conda", ""))
        if match:
            number = re.search(r"(?:^|_)(\d+)(?:_|$)", match["build"])
            found[match["subdir"]][match["file"]] = {
                **{key: match[key] for key in ("name", "version", "build", "subdir")},
                "build_number": int(number[1]) if number else 0,
                "depends": row.get("depends", []),
                "constrains": row.get("constrains", []),
                "sha256": row["sha256"],
                "size": row["size"],
                **{key: row[key] for key in ("noarch", "track_features") if key in row},
            }
    # pixi installs wheels itself, so its locks have no pip.
    found["noarch"]["pip-1-0.conda"] = {
        "name": "pip",
        "version": "1",
        "build": "0",
        "subdir": "noarch",
        "build_number": 0,
        "noarch": "python",
        "depends": ["python"],
        "sha256": "0" * 64,
        "size": 1,
    }
    return found


def write_channel(folder, records):
    """Write a channel of records, without the archives."""
    for subdir, rows in records.items():
        (folder / subdir).mkdir(parents=True)
        kinds = {
            key: {file: row for file, row in rows.items() if file.endswith(end)}
            for key, end in (("packages", ".tar.bz2"), ("packages.conda", ".conda"))
        }
        data = {"info": {"subdir": subdir}, **kinds, "repodata_version": 1}
        (folder / subdir / "repodata.json").write_text(json.dumps(data), encoding="utf-8")
    return folder.as_uri()


def ask(case, records, folder, macos="", version=""):
    """Return a question about a case, over a channel of its records."""
    packages = {name: version or own for name, own in case.packages.items()}
    return Question(
        Environment("torch", case.python, None),
        MacClass(case.mac_class.subdir, macos or case.mac_class.macos),
        Variant("conda-forge", packages, case.python, mps_expected=False, reason="it fits"),
        ("conda-forge",),
        Mirrors({"conda-forge": write_channel(folder / "channel", records)}),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.mac_class}-{one.place[-30:-10]}")
def test_real_records_are_solved_to_the_builds_of_pixi(lock_file, tmp_path, case):
    """Virtual packages, mutexes, noarch and constraints of real records are solved as pixi does.

    A lock has one build of most packages, so what is solved must be what the lock has.
    """
    records = read_records(lock_file(case))
    request = solver_request(ask(case, records, tmp_path), tmp_path / "cache")
    answer = run_worker({"solve": request}, SOLVE_LIMITS)
    assert "error" not in answer, answer["text"]
    solved = {row["name"]: row for row in answer["solve"]}
    known = {file: row for rows in records.values() for file, row in rows.items()}
    assert len(solved) >= case.least
    for row in solved.values():
        assert known[row["file"]]["build"] == row["build"]
        assert known[row["file"]]["sha256"] == row["sha256"]
    for name, version in case.packages.items():
        assert solved[name]["version"] == version
        assert solved[name]["subdir"] == case.mac_class.subdir
        assert f"py{case.python.replace('.', '')}" in solved[name]["build"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"macos": "10.13"}, "pytorch 2.8.0 needs macOS 11"),
        ({"version": "2.8.1"}, "has no pytorch 2.8.1 for these Macs; the newest is 2.8.0"),
    ],
)
def test_real_records_say_why_nothing_fits(lock_file, tmp_path, changes, cause):
    """The message about a failed solve understands the dependencies of real records."""
    case = CASES[0]
    question = ask(case, read_records(lock_file(case)), tmp_path, **changes)
    with pytest.raises(LockError) as caught:
        solve_conda(question, Depot(tmp_path / "depot"))
    assert cause in caught.value.message


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.mac_class}-{one.place[-30:-10]}")
def test_real_records_agree_with_the_rows_of_the_catalogue(lock_file, tmp_path, case):
    """Their pythons, macOS and companions are in the rows, and other rows are not compared."""
    rows = read_records(lock_file(case))[case.mac_class.subdir]
    data = {"info": {"subdir": case.mac_class.subdir}, "packages": {}, "packages.conda": rows}
    path = tmp_path / "repodata.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    found = compare_file(path, "conda-forge", load_catalog())
    assert found.wrong == ()
    assert re.search(r"Rows compared of conda-forge: [1-9]", found.summary)
