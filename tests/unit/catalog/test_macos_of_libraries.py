"""The real rows: what every Mac gets whose macOS is older than the one libraries were built for."""

from __future__ import annotations

from importlib import resources

import pytest
from fixed_catalog import read_yaml

from torchard.catalog.catalog import parse_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lab.model import Request

FILES = {
    name: read_yaml(resources.files("torchard.catalog").joinpath(name).read_bytes())
    for name in ("pytorch.yaml", "installers.yaml")
}
CATALOGUE = parse_catalog(FILES["pytorch.yaml"], FILES["installers.yaml"])
V2_4, V2_8 = ("2.4.1", "0.19.1", "2.4.1"), ("2.8.0", "0.23.0", "2.8.0")
V2_9, V2_11 = ("2.9.1", "0.24.1", "2.9.1"), ("2.11.0", "0.26.0", "2.11.0")
V2_2 = ("2.2.2", "0.17.2", "2.2.2")
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")


@pytest.mark.parametrize(
    ("macs", "pythons", "backend", "trio", "mps"),
    [
        (("osx-arm64", "13.0", "13.7"), PYTHONS, "auto", V2_8, True),
        (("osx-arm64", "13.0", "13.7"), PYTHONS, "mps", V2_8, True),
        (("osx-arm64", "11.0", "11.7", "12.0", "12.2"), ["3.9"], "auto", V2_8, False),
        (("osx-arm64", "11.0", "12.0", "12.3", "13.0", "13.7"), ["3.9"], "cpu", V2_8, False),
        (("osx-arm64", "11.0", "11.7"), ["3.13"], "auto", V2_8, False),
        (("osx-arm64", "11.0", "11.7"), ["3.14"], "auto", V2_9, False),
        (("osx-arm64", "11.0", "11.7"), ["3.14"], "cpu", V2_9, False),
        (("osx-arm64", "11.0", "12.0", "13.0"), ["3.10", "3.12"], "cpu", V2_11, False),
        (("osx-arm64", "12.3", "12.7"), ["3.9", "3.12"], "mps", V2_4, True),
        (("osx-64", "10.13", "10.15", "11.0", "13.6"), ["3.9", "3.12"], "auto", V2_2, False),
    ],
)
def test_every_cell_that_the_libraries_decide(macs, pythons, backend, trio, mps):
    """`torchard catalog verify --libraries` reads them again."""
    subdir, *versions = macs
    for version in versions:
        for python in pythons:
            request = Request(python, backend=backend)
            got = choose(request, MacClass(subdir, version), CATALOGUE)
            assert isinstance(got, Variant), (version, python, got)
            assert (tuple(got.packages.values()), got.mps_expected) == (trio, mps)


@pytest.mark.parametrize("release", FILES["pytorch.yaml"]["releases"], ids=lambda one: one["torch"])
def test_a_note_on_libraries_is_newer_than_what_they_need(release):
    """A row without `sure` and `minos` is sure, and was built for what it needs."""
    rows = [
        row
        for arch in ("arm64", "x86_64")
        for rows in release.get(arch, {}).values()
        for row in rows
    ]
    for row in rows:
        needs = [row["needs"]] if row["needs"] != "unknown" else []
        oldest = max(_parts(text) for text in (row["tag"], *needs))
        for text in (*([row["sure"]] if "sure" in row else []), *row.get("minos", {}).values()):
            assert _parts(text) > oldest, row


def _parts(text):
    return tuple(map(int, text.split(".")))
