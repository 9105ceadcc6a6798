"""The real rows in torchard/catalog: their form, and what holds for every release.

The other tests of real rows are in tests/unit/curate and tests/live. All others read the catalogue
in tests/catalog.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from pathlib import Path

import jsonschema
import pytest
from fixed_catalog import FIXED, REAL, load_real_catalog, read_files
from packaging.version import Version

from torchard.catalog.catalog import PACKAGES

ROOT = Path(__file__).parents[3]
CATALOGUE = load_real_catalog()
FILES = read_files(REAL)
BOTH = [(folder, name) for folder in (REAL, FIXED) for name in FILES]
PYTORCH, INSTALLERS, _ = FILES.values()
DISTRIBUTIONS = {one["distribution"]: one for one in INSTALLERS["distributions"]}
INSTALLER_ROWS = [(name, row) for name, one in DISTRIBUTIONS.items() for row in one["installers"]]
ARCHS = ("arm64", "x86_64")


def rows_with_source(value):
    """Yield every mapping below a value that names its sources."""
    if isinstance(value, dict):
        if "source" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from rows_with_source(one)


@pytest.mark.parametrize(("folder", "name"), BOTH)
def test_the_files_are_valid(folder, name):
    """The real files and the fixed ones are valid under schemas/catalog.schema.json."""
    schema = json.loads((ROOT / "schemas/catalog.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(read_files(folder)[name])
    assert [f"{one.json_path}: {one.message}" for one in errors] == []


def test_a_lab_can_name_each_distribution():
    """schemas/lab.schema.json lists the distributions of installers.yaml for editors."""
    schema = json.loads((ROOT / "schemas/lab.schema.json").read_text(encoding="utf-8"))
    keys = schema["$defs"]["miniconda"]["properties"]
    assert keys["distribution"]["enum"] == list(DISTRIBUTIONS)


@pytest.mark.parametrize(("folder", "name"), BOTH)
def test_every_source_of_a_row_exists(folder, name):
    """Each row's sources are keys of `sources`, and every source is used."""
    file = read_files(folder)[name]
    assert {key for row in rows_with_source(file) for key in row["source"]} == set(file["sources"])


def test_releases_are_sorted_and_unique():
    """They go from the newest to the oldest; those of one torch have other companions."""
    rows = [tuple(Version(row[one]) for one in PACKAGES) for row in PYTORCH["releases"]]
    assert rows == sorted(set(rows), reverse=True)


@pytest.mark.parametrize("row", PYTORCH["releases"], ids=lambda row: row["torch"])
def test_wheels_of_a_package_do_not_overlap(row):
    """Within a release, each python has at most one row of each package."""
    for arch, package in itertools.product(ARCHS, PACKAGES):
        ranges = [
            tuple(None if end is None else int(end.split(".")[1]) for end in one["python"])
            for one in row.get(arch, {}).get(package, [])
        ]
        for (first, last), (following, _) in itertools.pairwise(ranges):
            assert first <= last < following


@pytest.mark.parametrize(
    ("release", "arch", "package", "python", "macos"),
    [
        ("2.15.0", "arm64", "torch", (3, 11), "14.0"),
        ("2.15.0", "arm64", "torch", (3, 10), None),
        ("2.15.0", "arm64", "torchaudio", (3, 15), "14.0"),
        ("2.15.0", "arm64", "torchaudio", (3, 9), None),
        ("2.15.0", "arm64", "torchvision", (3, 16), "14.0"),
        ("2.12.0", "arm64", "torch", (3, 12), "14.0"),
        ("2.11.0", "arm64", "torch", (3, 14), "11.0"),
        ("2.11.0", "arm64", "torchvision", (3, 12), "11.0"),
        ("2.11.0", "arm64", "torchvision", (3, 13), "12.0"),
        ("2.10.0", "arm64", "torch", (3, 12), "11.0"),
        ("2.10.0", "arm64", "torch", (3, 14), "14.0"),
        ("2.9.1", "arm64", "torchvision", (3, 13), "12.0"),
        ("2.9.1", "arm64", "torchvision", (3, 14), "11.0"),
        ("2.7.0", "arm64", "torch", (3, 9), "11.0"),
        ("2.6.0", "arm64", "torch", (3, 13), "11.0"),
        ("2.5.1", "arm64", "torch", (3, 8), None),
        ("2.2.2", "x86_64", "torch", (3, 12), "10.13"),
        ("2.3.0", "x86_64", "torch", (3, 12), None),
        ("1.13.1", "arm64", "torchaudio", (3, 10), "12.0"),
        ("1.12.1", "x86_64", "torch", (3, 10), "11.0"),
        ("1.12.1", "arm64", "torchvision", (3, 7), None),
        ("1.12.0", "x86_64", "torchaudio", (3, 10), "10.15"),
    ],
)
def test_wheels_need_the_newest_of_tag_and_imports(release, arch, package, python, macos):
    """A wheel needs the newest macOS of its tag and of what its libraries import."""
    known = next(one for one in CATALOGUE.releases if str(one.version) == release)
    wheels = known.find(arch, package, python)
    assert (wheels and wheels.macos) == (macos and Version(macos))


