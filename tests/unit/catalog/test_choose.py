"""The PyTorch that a request gets on a Mac."""

from __future__ import annotations

from dataclasses import replace

import pytest
from choosing import (
    ARM,
    FIRST_MPS,
    INTEL,
    LAST_FOR_3_9,
    LAST_FOR_11,
    LAST_INTEL,
    NEW,
    NEW_11,
    NEW_14,
    answer,
)

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose, explain_choice
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.catalog.variant import Choice, Refusal, Variant
from torchard.lab.model import Request


@pytest.mark.parametrize(
    ("mac", "backend", "trio", "mps"),
    [
        ((ARM, "26.1", "3.14"), "auto", NEW, True),
        ((ARM, "15", "3.12"), "auto", NEW, True),
        ((ARM, "15.1", "3.12"), "mps", NEW, True),
        ((ARM, "15", "3.10"), "auto", NEW_14, True),
        ((ARM, "15", "3.9"), "auto", LAST_FOR_3_9, True),
        ((ARM, "14", "3.12"), "auto", NEW_14, True),
        ((ARM, "14.6.1", "3.14"), "mps", NEW_14, True),
        ((ARM, "14", "3.12"), "cpu", NEW, False),
        ((ARM, "13", "3.12"), "auto", LAST_FOR_3_9, True),
        ((ARM, "13.7", "3.9"), "mps", LAST_FOR_3_9, True),
        ((ARM, "13", "3.13"), "auto", LAST_FOR_3_9, True),
        ((ARM, "13", "3.9"), "cpu", LAST_FOR_3_9, False),
        ((ARM, "12.3", "3.9"), "cpu", LAST_FOR_3_9, False),
        ((ARM, "12", "3.9"), "auto", LAST_FOR_3_9, False),
        ((ARM, "11", "3.9"), "auto", LAST_FOR_3_9, False),
        ((ARM, "13", "3.12"), "cpu", NEW_11, False),
        ((ARM, "13", "3.14"), "cpu", NEW_11, False),
        ((ARM, "12.3", "3.12"), "auto", FIRST_MPS, True),
        ((ARM, "12.7.6", "3.8"), "auto", FIRST_MPS, True),
        ((ARM, "12.2", "3.13"), "auto", NEW_11, False),
        ((ARM, "12.0.1", "3.12"), "auto", NEW_11, False),
        ((ARM, "11", "3.12"), "auto", NEW_11, False),
        ((ARM, "11", "3.13"), "auto", LAST_FOR_3_9, False),
        ((ARM, "11.7.10", "3.13"), "cpu", LAST_FOR_3_9, False),
        ((ARM, "11", "3.14"), "auto", LAST_FOR_11, False),
        ((ARM, "11.7", "3.14"), "cpu", LAST_FOR_11, False),
        ((INTEL, "10.13", "3.12"), "auto", LAST_INTEL, False),
        ((INTEL, "12.7", "3.8"), "auto", LAST_INTEL, False),
        ((INTEL, "26", "3.11"), "cpu", LAST_INTEL, False),
    ],
)
def test_stable_is_the_newest_release_that_fits(mac, backend, trio, mps):
    """Stable is the newest trio whose wheels, dylibs and, where wanted, MPS fit the Mac."""
    got = answer(*mac, backend=backend)
    assert isinstance(got, Variant), got
    assert got.packages == dict(zip(("torch", "torchvision", "torchaudio"), trio, strict=True))
    assert (got.mps_expected, got.source, got.python) == (mps, "wheels", mac[2])


def test_reason_names_what_fits():
    """The reason is a phrase that names the macOS, the python and, where wanted, MPS."""
    assert answer(ARM, "14.5", "3.12").reason == (
        "the newest release whose wheels and MPS fit macOS 14 and python 3.12"
    )
    assert answer(ARM, "14", "3.12", backend="cpu", release="2.13.0").reason == (
        "the release asked for; its wheels fit macOS 14 and python 3.12"
    )


@pytest.mark.parametrize(
    ("macos", "python", "given_up"),
    [
        ("14", "3.12", "torch 2.15.0 would install on macOS 14, but its MPS needs macOS 15."),
        ("13", "3.12", "torch 2.11.0 would install on macOS 13, but its MPS needs macOS 14."),
        (
            "11",
            "3.13",
            (
                "torch 2.11.0 would install on macOS 11, but its torchvision 0.26.0 needs macOS 12,"
                " and its torchaudio 2.11.0 needs macOS 12."
            ),
        ),
    ],
)
def test_notes_say_what_was_given_up(macos, python, given_up):
    """A note names a newer torch that would install but does not meet the request, and why."""
    assert given_up in answer(ARM, macos, python).notes


