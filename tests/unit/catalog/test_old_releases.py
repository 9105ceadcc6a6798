"""Releases that people must be able to reproduce: from before MPS, and of the frozen channel."""

from __future__ import annotations

import pytest
from choosing import ARM, INTEL
from fixed_catalog import load_real_catalog

from torchard.catalog.choose import choose, explain_choice
from torchard.catalog.mac_class import find_exact_class, find_mac_class
from torchard.catalog.variant import Refusal, Variant
from torchard.lab.model import Request

KNOWN = load_real_catalog()


def answer(arch, macos, python, **asked):
    """Choose for a Mac by the real catalogue."""
    return choose(Request(python, **asked), find_mac_class(arch, macos, KNOWN), KNOWN)


@pytest.mark.parametrize(
    ("mac", "release", "trio"),
    [
        ((INTEL, "10.13", "3.6"), "1.8.0", ("1.8.0", "0.9.0", "0.8.0")),
        ((INTEL, "10.14", "3.7"), "1.9", ("1.9.1", "0.10.1", "0.9.1")),
        ((INTEL, "12", "3.9"), "1.10.1", ("1.10.1", "0.11.2", "0.10.1")),
        ((ARM, "11", "3.8"), "1.9.0", ("1.9.0", "0.10.0", "0.9.0")),
        ((ARM, "14", "3.10"), "1.11.0", ("1.11.0", "0.12.0", "0.11.0")),
    ],
)
def test_a_release_from_before_mps_is_reproduced(mac, release, trio):
    """It is built for NumPy 1, and comes with the companions of its time."""
    got = answer(*mac, release=release, backend="cpu")
    assert isinstance(got, Variant), got
    assert tuple(got.packages.values()) == trio
    assert got.constraints == ("numpy<2",)


@pytest.mark.parametrize("mac", [(INTEL, "13", "3.6"), (ARM, "13", "3.6")])
def test_stable_is_none_of_them(mac):
    """Python 3.6 has no other torch, and a request that names none gets a refusal."""
    assert isinstance(answer(*mac, backend="cpu"), Refusal)
    group = find_exact_class(mac[0], mac[1], KNOWN)
    over = explain_choice(Request("3.6", backend="cpu"), group, KNOWN).passed_over
    assert over[-1].releases[-1] == "1.8.0"
    assert over[-1].obstacles == ("is installed only if it is asked for",)


@pytest.mark.parametrize(
    ("mac", "release", "why"),
    [
        ((ARM, "11", "3.9"), "1.10.0", "its torchvision 0.11.1 has no wheel for Apple silicon"),
        ((ARM, "11", "3.8"), "1.8.0", "it has no wheel for Apple silicon Macs."),
        ((INTEL, "11", "3.6"), "1.11.0", "it has no wheel for python 3.6, only for 3.7 to 3.10."),
    ],
)
def test_what_an_old_release_lacks_is_named(mac, release, why):
    """Apple silicon has fewer of these wheels."""
    assert why in answer(*mac, release=release).reason


@pytest.mark.parametrize("release", ["1.10.2", "1.11"])
def test_a_release_without_mps_computes_on_the_processor(release):
    """With `backend: auto`, Torchard says so and takes the release; `mps` is refused."""
    got = answer(ARM, "14", "3.9", release=release)
    assert isinstance(got, Variant), got
    assert not got.mps_expected
    wanted = f"PyTorch {release} has no MPS, so torch computes on the processor alone."
    assert wanted in got.notes
    assert "it has no MPS." in answer(ARM, "14", "3.9", release=release, backend="mps").reason


@pytest.mark.parametrize(
    ("mac", "release", "trio"),
    [
        ((ARM, "13", "3.11"), "2.0.0", ("2.0.0", "0.15.0", "2.0.0")),
        ((INTEL, "12", "3.7"), "1.12.0", ("1.12.0", "0.13.0", "0.12.0")),
        ((ARM, "14", "3.12"), "2.4", ("2.4.1", "0.19.1", "2.4.1")),
        ((INTEL, "14", "3.11"), "2.1", ("2.1.2", "0.16.2", "2.1.2")),
    ],
)
def test_the_frozen_channel_has_every_release_from_1_12(mac, release, trio):
    """The companions are those of PyTorch's own conda commands, which differ for 2.0.0."""
    got = answer(*mac, release=release, source="pytorch-channel")
    assert isinstance(got, Variant), got
    assert tuple(got.packages.values()) == trio
    assert any("infers its pythons" in note for note in got.notes)


@pytest.mark.parametrize(
    ("mac", "release"),
    [((INTEL, "14", "3.11"), "2.3.0"), ((ARM, "14", "3.7"), "1.13.1"), ((ARM, "14", "3.8"), "2.5")],
)
def test_the_frozen_channel_has_no_more_than_that(mac, release):
    """Intel ends at 2.2.2, and pythons are those of the wheels."""
    assert isinstance(answer(*mac, release=release, source="pytorch-channel"), Refusal)
