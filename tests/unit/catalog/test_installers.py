"""The conda installer that a Mac gets."""

from __future__ import annotations

import pytest

from torchard.catalog.catalog import load_catalog
from torchard.catalog.installers import Installer, choose_installer
from torchard.catalog.variant import Refusal
from torchard.lab.model import InstallerSource, Miniconda

ARM, INTEL = "arm64", "x86_64"
NEWEST_ARM = "c73b91d59c872f472d7a21dadaf0cc70dcff1fadf5bd98200bd15341be2bcbd0"
LAST_INTEL = "9c88674b1a839eeb4cff006df397a05ea7d896472318fd84b7070278f9653dc6"


def choice(arch, macos, **miniconda):
    """Choose from the catalogue that Torchard carries."""
    return choose_installer(arch, macos, Miniconda(**miniconda), load_catalog())


@pytest.mark.parametrize(
    ("arch", "macos", "file", "sha256"),
    [
        (ARM, "15.1", "Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh", NEWEST_ARM),
        (ARM, "12.1", "Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh", NEWEST_ARM),
        (INTEL, "12.7", "Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh", LAST_INTEL),
        (INTEL, "10.13", "Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh", LAST_INTEL),
    ],
)
def test_newest_installer_of_an_arch(arch, macos, file, sha256):
    """Without a version, Apple silicon gets 26.5.3-1 and Intel 25.7.0-2, both with python 3.13."""
    got = choice(arch, macos)
    assert (got.file, got.sha256) == (file, sha256)
    assert got.url == f"https://repo.anaconda.com/miniconda/{file}"
    assert got.distribution == "miniconda"


@pytest.mark.parametrize(
    ("arch", "macos", "version"),
    [
        (ARM, "15.1", "26.3.2-3"),
        (ARM, "11", "26.3.2-3"),
        (INTEL, "12.7", "26.3.2-3"),
        (INTEL, "10.15.7", "26.1.1-3"),
        (INTEL, "10.13", "26.1.1-3"),
    ],
)
def test_miniforge_exists_for_both_archs(arch, macos, version):
    """Miniforge has new installers for Intel too, and an older one for the oldest macOS."""
    got = choice(arch, macos, distribution="miniforge")
    file = f"Miniforge3-{version}-MacOSX-{arch}.sh"
    assert (got.version, got.file, got.distribution) == (version, file, "miniforge")
    assert got.url.endswith(f"/conda-forge/miniforge/releases/download/{version}/{file}")


def test_only_minicondas_installer_has_terms():
    """An unattended Miniconda accepts Anaconda's terms; Miniforge has none."""
    assert choice(ARM, "15").licence.startswith("Anaconda's Terms of Service")
    assert choice(ARM, "15", distribution="miniforge").licence == ""


@pytest.mark.parametrize("macos", ["11", "11.7.10", "12.0.1"])
def test_older_apple_silicon_gets_what_was_documented_for_it(macos):
    """Before macOS 12.1, Apple silicon gets the newest that Anaconda documented for it."""
    got = choice(ARM, macos)
    assert (got.version, got.file) == ("23.5.2-0", "Miniconda3-py311_23.5.2-0-MacOSX-arm64.sh")
    assert got.notes == (
        "Miniconda 23.5.2-0 is the newest that Anaconda documented for a macOS older than 12.1.",
    )


def test_notes_mention_an_unknown_minimum_and_an_older_installer():
    """A note says that an installer has no documented minimum macOS, or is not the newest."""
    assert choice(ARM, "15").notes == ()
    assert choice(INTEL, "12").notes == (
        "Miniconda 25.7.0-2 is the last for Intel Macs.",
        "Miniconda 25.7.0-2 has no documented minimum macOS. It may not run on this Mac.",
    )


@pytest.mark.parametrize(
    ("arch", "version", "file"),
    [
        (ARM, "25.7.0-2", "Miniconda3-py313_25.7.0-2-MacOSX-arm64.sh"),
        (INTEL, "25.7.0-2", "Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh"),
        (INTEL, "py312_25.7.0-2", "Miniconda3-py312_25.7.0-2-MacOSX-x86_64.sh"),
        (ARM, "24.7.1-0", "Miniconda3-py312_24.7.1-0-MacOSX-arm64.sh"),
        (ARM, "py313_26.5.3-1", "Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh"),
    ],
)
def test_pinned_installer(arch, version, file):
    """A pinned version has the python that it names, or the newest one."""
    assert choice(arch, "15", version=version).file == file


@pytest.mark.parametrize(
    ("arch", "macos", "miniconda", "reason", "instead"),
    [
        (
            INTEL,
            "12",
            {"version": "26.5.3-1"},
            "The catalogue has no Miniconda 26.5.3-1 for Intel Macs.",
            "write one of 25.7.0-2, ",
        ),
        (ARM, "15", {"version": "latest"}, "no Miniconda latest for Apple silicon", "sha256: …"),
        (
            ARM,
            "12.0.1",
            {"version": "26.5.3-1"},
            "Miniconda 26.5.3-1 needs macOS 12.1, and this Mac has 12.0.1.",
            "Leave `version` out",
        ),
        (
            INTEL,
            "10.15",
            {"distribution": "miniforge", "version": "26.3.2-3"},
            "Miniforge 26.3.2-3 needs macOS 11, and this Mac has 10.15.",
            "Leave `version` out",
        ),
        (
            ARM,
            "15",
            {"distribution": "miniforge", "version": "26.5.3-1"},
            "The catalogue has no Miniforge 26.5.3-1 for Apple silicon Macs.",
            "write one of 26.3.2-3, ",
        ),
        (ARM, "10.15", {}, "Apple silicon Macs need macOS 11", "macOS 11 or newer."),
        ("ppc", "10.5", {}, "this one's is ppc", "`arch: arm64`"),
        (
            ARM,
            "15",
            {"installer": InstallerSource("https://lab.example/Miniconda3.pkg", "0" * 64)},
            "its name does not end in .sh.",
            "Name an installer whose file ends in .sh",
        ),
    ],
)
def test_refused_installer(arch, macos, miniconda, reason, instead):
    """An installer that is unknown, not for this Mac or not a shell script is refused."""
    refused = choice(arch, macos, **miniconda)
    assert isinstance(refused, Refusal)
    assert reason in refused.reason
    assert instead in refused.instead


def test_own_installer_needs_no_row():
    """The lab's own installer is used on any Mac, with the file name of its URL."""
    source = InstallerSource("http://127.0.0.1:8080/depot/Lab-1.0.sh?key=1#x", "AB" * 32)
    assert choice("", "", installer=source, version="latest") == Installer(
        distribution="miniconda",
        version="",
        file="Lab-1.0.sh",
        url="http://127.0.0.1:8080/depot/Lab-1.0.sh?key=1#x",
        sha256="ab" * 32,
        own=True,
        disk=400_000_000,
    )
