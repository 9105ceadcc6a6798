"""Releases whose MPS fails on a macOS, and the macOS that an arch no longer gets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from choosing import ARM, INTEL
from fixed_catalog import load_real_catalog
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose, explain_choice
from torchard.catalog.mac_class import find_exact_class, find_mac_class
from torchard.catalog.rows import KnownFailure
from torchard.catalog.variant import Refusal, Variant
from torchard.lab.model import Request

KNOWN = load_real_catalog()


def answer(arch, macos, python, **asked):
    """Choose for a Mac by the real catalogue."""
    return choose(Request(python, **asked), find_mac_class(arch, macos, KNOWN), KNOWN)


REPORT = "https://github.com/pytorch/pytorch/issues/197796"


@pytest.mark.parametrize(
    ("macos", "backend", "noted"),
    [("27.0", "mps", True), ("26.1", "mps", False), ("27", "cpu", False)],
)
def test_a_release_that_fails_with_mps_is_named(macos, backend, noted):
    """A request that names it gets it, with a note that links the report."""
    got = answer(ARM, macos, "3.12", release="2.13.0", backend=backend)
    assert isinstance(got, Variant)
    assert any(note.endswith(f"{REPORT}.") for note in got.notes) == noted


def test_stable_passes_over_a_release_that_fails_with_mps():
    """Stable takes the next older release, and only where MPS is wanted."""
    failing = KnownFailure(SpecifierSet(">=2.15"), Version("27"), "everything fails", REPORT)
    known = replace(load_catalog(), known_failures=(failing,))
    group = find_exact_class(ARM, "27.1", known)
    assert choose(Request("3.12"), group, known).packages["torch"] == "2.14.1"
    assert choose(Request("3.12", backend="cpu"), group, known).packages["torch"] == "2.15.0"
    (over,) = explain_choice(Request("3.12"), group, known).passed_over
    assert over.obstacles == ("its MPS is known to fail on macOS 27.1",)


def test_there_is_no_intel_mac_with_macos_27():
    """Such a description is an error of the lab; 26 is the last for Intel."""
    assert not isinstance(find_exact_class(INTEL, "26.5", KNOWN), Refusal)
    refused = find_exact_class(INTEL, "27.0", KNOWN)
    assert isinstance(refused, Refusal)
    assert refused.reason == "macOS 27 is not for Intel Macs: macOS 26 is the last for them."


def test_an_advisory_may_name_no_fixed_release():
    """It names the last release that is affected."""
    known = KNOWN
    (pt2,) = (one for one in known.advisories if one.id == "CVE-2026-4538")
    assert pt2.fixed is None
    assert pt2 in known.advisories_on(Version("2.10.0"))
    assert pt2 not in known.advisories_on(Version("2.11.0"))
