"""What a choice was read from, how sure that is, and which older release is safer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from choosing import ARM, INTEL, answer
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import explain_choice, find_safer_variant
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.catalog.rows import Builds
from torchard.catalog.variant import Variant
from torchard.lab.model import Request


def notes(mac, **asked):
    """Return the reason and the notes of an answer."""
    got = answer(*mac, **asked)
    assert isinstance(got, Variant)
    return got.reason, got.notes


def test_a_release_that_was_built_for_a_newer_macos_says_what_it_was_read_from():
    """The release to write instead is the newest whose libraries were built for the Mac."""
    reason, said = notes((ARM, "13.6", "3.12"))
    assert reason == (
        "the newest release whose wheels and MPS fit macOS 13 and python 3.12,"
        " by what their libraries import"
    )
    assert said[1:] == (
        (
            "Libraries that were built for a newer macOS import only what macOS 13 has:"
            " libomp.dylib of torch 2.8.0 (for macOS 14)."
        ),
        (
            'If an import fails on the Mac, write `release: "2.6.0"`: its libraries were built'
            " for macOS 13 or older."
        ),
    )


def test_what_was_inferred_has_the_macos_where_it_is_sure():
    """Also where no older release is safer."""
    inferred = "That torch 2.9.1 loads on macOS 11 is inferred from what its libraries import;"
    _, said = notes((ARM, "11", "3.14"))
    assert f"{inferred} it is sure from macOS 12 on." in said
    assert "libpng16.16.dylib of torchvision 0.24.1 (for macOS 12.1)" in " ".join(said)
    assert not [one for one in said if "If an import fails" in one]
    _, intel = notes((INTEL, "10.14", "3.12"))
    assert (
        "That torch 2.2.2 loads on macOS 10.14 is inferred from what its libraries import;"
        " it is sure from macOS 10.15 on."
    ) in intel


@pytest.mark.parametrize(
    ("mac", "asked"),
    [
        ((ARM, "15", "3.12"), {}),
        ((ARM, "14", "3.9"), {}),
        ((ARM, "12.3", "3.12"), {}),
        ((ARM, "13", "3.12"), {"release": "2.6.0"}),
        ((INTEL, "10.15", "3.12"), {}),
        ((ARM, "13", "3.12"), {"source": "conda-forge", "companions": (), "backend": "cpu"}),
        ((ARM, "15", "3.12"), {"release": "nightly"}),
    ],
)
def test_a_sure_choice_has_no_such_note(mac, asked):
    reason, said = notes(mac, **asked)
    assert "import" not in f"{reason} {' '.join(said)}"


def test_the_macos_of_a_build_counts_only_where_nobody_has_read_the_imports():
    """The linker on a Mac does not compare it."""
    minos = {"libomp.dylib": Version("14.0")}
    read = Builds((3, 9), None, Version("11.0"), Version("12.3"), minos)
    assert (read.macos, read.built_for) == (Version("12.3"), Version("14.0"))
    unread = Builds((3, 9), None, Version("11.0"), None, minos)
    assert unread.macos == unread.built_for == Version("14.0")


@pytest.mark.parametrize(
    ("mac", "asked", "safer"),
    [
        ((ARM, "13", "3.12"), {}, "2.6.0"),
        ((ARM, "13", "3.12"), {"companions": ()}, "2.6.0"),
        ((ARM, "11", "3.14"), {}, "None"),
        ((ARM, "13", "3.12"), {"release": "2.6.0"}, "None"),
        ((ARM, "13", "3.12"), {"source": "conda-forge", "companions": ()}, "None"),
        ((ARM, "15", "3.12"), {"release": "nightly"}, "None"),
    ],
)
def test_a_variant_that_does_not_load_has_a_safer_release(mac, asked, safer):
    """It needs no reading of what libraries import."""
    arch, macos, _ = mac
    group = find_mac_class(arch, macos, load_catalog())
    variant = answer(*mac, **asked)
    assert isinstance(group, MacClass)
    assert isinstance(variant, Variant)
    assert str(find_safer_variant(variant, group, load_catalog())) == safer


def test_a_variant_that_the_catalogue_does_not_have_has_no_safer_release():
    """As in a lock that was written before the catalogue changed."""
    group = MacClass("osx-arm64", "13.0")
    variant = answer(ARM, "13", "3.12")
    assert isinstance(variant, Variant)
    for changed in ({"packages": {"torch": "9.9.9"}}, {"python": "no"}):
        assert find_safer_variant(replace(variant, **changed), group, load_catalog()) is None


def test_libraries_that_nobody_has_read_count_as_they_were_built():
    """Until a person settles a symbol, the release is only for Macs that it was built for."""
    known = load_catalog()
    wheels = known.sources["wheels"]
    newest = next(one for one in wheels.releases if str(one.version) == "2.8.0")
    (rows,) = newest.builds["arm64"]["torch"]
    arm = {**newest.builds["arm64"], "torch": (replace(rows, needs=None),)}
    releases = tuple(
        replace(one, builds={"arm64": arm}) if one is newest else one for one in wheels.releases
    )
    changed = {**known.sources, "wheels": replace(wheels, releases=releases)}
    got = explain_choice(
        Request("3.12"), MacClass("osx-arm64", "13.0"), replace(known, sources=changed)
    )
    assert got.passed_over[-1].releases == ("2.8.0",)
    assert got.passed_over[-1].obstacles == ("needs macOS 14 (for its libomp.dylib)",)
