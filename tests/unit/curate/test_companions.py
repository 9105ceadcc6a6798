"""Newer companions on a small index, and the kinds of wheels that an index can have."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.curate.companions import find_newer_companions
from torchard.curate.new_wheels import propose_releases
from torchard.curate.proposal import Proposal
from torchard.curate.refresh import find_new_rows
from torchard.curate.verify import fetch_listings
from torchard.curate.wheel_index import find_oldest_macos, list_wheels
from torchard.lab.model import Mirrors

NEWEST = load_catalog().releases[0]
VISION, AUDIO = (NEWEST.packages[name] for name in ("torchvision", "torchaudio"))
TORCH = f"torch-{NEWEST}-cp312-none-macosx_14_0_arm64.whl"
EXACT = f"torch=={NEWEST}"


def offer(served, project, files, yanked=()):
    """Let the index have these files of a project, each with its requirement on torch."""
    listed = []
    for file, need in files.items():
        served.instead[f"/small/{file}.metadata"] = (
            f"Metadata-Version: 2.1\nName: {project}\nVersion: {file.split('-')[1]}\n"
            + (f"Requires-Dist: {need}\n" if need else "")
        )
        one = {"filename": file, "url": f"/small/{file}", "hashes": {"sha256": "0" * 64}}
        one["core-metadata"] = True
        listed.append({**one, "yanked": file in yanked})
    data = {"meta": {"api-version": "1.0"}, "name": project, "files": listed}
    served.instead[f"/simple/{project}/index.json"] = json.dumps(data)


def vision(version, tags="cp312-cp312-macosx_14_0_arm64"):
    return f"torchvision-{version}-{tags}.whl"


@pytest.fixture
def find(served):
    """What is newer than the newest release's row, beside these wheels of torchvision."""
    offer(served, "torch", {TORCH: ""})
    offer(served, "torchaudio", {f"torchaudio-{AUDIO}-cp312-cp312-macosx_14_0_arm64.whl": EXACT})

    def found(files, **options):
        offer(served, "torchvision", {vision(VISION): EXACT, **files}, **options)
        listed = fetch_listings(served.index).wheels
        return list(find_newer_companions([NEWEST], listed, load_catalog()))

    return found


@pytest.mark.parametrize(
    ("version", "tags", "macos"),
    [
        ("9.0", "cp312-cp312-macosx_14_0_arm64", "14.0"),
        ("9.0", "cp310-abi3-macosx_14_0_arm64", "14.0"),
        ("9.0", "py3-none-macosx_10_9_universal2", "14.0"),
        ("9.0", "cp312-cp312-macosx_27_0_arm64", "27.0"),
        (f"{VISION}.post1", "cp312-cp312-macosx_14_0_arm64", "14.0"),
    ],
)
def test_a_newer_companion_that_fits_is_named(find, version, tags, macos):
    """Post-releases count, and universal2, abi3 and later macOS tags."""
    (said,) = find({vision(version, tags): EXACT})
    pythons = "3.12" if "cp312" in tags else "3.11, 3.12, 3.13, 3.14, 3.15"
    assert said == (
        f"torchvision {version} fits torch {NEWEST}, arm64, python {pythons}, from macOS {macos}:"
        f" the catalogue has {VISION}."
    )


def test_a_companion_that_does_not_fit_is_not_named(find):
    """Its metadata excludes this torch, or it is yanked, a pre-release or for another system."""
    yanked = vision("9.2")
    files = {
        vision("9.0"): "torch==9.9",
        vision("9.1rc1"): EXACT,
        yanked: EXACT,
        vision("9.3", "cp312-cp312-manylinux_2_28_aarch64"): EXACT,
        vision("9.4", "cp312-cp312-macosx_11_1_arm64"): EXACT,
        vision("9.5", "cp313-cp313t-macosx_14_0_arm64"): EXACT,
        vision("0.9.0"): EXACT,
    }
    assert find(files, yanked=[yanked]) == []


def test_an_older_macos_gets_the_newest_companion_for_it(find):
    """A companion for a newer macOS does not hide the one for an older macOS."""
    newer = vision("9.1", "cp312-cp312-macosx_27_0_arm64")
    said = find({vision("9.0"): EXACT, newer: EXACT})
    place = f"fits torch {NEWEST}, arm64, python 3.12, from macOS"
    assert said == [
        f"torchvision 9.0 {place} 14.0: the catalogue has {VISION}.",
        f"torchvision 9.1 {place} 27.0: the catalogue has {VISION}.",
    ]


def test_a_companion_whose_metadata_says_nothing_is_unclear(find):
    """A person must find out which torch it fits."""
    assert find({vision("9.0"): "torch", vision("9.1"): ""}) == [
        f"torchvision {version}, arm64: its metadata does not say which torch it needs."
        for version in ("9.1", "9.0")
    ]