@pytest.mark.parametrize(("macos", "python"), [("15", "3.12"), ("15", "3.10"), ("12", "3.12")])
def test_no_note_if_the_newest_release_is_chosen(macos, python):
    """Without a newer torch that would install, there is no such note."""
    assert not any("would install" in note for note in answer(ARM, macos, python).notes)


@pytest.mark.parametrize(
    ("mac", "asked", "packages", "mps"),
    [
        ((ARM, "15", "3.12"), {}, ("2.10.0", None, "2.11.0"), True),
        ((ARM, "15", "3.12"), {"companions": ("torchvision",)}, ("2.13.0", "0.28.0"), True),
        ((ARM, "13", "3.12"), {"companions": ("torchvision",)}, ("2.8.0", None), True),
        ((ARM, "13", "3.12"), {"companions": (), "backend": "cpu"}, ("2.13.0",), False),
        ((ARM, "11", "3.12"), {"companions": ()}, ("2.12.0",), False),
        ((INTEL, "14", "3.13"), {"companions": ("torchvision",)}, ("2.13.0", "0.28.0"), False),
        ((INTEL, "11", "3.12"), {"companions": ()}, ("2.12.0",), False),
        ((INTEL, "10.15", "3.12"), {"companions": ()}, ("2.7.1",), False),
        ((INTEL, "14", "3.12"), {"release": "2.8.0"}, ("2.8.0", None, "2.8.0"), False),
        ((ARM, "14", "3.13"), {"release": "2.8.0"}, ("2.8.0", None, "2.8.0"), True),
        ((INTEL, "14", "3.12"), {"release": "2.6"}, ("2.6.0", None, "2.6.0"), False),
        ((ARM, "14", "3.9"), {"release": "2.7.1", "companions": ()}, ("2.7.1",), True),
        ((INTEL, "14", "3.12"), {"companions": (), "release": "2.6.0"}, ("2.6.0",), False),
    ],
)
def test_conda_forge_has_its_own_releases(mac, asked, packages, mps):
    """conda-forge also gives the newest that fits; its name for torch is pytorch."""
    got = answer(*mac, source="conda-forge", **asked)
    assert isinstance(got, Variant), got
    names = ("pytorch", *(asked.get("companions", ("torchvision", "torchaudio"))))
    assert got.packages == dict(zip(names, packages, strict=True))
    assert (got.mps_expected, got.source, got.is_from_wheels) == (mps, "conda-forge", False)


def test_a_note_says_which_torch_torchaudio_prevents():
    """The note names the release without torchaudio."""
    got = answer(ARM, "15", "3.12", source="conda-forge")
    assert "torch 2.13.0 would install on macOS 15, but it has no torchaudio there." in got.notes


def test_conda_forge_on_intel_has_a_note_that_it_is_untested():
    """Its builds for Apple silicon have no such note."""
    said = [
        any("does not test them" in note for note in answer(arch, "15", "3.12", **asked).notes)
        for asked in [{"source": "conda-forge"}]
        for arch in (INTEL, ARM)
    ]
    assert said == [True, False]


def test_a_note_is_for_the_builds_of_which_it_is_true():
    """conda-forge tested its Intel builds of 2.8.0 and older."""
    older = answer(INTEL, "15", "3.12", source="conda-forge", release="2.8.0")
    assert not any("does not test them" in note for note in older.notes)


@pytest.mark.parametrize(
    ("mac", "release"),
    [((INTEL, "14", "3.13"), "2.8.0"), ((ARM, "14", "3.13"), "2.6.0"), ((ARM, "14", "3.9"), "2.7")],
)
def test_conda_forge_has_torchaudio_for_fewer_pythons(mac, release):
    """Its torch and torchvision of these releases have builds for more pythons."""
    alone = answer(*mac, release=release, source="conda-forge", companions=("torchvision",))
    assert isinstance(alone, Variant)
    both = answer(*mac, release=release, source="conda-forge", companions=("torchaudio",))
    assert isinstance(both, Refusal)


