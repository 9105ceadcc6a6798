"""Locks for Macs that nobody has to reach, with the wheels of the real index."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest
from packaging.version import Version
from wheel_tags import fits

pytestmark = pytest.mark.live


class Promise(NamedTuple):
    """What a Mac class gets. `macos` is the oldest that it holds."""

    arch: str
    macos: str
    torch: str
    torchvision: str
    torchaudio: str


PROMISES = {
    "osx-arm64-macos15": Promise("arm64", "15.0", "2.15.0", "0.29.2", "2.11.0"),
    "osx-arm64-macos14": Promise("arm64", "14.0", "2.14.1", "0.29.2", "2.11.0"),
    # OpenMP in 2.7.0 to 2.10.0 was built for macOS 14, and MPS needs 14 from 2.9.0 on.
    "osx-arm64-macos13": Promise("arm64", "13.0", "2.8.0", "0.23.0", "2.8.0"),
    # MPS needs macOS 13 from 2.5.0 on.
    "osx-arm64-macos12.3": Promise("arm64", "12.3", "2.4.1", "0.19.1", "2.4.1"),
    # The last release for Intel.
    "osx-64-macos12": Promise("x86_64", "12.0", "2.2.2", "0.17.2", "2.2.2"),
}
each_class = pytest.mark.parametrize("mac_class", PROMISES)


def test_there_is_one_lock_for_each_class_of_the_lab(lab):
    assert lab.locks().keys() == PROMISES.keys()


@each_class
def test_a_lock_holds_the_pytorch_that_fits_the_class(lab, mac_class):
    versions = {one.name: one.version for one in lab.locks()[mac_class].wheels}
    promise = PROMISES[mac_class]
    assert {name: versions[name] for name in ("torch", "torchvision", "torchaudio")} == {
        "torch": promise.torch,
        "torchvision": promise.torchvision,
        "torchaudio": promise.torchaudio,
    }


@each_class
def test_every_wheel_of_a_lock_fits_the_oldest_mac_of_its_class(lab, mac_class):
    promise = PROMISES[mac_class]
    files = [one.file for one in lab.locks()[mac_class].wheels]
    assert [one for one in files if not fits(one, promise.arch, promise.macos, "3.12")] == []


def test_torchvision_brings_a_numpy_that_torch_can_use(lab):
    """PyTorch 2.2.2 was built against NumPy 1; torchvision itself would take the newest."""
    numpys = {
        name: next(Version(one.version) for one in lock.wheels if one.name == "numpy")
        for name, lock in lab.locks().items()
    }
    assert {name for name, one in numpys.items() if one < Version("2")} == {"osx-64-macos12"}


def test_a_fresh_lock_is_in_date(lab, torchard):
    done = torchard("lock", "--check", lab.file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("kept") == len(PROMISES)


def test_the_same_lab_locked_elsewhere_gives_the_same_bytes(lab, torchard, tmp_path):
    elsewhere = tmp_path / "wheels.yaml"
    shutil.copy(lab.file, elsewhere)
    done = torchard("lock", elsewhere)
    assert done.returncode == 0, done.stderr
    assert _texts(elsewhere) == _texts(lab.file)


def test_no_lock_holds_an_address(lab):
    texts = _texts(lab.file)
    assert len(texts) == len(PROMISES)
    assert [name for name, text in texts.items() if "//" in text] == []


def _texts(lab_file):
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in (lab_file.parent / "locks" / lab_file.stem).iterdir()
    }