def test_a_row_that_names_an_older_companion_is_named(find, served):
    """The index has what the row lacks."""
    assert find({}) == []
    old = replace(NEWEST, packages={**NEWEST.packages, "torchvision": "0.9.0"})
    listed = fetch_listings(served.index).wheels
    (said,) = find_newer_companions([old], listed, load_catalog())
    assert said.startswith(f"torchvision {VISION} fits torch {NEWEST}, arm64, ")
    assert said.endswith("the catalogue has 0.9.0.")


def test_a_tag_that_no_installer_accepts_is_not_for_any_mac(served):
    """From macOS 11 on, installers know tags of major versions only; before that, minor ones."""
    tags = ["macosx_11_1_arm64", "macosx_27_0_arm64", "macosx_10_13_x86_64", "macosx_26_4_x86_64"]
    offer(served, "torch", {f"torch-{n}.0-cp312-none-{tag}.whl": "" for n, tag in enumerate(tags)})
    files = list_wheels(served.index, "torch")
    found = [
        find_oldest_macos([one], arch, "3.12")
        for one, arch in zip(files, ["arm64", "arm64", "x86_64", "x86_64"], strict=True)
    ]
    assert found == [None, Version("27.0"), Version("10.13"), None]


def test_a_post_release_for_a_later_macos_is_proposed(served, find, monkeypatch, tmp_path):
    """A release for macOS 27 alone, which is newer than every macOS that Torchard names."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    new = f"{NEWEST}.post1"
    offer(served, "torch", {TORCH: "", f"torch-{new}-cp312-none-macosx_27_0_arm64.whl": ""})
    own = {vision("9.0"): f"torch=={new}"}
    offer(served, "torchvision", own)
    offer(served, "torchaudio", {"torchaudio-9.0-cp310-abi3-macosx_12_0_arm64.whl": "torch>=2.11"})
    (proposal,) = propose_releases(fetch_listings(served.index).wheels, load_catalog())
    assert isinstance(proposal, Proposal)
    assert {f"  - torch: {new}", "    torchvision: 9.0", "    torchaudio: 9.0"} <= {*proposal.lines}
    assert '        - {python: ["3.12", "3.12"], tag: "27.0", needs: unknown}' in proposal.lines
    assert '        - {python: ["3.10", null], tag: "12.0", needs: unknown}' in proposal.lines


def test_a_project_without_an_answer_hides_nothing_of_the_others(
    served, find, catalog, monkeypatch, tmp_path
):
    """It is named, the finding about the other companion is printed, and the exit code is 1."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    find({vision("9.0"): EXACT})
    served.instead["/simple/torchaudio/"] = None
    del served.instead["/simple/torchaudio/index.json"]
    found = find_new_rows(["wheels"], load_catalog(), Mirrors())
    (silent,) = found.unanswered
    assert silent.startswith(f"the wheel index: {served.index}/torchaudio/ cannot be fetched")
    (said,) = [one for one in found.remarks if " fits " in one]
    assert said.startswith("torchvision 9.0 fits")
    done = catalog("refresh", "--from", "wheels")
    assert done.returncode == 1
    assert said in done.stdout
    assert "Not every source answered, so more may be new." in done.stderr


def test_companions_are_compared_although_torch_has_no_answer(served, find, monkeypatch, tmp_path):
    """A companion that the index lost is a finding, too."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    find({})
    served.instead["/simple/torch/"] = None
    del served.instead["/simple/torch/index.json"]
    found = find_new_rows(["wheels"], load_catalog(), Mirrors())
    (silent,) = found.unanswered
    assert silent.startswith(f"the wheel index: {served.index}/torch/ cannot be fetched")
    lost = f"torchvision {VISION} (beside torch {NEWEST}), arm64, python 3.10, 3.11, 3.13, "
    assert any(one.startswith(lost) for one in found.remarks)


def test_one_lost_page_of_a_vendor_hides_nothing_of_the_others(served, monkeypatch):
    """A hash that one arch of Miniforge lacks leaves the row of the other arch."""
    known = load_catalog()
    address = f"{served.url}/releases/download/{{version}}/{{file}}"
    lanes = {name: replace(one, address=address) for name, one in known.installers.items()}
    served.instead["/releases/latest"] = "<a href='/x/releases/tag/99.9.1-0'>99.9.1-0</a>"
    file = "/releases/download/99.9.1-0/Miniforge3-99.9.1-0-MacOSX-arm64.sh.sha256"
    served.instead[file] = f"{'a' * 64}  ./it\n"
    found = find_new_rows(["installers"], replace(known, installers=lanes), Mirrors())
    assert [one.below[0] for one in found.proposals] == ["  - distribution: miniforge"]
    assert len(found.unanswered) == 2