@pytest.mark.parametrize(("arch", "last"), [(ARM, "2.5.1"), (INTEL, "2.2.2")])
def test_pytorch_channel_has_its_last_release(arch, last):
    """The frozen channel has one release for each arch."""
    got = answer(arch, "14", "3.12", source="pytorch-channel")
    assert (got.packages["pytorch"], got.source) == (last, "pytorch-channel")
    assert got.constraints == (("numpy<2",) if arch == INTEL else ())
    assert any("only if you need exactly this release" in note for note in got.notes)


def test_nightly_builds_have_no_versions():
    """The index has their versions when they are locked. There is no torchaudio."""
    got = answer(ARM, "15", "3.12", release="nightly")
    assert got.packages == {"torch": None, "torchvision": None}
    assert (got.source, got.mps_expected, got.is_nightly) == ("wheels", True, True)
    assert "torchaudio is left out: there are no more nightly builds of it." in got.notes
    assert any("pytorch-nightly channel" in note for note in got.notes)
    assert got.reason == "today's nightly wheels and MPS fit macOS 15 and python 3.12"
    alone = answer(ARM, "15", "3.12", release="nightly", companions=())
    assert alone.packages == {"torch": None}
    assert not any("left out" in note for note in alone.notes)
    assert not answer(ARM, "15", "3.12").is_nightly


def test_auto_without_mps_says_why():
    """Below macOS 12.3 and on Intel, auto uses the processor, and a note says why."""
    assert answer(ARM, "12.2", "3.12").notes[0] == (
        "PyTorch's MPS needs macOS 12.3 or newer, and this Mac has macOS 12,"
        " so torch computes on the processor alone."
    )
    assert answer(INTEL, "14", "3.12").notes[0] == (
        "PyTorch's MPS is not for Intel Macs, so torch computes on the processor alone."
    )
    assert not any("MPS" in note for note in answer(INTEL, "14", "3.12", backend="cpu").notes)


def test_intel_keeps_numpy_1_and_has_a_note_on_its_last_release():
    """On Intel, numpy stays below 2, and a note says that 2.2.2 is the last release."""
    got = answer(INTEL, "12", "3.12")
    assert got.constraints == ("numpy<2",)
    assert any("last release with wheels for Intel" in note for note in got.notes)
    assert answer(ARM, "15", "3.12").constraints == ()


@pytest.mark.parametrize("release", ["2.11.0", "2.12.0"])
def test_two_releases_keep_setuptools_below_82(release):
    """conda, which is solved first, must choose a setuptools that the wheels accept."""
    assert answer(ARM, "15", "3.12", release=release).constraints == ("setuptools<82",)


def test_only_the_companions_asked_for_are_installed():
    """Packages are torch and the companions asked for, in a fixed order."""
    assert list(answer(ARM, "15", "3.12").packages) == ["torch", "torchvision", "torchaudio"]
    both = answer(ARM, "15", "3.12", companions=("torchaudio", "torchvision"))
    assert list(both.packages) == ["torch", "torchvision", "torchaudio"]
    alone = answer(ARM, "15", "3.15", companions=())
    assert alone.packages == {"torch": "2.15.0"}


@pytest.mark.parametrize(
    ("arch", "macos", "python", "release", "torch"),
    [
        (ARM, "15", "3.12", "2.5.1", "2.5.1"),
        (ARM, "12.3", "3.10", "1.12.1", "1.12.1"),
        (INTEL, "12", "3.10", "2.1.0", "2.1.0"),
    ],
)
def test_exact_release(arch, macos, python, release, torch):
    """An exact release is chosen if it fits, even if there is a newer one."""
    assert answer(arch, macos, python, release=release).packages["torch"] == torch


@pytest.mark.parametrize(
    ("arch", "macos", "python", "release", "torch"),
    [
        (ARM, "15", "3.12", "2.5", "2.5.1"),
        (INTEL, "14", "3.12", "2.2", "2.2.2"),
        (ARM, "15", "3.14", "2", "2.15.0"),
        (ARM, "12.3", "3.12", "2", "2.4.1"),
        (ARM, "15", "3.12", "2.1", None),
    ],
)
def test_a_series_is_its_newest_release_that_fits(arch, macos, python, release, torch):
    """A version of fewer than three numbers admits every release that begins with them."""
    got = answer(arch, macos, python, release=release)
    assert (got.packages["torch"] if isinstance(got, Variant) else None) == torch