@pytest.mark.parametrize(
    ("release", "companions", "mps"),
    [
        ("2.14.0", ("0.29.2", "2.11.1"), "14.0"),
        ("2.8.0", ("0.23.0", "2.8.0"), "13.0"),
        ("2.5.0", ("0.20.0", "2.5.0"), "13.0"),
        ("2.4.1", ("0.19.1", "2.4.1"), "12.3"),
        ("2.0.0", ("0.15.1", "2.0.1"), "12.3"),
        ("1.13.1", ("0.14.1", "0.13.1"), "12.3"),
    ],
)
def test_release_has_its_companions_and_its_mps(release, companions, mps):
    """A release names its torchvision and torchaudio exactly, and the macOS of its MPS."""
    known = next(one for one in CATALOGUE.releases if str(one.version) == release)
    assert known.packages == dict(zip(PACKAGES, (release, *companions), strict=True))
    assert known.mps == Version(mps)


def test_releases_before_2_3_need_numpy_1():
    """Every release before 2.3 needs numpy below 2, and no later one does."""
    for release in CATALOGUE.releases:
        old = release.version < Version("2.3")
        assert ("numpy<2" in release.constraints) == old


def test_an_advisory_ends_with_the_release_that_fixed_it():
    """It affects every known release before that one, and none after it."""
    known = CATALOGUE.advisories
    for one, release in itertools.product(known, CATALOGUE.releases):
        affected = one in CATALOGUE.advisories_on(release.version)
        if one.fixed is None:
            assert affected == one.affected.contains(release.version), (one.id, release.version)
        else:
            assert affected == (release.version < one.fixed), (one.id, release.version)
    dates = [dt.date.fromisoformat(one.published) for one in known]
    assert dates == sorted(dates, reverse=True)
    assert len({one.id for one in known}) == len(known)


def test_the_page_on_old_instructions_counts_how_the_floors_of_mps_are_known():
    """It says how many were read in the binary, read in its texts, and inferred."""
    kinds = {row["torch"]: set(row["source"]) for row in PYTORCH["releases"]}
    read, text, inferred = (
        sum(one in sources for sources in kinds.values())
        for one in ("mps-read", "mps-text", "mps-inferred")
    )
    page = (ROOT / "docs/old-instructions.md").read_text(encoding="utf-8")
    assert (
        f"{read} were read in the binary, {text} in its texts, and {inferred} are inferred" in page
    )


@pytest.mark.parametrize("name", ["conda-forge", "pytorch-channel"])
def test_conda_builds_are_of_known_releases(name):
    """Each version of a channel has a row of wheels, whose MPS floor and numpy it shares."""
    own = {one.version: one for one in CATALOGUE.releases}
    releases = CATALOGUE.sources[name].releases
    versions = [one.version for one in releases]
    assert versions == sorted(versions, reverse=True)
    for release in releases:
        upstream = own[release.version]
        assert (release.mps, release.constraints) == (upstream.mps, upstream.constraints)


def test_intel_has_newer_releases_in_conda_forge_only():
    """For Intel, wheels end at 2.2.2, and conda-forge has newer releases."""
    newest = {
        name: next(one.version for one in source.releases if "x86_64" in one.builds)
        for name, source in CATALOGUE.sources.items()
    }
    assert newest["wheels"] == newest["pytorch-channel"] == Version("2.2.2")
    assert newest["conda-forge"] >= Version("2.13")


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_default_installers_fit_their_macs(name):
    """Each arch has a default installer from its oldest macOS on, never below its minimum."""
    platforms, known = CATALOGUE.platforms, CATALOGUE.installers[name]
    assert len(known.defaults) == len(DISTRIBUTIONS[name]["automatic"])
    for one in known.defaults:
        assert one.installer in known.rows
        assert one.installer.macos is None or one.installer.macos <= one.macos
    for arch in ARCHS:
        floors = [one.macos for one in known.defaults if one.installer.arch == arch]
        assert min(floors) == platforms[arch].macos


@pytest.mark.parametrize(
    ("name", "row"), INSTALLER_ROWS, ids=lambda one: one if isinstance(one, str) else one["file"]
)
def test_installer_file_is_named_after_its_row(name, row):
    """An installer's file name has its version and arch, and Miniconda's also its python."""
    python = row["python"].replace(".", "")
    stem = f"Miniconda3-py{python}_" if name == "miniconda" else "Miniforge3-"
    assert row["file"] == f"{stem}{row['version']}-MacOSX-{row['arch']}.sh"


def test_no_two_installers_are_the_same():
    """Every installer has its own file name and sha256."""
    for key in ("file", "sha256"):
        assert len({row[key] for _, row in INSTALLER_ROWS}) == len(INSTALLER_ROWS)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_installers_are_newest_first(name, arch):
    """Installers of an arch go from the newest version to the oldest, newest python first."""
    order = [
        tuple(int(part) for part in re.split(r"[.-]", f"{row['version']}.{row['python']}"))
        for row in DISTRIBUTIONS[name]["installers"]
        if row["arch"] == arch
    ]
    assert order == sorted(order, reverse=True)
