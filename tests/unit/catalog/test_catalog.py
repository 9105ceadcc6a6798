"""The catalogue's classes have the data of its files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest
from fixed_catalog import FIXED, read_files
from packaging.version import Version

from torchard.catalog import catalog
from torchard.catalog.catalog import load_catalog
from torchard.catalog.rows import Builds, Catalogue

ROOT = Path(__file__).parents[3]
FILES = read_files(FIXED)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("pytorch.yaml", lambda data: data["releases"][0].pop("source")),
        ("pytorch.yaml", lambda data: data["releases"][0].update(mps=15.0)),
        ("pytorch.yaml", lambda data: data["releases"][0].update(colour="red")),
        ("pytorch.yaml", lambda data: data["macs"][0].update(arch="ppc")),
        ("pytorch.yaml", lambda data: data["advisories"][0].pop("source")),
        ("pytorch.yaml", lambda data: data["advisories"][0].update(affected="2.6 or older")),
        ("installers.yaml", lambda data: data["distributions"][0]["installers"][0].pop("source")),
        ("pairings.yaml", lambda data: data["pairings"][0].pop("source")),
        ("pairings.yaml", lambda data: data["pairings"][0].update(found="guessed")),
        ("pairings.yaml", lambda data: data["pairings"][0]["rows"][0].update(fits="new ones")),
        (
            "installers.yaml",
            lambda data: data["distributions"][0]["installers"][0].update(sha256="c73b91d5"),
        ),
        (
            "installers.yaml",
            lambda data: data["distributions"][0]["installers"][0].update(python=3.1),
        ),
    ],
)
def test_the_schema_rejects_a_damaged_file(name, spoil):
    """It rejects a row without a source, a number for a version, and an unknown key."""
    schema = json.loads((ROOT / "schemas/catalog.schema.json").read_text(encoding="utf-8"))
    data = json.loads(json.dumps(FILES[name]))
    spoil(data)
    assert not jsonschema.Draft202012Validator(schema).is_valid(data)


def test_advisories_concern_releases():
    """A local build is compared by its release, and a nightly build has no advisory."""
    known = load_catalog()
    assert known.advisories_on(None) == ()
    assert known.advisories_on(Version("2.16.0.dev20261120")) == ()
    assert known.advisories_on(known.releases[0].version) == ()
    two = ["CVE-2026-24747", "CVE-2025-32434"]
    assert [one.id for one in known.advisories_on(Version("2.2.2+cpu"))] == two


def test_thresholds_are_where_a_choice_changes():
    """Thresholds ascend from the oldest macOS of the arch through every minimum of a row."""
    known = load_catalog()
    assert known.thresholds("arm64") == ("11.0", "12.0", "12.3", "13.0", "14.0", "15.0")
    assert known.thresholds("x86_64") == ("10.13", "10.15", "11.0", "12.0")
    with pytest.raises(KeyError):
        known.thresholds("ppc")


def test_pythons_are_those_of_torch_itself():
    """The pythons of an arch are those for which torch itself has a wheel."""
    wheels = load_catalog().sources["wheels"]
    assert wheels.pythons("arm64") == tuple((3, minor) for minor in range(7, 16))
    assert wheels.pythons("x86_64") == tuple((3, minor) for minor in range(7, 13))
    assert load_catalog().nightly.pythons("x86_64") == ()


def test_open_range_of_pythons():
    """A row without a last python is for its first and all newer ones."""
    wheels = Builds((3, 10), None, Version("14.0"), Version("11.0"))
    assert [wheels.is_built_for((3, minor)) for minor in (9, 10, 99)] == [False, True, True]
    assert wheels.macos == Version("14.0")


def test_catalogue_is_read_once_and_cannot_change():
    """The catalogue is read once in a process, and its fields cannot be set."""
    known = load_catalog()
    assert isinstance(known, Catalogue)
    assert load_catalog() is known
    with pytest.raises(dataclasses.FrozenInstanceError):
        known.releases = ()


def test_catalogue_reads_without_the_c_loader(monkeypatch):
    """A PyYAML without its C loader reads the same catalogue."""
    monkeypatch.delattr(catalog.yaml, "CSafeLoader")
    assert load_catalog.__wrapped__() == load_catalog()
