"""Each row of the catalogue against the wheels of the index: which there are, and how built."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import NamedTuple

import pytest
import yaml
from index_wheels import mac_wheels
from packaging.version import Version
from wheel_tags import fits, oldest

from torchard.binaries.wheel import read_wheel
from torchard.catalog.mac_class import MacClass
from torchard.depot.ranged_file import RangedFile
from torchard.lock import index

pytestmark = pytest.mark.live

MINORS = range(7, 17)  # of Python 3: from before the oldest row to after the newest
SUBDIRS = {"arm64": "osx-arm64", "x86_64": "osx-64"}
CATALOGUE = yaml.safe_load(
    resources.files("torchard.catalog").joinpath("pytorch.yaml").read_text(encoding="utf-8")
)
RELEASES = {release["torch"]: release for release in CATALOGUE["releases"]}


class Row(NamedTuple):
    """Wheels of one release and arch that are built alike; `first` and `last` minor of Python 3."""

    arch: str
    first: int
    last: int
    tag: str
    minos: dict[str, str]


def _rows():
    rows = {}
    for release in RELEASES.values():
        for arch in SUBDIRS.keys() & release.keys():
            for name, lines in release[arch].items():
                of_package = rows.setdefault((name, release[name]), [])
                for line in lines:
                    first, last = (minor and int(minor[2:]) for minor in line["python"])
                    row = Row(arch, first, last or MINORS[-1], line["tag"], line["minos"])
                    if row not in of_package:
                        of_package.append(row)
    return rows


ROWS = _rows()
each_package = pytest.mark.parametrize(("name", "version"), ROWS)


def wheels(name, version, minor):
    """Return every wheel for Macs of a release that a python may have by its Requires-Python.

    Pythons from that of its first row on are asked for together: no release left one out.
    """
    first = min(row.first for row in ROWS[name, version])
    return mac_wheels(name, version, f"3.{first if minor >= first else first - 1}")


@each_package
def test_the_rows_tell_of_every_wheel_and_of_no_other(name, version):
    """For each arch and python, the index has what a row says, with the macOS in its tag."""
    told = {
        (row.arch, minor): row.tag
        for row in ROWS[name, version]
        for minor in MINORS
        if row.first <= minor <= row.last
    }
    found = {}
    for arch in SUBDIRS:
        for minor in MINORS:
            files = [one.file for one in wheels(name, version, minor)]
            tags = [oldest(one) for one in files if fits(one, arch, "99.0", f"3.{minor}")]
            if tags:
                found[arch, minor] = min(tags, key=Version)
    assert found == told


@pytest.fixture(scope="module")
def built():
    """What the libraries in one wheel of each row were built for. Twelve are read at a time.

    Only a wheel's table of contents and the heads of its libraries are fetched: some 2 MB.
    """
    rows = [(name, version, row) for (name, version), some in ROWS.items() for row in some]
    with ThreadPoolExecutor(12) as pool:
        found = pool.map(lambda one: _libraries(*one), rows)
        keys = [(name, version, row.arch, row.last) for name, version, row in rows]
        return dict(zip(keys, found, strict=True))


@each_package
def test_what_a_row_says_of_a_library_is_so(built, name, version):
    """The library is in the wheel, and was built for the macOS that the row names."""
    for row in ROWS[name, version]:
        libraries = built[name, version, row.arch, row.last]
        assert {file: libraries.get(file) for file in row.minos} == row.minos


@pytest.mark.parametrize("torch", [one for one in RELEASES if Version(one) >= Version("2")])
def test_no_library_of_torch_needs_more_than_its_row_says(built, torch):
    """On Macs before macOS 14 the choice turns on this: OpenMP in 2.7.0 to 2.10.0 is for 14."""
    for row in ROWS["torch", torch]:
        libraries = built["torch", torch, row.arch, row.last]
        assert newest(libraries) == newest(row.minos)


def newest(minos):
    """Return the newest macOS that a library asks for."""
    return max(minos.values(), key=Version)


def _libraries(name, version, row):
    """Return the macOS that each library in a wheel of a row was built for, by file name.

    A library without a part for the row's arch is left out: some arm64 wheels of 1.12 hold one.
    """
    files = wheels(name, version, row.last)
    wheel = next(one for one in files if fits(one.file, row.arch, "99.0", f"3.{row.last}"))
    content = io.BufferedReader(RangedFile(wheel.url, wheel.size), 1 << 18)
    found = read_wheel(content, row.arch, is_whole=False)
    return {path.rpartition("/")[2]: _text(one.minos) for path, one in found.items() if one.minos}


def _text(macos):
    major, minor, patch = macos
    return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"


@pytest.mark.parametrize(
    ("torch", "arch"),
    [(torch, arch) for torch, release in RELEASES.items() for arch in SUBDIRS if arch in release],
)
def test_a_release_and_its_companions_go_together(torch, arch):
    """They resolve as one, whatever each says that it needs of the others."""
    release = RELEASES[torch]
    names = list(release[arch])
    rows = [[row for row in ROWS[name, release[name]] if row.arch == arch] for name in names]
    minor = max(
        minor
        for minor in MINORS
        if all(any(row.first <= minor <= row.last for row in some) for some in rows)
    )
    pins = [f"{name}=={release[name]}" for name in names]
    query = index.WheelQuery(
        pins,
        MacClass(SUBDIRS[arch], "26.0"),
        f"3.{minor}.9",
        release.get("constraints", ()),
    )
    offers = index.resolve(query)
    versions = {one.name: one.version for one in offers}
    assert {name: versions[name] for name in names} == {name: release[name] for name in names}
