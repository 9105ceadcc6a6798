"""`torchard catalog verify --from FILE`: listings of channels in their real forms."""

from __future__ import annotations

import json

import pytest
from test_osv import LOAD, NEW, answer

from simlab.package import _zstd
from torchard.catalog.catalog import load_catalog
from torchard.curate.given_files import compare_file
from torchard.curate.listing import read_file, read_listing
from torchard.errors import TorchardError

FORGE = "https://conda.anaconda.org/conda-forge"


def build(name, version, python, macos="11.0", torch=""):
    """Return the record of a build as conda-forge has it."""
    asked = [f"__osx >={macos}", f"python >={python},<4"] + ([f"pytorch {torch}"] if torch else [])
    return {
        "build": f"cpu_generic_py{python.replace('.', '')}_h0123456_0",
        "build_number": 0,
        "constrains": [],
        "depends": asked,
        "license": "BSD-3-Clause",
        "md5": "0" * 32,
        "name": name,
        "sha256": "0" * 64,
        "size": 1,
        "subdir": "osx-arm64",
        "timestamp": 1_760_000_000_000,
        "version": version,
    }


TORCH = [build("pytorch", "2.9.1", f"3.{minor}") for minor in range(10, 14)]
VISION = build("torchvision", "0.24.1", "3.12", torch="2.9.1 cpu_*")
AUDIO = build("torchaudio", "2.9.1", "3.13", torch=">=2.9.1,<2.10.0a0")
AGREED = [*TORCH, VISION, AUDIO]


def repodata(*records, subdir="osx-arm64"):
    """Return a channel's repodata.json, which does not name the channel."""
    rows = {f"{one['name']}-{one['version']}-{one['build']}.conda": one for one in records}
    return {"info": {"subdir": subdir}, "packages": {}, "packages.conda": rows, "removed": []}


def searched(*records, channel=FORGE):
    """Return what `conda search --json` prints."""
    found = {}
    for one in records:
        row = {**one, "channel": f"{channel}/{one['subdir']}", "fn": f"{one['name']}.conda"}
        found.setdefault(one["name"], []).append(row)
    return found


@pytest.fixture
def compare(tmp_path):
    """Return a function that compares a document with the catalogue."""

    def compare(document, channel=None):
        path = tmp_path / "file.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return compare_file(path, channel, load_catalog())

    return compare


@pytest.mark.parametrize(
    ("document", "channel"),
    [(repodata(*AGREED), "conda-forge"), (searched(*AGREED), None)],
    ids=["repodata.json", "conda search --json"],
)
def test_a_listing_that_agrees_confirms_its_rows(compare, document, channel):
    """What it does not have is named as not compared, and never as missing."""
    found = compare(document, channel)
    assert found.wrong == ()
    assert found.summary.endswith("file.json agrees. Rows compared of conda-forge: 1.")
    (remark,) = found.remarks
    assert " they were not compared. arm64: 2.13.0, 2.12.0, 2.11.0, 2.10.0, 2.8.0, 2.7.1," in remark
    assert remark.endswith(", 2.3.0; x86_64: all.")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            build("pytorch", "2.9.1", "3.14"),
            "the listing has builds for python 3.14, the rows have not.",
        ),
        (
            build("pytorch", "2.9.1", "3.12", macos="10.15"),
            "the listing has builds for macOS 10.15, the catalogue from 11.0 on.",
        ),
        (
            build("torchaudio", "2.9.2", "3.12", torch="2.9.1.*"),
            "the listing has torchaudio 2.9.2 for it and python 3.12, the rows have not.",
        ),
        (
            build("torchvision", "0.24.1", "3.14", torch="2.9.1.*"),
            "the listing has torchvision 0.24.1 for it and python 3.14, the rows have not.",
        ),
    ],
)
def test_a_build_that_no_row_covers_is_named(compare, record, said):
    """Each contradiction is one line, which begins with the source, the torch and the arch."""
    found = compare(repodata(*AGREED, record), "conda-forge")
    assert found.wrong == (f"conda-forge: torch 2.9.1, arm64: {said}",)
    assert found.summary.endswith("of conda-forge: 0.")


def test_a_release_without_a_row_is_named(compare):
    """Only releases that have wheels as well are compared."""
    more = [build("pytorch", "2.14.1", "3.12"), build("pytorch", "2.99.0", "3.12")]
    found = compare(repodata(*AGREED, *more), "conda-forge")
    (line,) = found.wrong
    assert line.startswith("conda-forge: torch 2.14.1, arm64: the listing has builds for python")
    assert line.endswith(" 3.12, the catalogue no row.")


def test_builds_of_the_pytorch_channel_are_read(compare):
    """They name their python with a dot, and no macOS."""
    own = {
        **build("pytorch", "2.5.1", "3.9"),
        "build": "py3.9_0",
        "depends": ["python >=3.9,<3.10"],
    }
    assert compare(searched(own, channel="https://conda.anaconda.org/pytorch")).wrong == ()
    found = compare(repodata({**own, "build": "py3.13_0"}), "pytorch")
    (line,) = found.wrong
    assert line.startswith("pytorch-channel: torch 2.5.1, arm64: the listing has builds for python")
    assert line.endswith(" 3.13, the rows have not.")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (repodata(*AGREED), "it does not name conda-forge or pytorch as its channel"),
        (repodata(build("numpy", "2.4.2", "3.12")), "it has no build of pytorch"),
        ({"numpy": []}, "it is neither repodata nor what `conda search --json` prints"),
        ({"pytorch": [{"name": 1}]}, "it is not a listing of a conda channel"),
        ([1], "it is not a listing of a conda channel"),
        ({"vulns": [{**LOAD, "affected": []}]}, "none of its records is about torch"),
    ],
)
def test_a_file_that_cannot_be_compared_is_an_error(compare, document, said):
    """Nothing is said to agree."""
    with pytest.raises(TorchardError) as caught:
        compare(document)
    assert said in caught.value.message


def test_a_packed_listing_is_unpacked(tmp_path):
    """Channels offer repodata.json.zst."""
    path = tmp_path / "repodata.json.zst"
    path.write_bytes(_zstd(json.dumps(repodata(*AGREED)).encode()))
    records = read_listing(read_file(path), {"pytorch"})
    assert [one.version for one in records] == ["2.9.1"] * 4
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TorchardError, match="cannot be read"):
        read_file(path)


def test_the_command_prints_contradictions_and_exits_with_1(torchard, tmp_path):
    """Files need no network; each file is compared, whatever the others say."""
    listing, records = tmp_path / "repodata.json", tmp_path / "osv.json"
    listing.write_text(json.dumps(repodata(*AGREED)), encoding="utf-8")
    records.write_bytes(answer(LOAD))
    words = ("catalog", "verify", "--channel", "conda-forge", "--from", listing, "--from", records)
    done = torchard(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"{listing} agrees. Rows compared of conda-forge: 1.\n"
        f"{records} agrees about torch: CVE-2025-32434.\n"
    )
    records.write_bytes(answer(LOAD, NEW))
    done = torchard(*words)
    assert done.returncode == 1
    assert done.stdout.startswith("CVE-2026-99999 = PYSEC-2026-200")
    assert len(done.stdout.splitlines()) == 1
    done = torchard("catalog", "verify", "--from", listing, "--libraries")
    assert (done.returncode, "leave out --release and --libraries" in done.stderr) == (1, True)
