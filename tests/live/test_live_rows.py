"""Rows of the catalogue against the wheels of the index: which there are, and what they need."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

import pytest
import yaml
from index_wheels import mac_wheels
from packaging.version import Version
from wheel_tags import fits, oldest

from torchard.catalog.catalog import load_catalog
from torchard.catalog.mac_class import MacClass
from torchard.curate.verify import compare_libraries, fetch_listings
from torchard.lock import index
from torchard.lock.index import find_default_index

pytestmark = pytest.mark.live

MINORS = range(7, 17)  # of Python 3: from before the oldest row to after the newest
SUBDIRS = {"arm64": "osx-arm64", "x86_64": "osx-64"}
CATALOGUE = yaml.safe_load(
    resources.files("torchard.catalog").joinpath("pytorch.yaml").read_text(encoding="utf-8")
)
RELEASES = {release["torch"]: release for release in CATALOGUE["releases"]}


class Row(NamedTuple):
    """Wheels of one release and arch with the same tag; `first` and `last` minor of Python 3."""

    arch: str
    first: int
    last: int
    tag: str


def _rows():
    rows = {}
    for release in RELEASES.values():
        for arch in SUBDIRS.keys() & release.keys():
            for name, lines in release[arch].items():
                of_package = rows.setdefault((name, release[name]), [])
                for line in lines:
                    first, last = (minor and int(minor[2:]) for minor in line["python"])
                    row = Row(arch, first, last or MINORS[-1], line["tag"])
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


def test_the_libraries_of_a_release_need_what_its_rows_say():
    """On macOS 11 to 13 the choice turns on 2.8.0. `torchard catalog verify` reads all releases."""
    catalogue = load_catalog()
    releases = [one for one in catalogue.releases if str(one.version) == "2.8.0"]
    found = list(
        compare_libraries(releases, fetch_listings(find_default_index()).wheels, catalogue)
    )
    assert len(found) >= 3
    assert [one for one in found if one is not None] == []


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