def test_the_reason_names_the_series():
    """People who wrote 2.5 read that they got its newest release."""
    assert answer(ARM, "15", "3.12", release="2.5").reason == (
        "the newest 2.5 release whose wheels and MPS fit macOS 15 and python 3.12"
    )


@pytest.mark.parametrize(("macos", "torchaudio"), [("14", "2.11.1"), ("13", "2.11.0")])
def test_a_torch_gets_the_newest_companions_that_fit(macos, torchaudio):
    """Where a release has several sets of companions, the first that fits the Mac is taken."""
    got = answer(ARM, macos, "3.12", release="2.11.0", backend="cpu")
    assert got.packages["torchaudio"] == torchaudio


@pytest.mark.parametrize(
    ("arch", "macos", "text"),
    [
        (ARM, "15.1", "osx-arm64-macos15"),
        (ARM, "26.1", "osx-arm64-macos26"),
        (ARM, "16.1", "osx-arm64-macos26"),
        (ARM, "27.0", "osx-arm64-macos27"),
        (ARM, "13.7.4", "osx-arm64-macos13"),
        (ARM, "12.7.6", "osx-arm64-macos12.3"),
        (ARM, "12.2.1", "osx-arm64-macos12"),
        (ARM, "11.0.1", "osx-arm64-macos11"),
        (INTEL, "10.14.6", "osx-64-macos10.14"),
        (INTEL, "10.15", "osx-64-macos10.15"),
        (INTEL, "10.16", "osx-64-macos11"),
        (INTEL, "13.6", "osx-64-macos13"),
        (INTEL, "26.1", "osx-64-macos26"),
    ],
)
def test_class_of_a_mac(arch, macos, text):
    """A class is a subdir and a major version of macOS, or a threshold of the catalogue in it."""
    assert str(find_mac_class(arch, macos, load_catalog())) == text


@pytest.mark.parametrize(
    ("arch", "macos", "reason", "instead"),
    [
        ("ppc", "10.5", "this one's is ppc", "`arch: arm64`"),
        ("", "15", "this one's is unknown", "`arch: x86_64`"),
        (ARM, "10.15", "Apple silicon Macs need macOS 11 or newer", "macOS 11 or newer."),
        (INTEL, "10.12.6", "Intel Macs need macOS 10.13 or newer", "macOS 10.13 or newer."),
        (ARM, "", "'' is not a version of macOS.", "`sw_vers -productVersion`"),
        (ARM, "Sonoma", "'Sonoma' is not a version of macOS.", "such as 15.1."),
        (ARM, "15.1rc1", "'15.1rc1' is not a version of macOS.", "such as 15.1."),
    ],
)
def test_mac_without_a_class(arch, macos, reason, instead):
    """A Mac of an unknown arch, an older macOS or no macOS is refused."""
    refused = find_mac_class(arch, macos, load_catalog())
    assert isinstance(refused, Refusal)
    assert reason in refused.reason
    assert instead in refused.instead


def test_a_release_whose_mps_is_unverified_is_only_for_the_processor():
    """A request with MPS does not get a release of unknown MPS floor, and a note says so."""
    known = load_catalog()
    wheels = known.sources["wheels"]
    newest, *others = wheels.releases
    source = replace(wheels, releases=(replace(newest, mps=None), *others))
    unverified = replace(known, sources={**known.sources, "wheels": source})
    group = find_mac_class("arm64", "26.0", unverified)
    auto = choose(Request("3.12"), group, unverified)
    assert (auto.packages["torch"], auto.mps_expected) == ("2.14.1", True)
    assert (
        "torch 2.15.0 would install on macOS 26, but which macOS its MPS needs is not verified yet."
        in auto.notes
    )
    assert choose(Request("3.12", backend="cpu"), group, unverified).packages["torch"] == "2.15.0"
    for backend in ("auto", "mps"):
        refused = choose(Request("3.12", "2.15.0", backend), group, unverified)
        assert "which macOS its MPS needs is not verified yet" in refused.reason
        assert "`backend: cpu`" in refused.instead


def test_class_below_the_oldest_macos_gets_nothing():
    """A class that no Mac has is refused like such a Mac, even if a wheel's tag allows it."""
    refused = choose(Request("3.10"), MacClass("osx-64", "10.9"), load_catalog())
    assert isinstance(refused, Refusal)
    assert "10.13 or newer" in refused.instead
    assert explain_choice(Request("3.10"), MacClass("osx-64", "10.9"), load_catalog()) == Choice(
        refused
    )
