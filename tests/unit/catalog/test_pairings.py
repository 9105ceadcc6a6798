"""Which versions of a package fit a torch, by the rows of pairings.yaml."""

from __future__ import annotations

import pytest
from choosing import ARM, answer
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.catalog.pairings import (
    Bound,
    Fit,
    Pairing,
    find_bounds,
    find_broken_bounds,
    find_holds,
)
from torchard.catalog.variant import Variant

PAIRINGS = load_catalog().pairings
TOGETHER = Pairing(
    "codec",
    "torch",
    "each is built against one torch",
    (
        Fit(SpecifierSet(">=2.9"), SpecifierSet(">=0.8")),
        Fit(SpecifierSet(">=2.8"), SpecifierSet(">=0.6,<0.8")),
        Fit(SpecifierSet(">=2.7"), SpecifierSet("")),
        Fit(SpecifierSet("==2.6.*"), None),
    ),
)


def ask(torch):
    """Return what a version of torch asks of codec."""
    return [one.requirement for one in find_bounds([TOGETHER], {"torch": torch})]


@pytest.mark.parametrize(
    ("torch", "asked"),
    [
        ("2.15.0", ["codec>=0.8"]),
        ("2.9.0.dev20260101", ["codec>=0.6,<0.8"]),
        ("2.8.0+cpu", ["codec>=0.6,<0.8"]),
        ("2.7.1", []),
        ("2.6.0", ["codec<0"]),
        ("2.5.1", []),
        ("not a version", []),
    ],
)
def test_the_first_row_that_has_the_version_counts(torch, asked):
    """All versions fit an empty row, none fits a null one, and what has no row is not bounded."""
    assert ask(torch) == asked
    assert list(find_bounds([TOGETHER], {"numpy": "2.0"})) == []


def test_a_bound_says_what_it_is_for():
    """It has the clause of the pairing and the version that decides."""
    (bound,) = find_bounds([TOGETHER], {"torch": "2.8.0"})
    assert bound.reason == "each is built against one torch, and torch is 2.8.0"


@pytest.mark.parametrize(
    ("codec", "broken"), [("0.7.1", 0), ("0.9.0", 1), ("0.8.0.dev1", 1), ("odd", 0)]
)
def test_a_version_beyond_its_bound_is_found(codec, broken):
    """Only a package that is there can break a bound."""
    found = find_broken_bounds([TOGETHER], {"torch": "2.8.0", "codec": codec})
    assert len(list(found)) == broken
    assert list(find_broken_bounds([TOGETHER], {"torch": "2.8.0"})) == []


def test_what_holds_a_package_back_is_found():
    """A lower bound holds nothing back, and neither does a bound on what is not there."""
    assert [one.package for one in find_holds([TOGETHER], {"torch": "2.8.0", "codec": "0.7"})] == [
        "codec"
    ]
    assert list(find_holds([TOGETHER], {"torch": "2.9.0", "codec": "0.9"})) == []
    assert list(find_holds([TOGETHER], {"torch": "2.8.0"})) == []
    assert not Bound("codec", "codec<0", "").is_met_by("0.1")


@pytest.mark.parametrize(
    ("torch", "package", "fits", "breaks"),
    [
        ("2.2.2", "transformers", "4.57.6", "5.0.0"),
        ("2.4.1", "transformers", "5.14.1", "5.15.0"),
        ("2.5.1", "transformers", "5.19.0", "5.20.0"),
        ("2.6.0", "transformers", "5.24.0", None),
        ("2.2.2", "torchcodec", None, "0.0.3"),
        ("2.6.0", "torchcodec", "0.2.1", "0.11.1"),
        ("2.8.0", "torchcodec", "0.7.0", "0.17.0"),
        ("2.11.0", "torchcodec", "0.11.1", "0.10.0"),
        ("2.15.0", "torchcodec", "0.17.0", "0.11.1"),
        ("2.2.2", "torchtext", "0.17.2", "0.18.0"),
        ("2.3.1", "torchtext", "0.18.0", "0.17.2"),
        ("2.15.0", "torchtext", None, "0.18.0"),
        ("2.8.0", "torchao", "0.16.0", "0.17.0"),
        ("2.6.0", "bitsandbytes", "0.49.0", "0.42.0"),
    ],
)
def test_the_rows_have_what_was_seen(torch, package, fits, breaks):
    """Each is a lock that works, or one that failed at import."""
    bounds = [one for one in find_bounds(PAIRINGS, {"torch": torch}) if one.package == package]
    if breaks:
        assert not all(one.is_met_by(breaks) for one in bounds)
    if fits:
        assert all(one.is_met_by(fits) for one in bounds)


def test_torchtune_takes_a_torchao_that_has_its_module():
    """The pairing counts only beside torchtune."""
    assert [one.requirement for one in find_bounds(PAIRINGS, {"torchtune": "0.6.1"})] == [
        "torchao<0.18"
    ]
    assert list(find_bounds(PAIRINGS, {"torchtune": "0.7.0"})) == []


@pytest.mark.parametrize("pairing", PAIRINGS, ids=lambda one: f"{one.package} {one.beside}")
def test_rows_run_from_the_newest_down(pairing):
    """So the first that contains a version is the one that is meant for it."""
    floors = [
        max(
            (Version(one.version) for one in row.beside if one.operator.startswith(">")),
            default=None,
        )
        for row in pairing.rows
    ]
    known = [one for one in floors if one is not None]
    assert known == sorted(known, reverse=True)
    assert None not in floors[:-1]


@pytest.mark.parametrize(
    ("macos", "asked", "noted"),
    [
        ("15.0", {"companions": ("torchaudio",)}, True),
        ("15.0", {"companions": ("torchvision",)}, False),
        ("15.0", {}, False),
        ("12.3", {"companions": ("torchaudio",)}, False),
    ],
)
def test_who_names_torchaudio_learns_what_files_need(macos, asked, noted):
    """From 2.9 on it needs torchcodec and FFmpeg for them. Nobody else needs that note."""
    variant = answer(ARM, macos, "3.12", **asked)
    assert isinstance(variant, Variant)
    assert any("torchcodec and FFmpeg" in one for one in variant.notes) is noted
