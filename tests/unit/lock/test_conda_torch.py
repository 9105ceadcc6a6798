"""Wheels beside a PyTorch from conda: they are compared with the libraries in its packages."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

import pytest
from example_lock import LOCK
from mach_o_writer import SYSTEM, Library, write
from wheelhouse import wheel

from simlab.package import File, Package, write_bz2, write_conda
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.depot.depot import Depot
from torchard.lab.model import Mirrors
from torchard.lock import fitting
from torchard.lock.codec import format_lock, parse_lock, read_conda_package
from torchard.lock.lockfile import LockError, LockFileError
from torchard.lock.question import Question
from torchard.lock.wheels import resolve_wheels

ARM = MacClass("osx-arm64", "14.0")
CPU, PYTHON = "@rpath/libtorch_cpu.dylib", "@rpath/libtorch_python.dylib"
TAG = "cp312-cp312-macosx_11_0_arm64"
FORGE = Variant("conda-forge", {"pytorch": "2.8.0"}, "3.12", mps_expected=True, reason="it fits")
SITE = "lib/python3.12/site-packages/torch/lib"


def codec(version, *binds):
    """Return a wheel that imports from libtorch_cpu (2), libtorch_python (3) or any one (-2)."""
    loads = ((0xC, SYSTEM), (0xC, CPU), (0xC, PYTHON))
    content = write(Library(loads=loads, binds=tuple((*one, False) for one in binds)))
    return wheel(f"codec-{version}-{TAG}.whl", files={"codec/_C.so": content})


@pytest.fixture
def channel(tmp_path):
    """Return a function that writes a conda package into a channel and returns it as locked."""

    def package(name, files, kind=write_conda):
        folder = tmp_path / "conda" / "osx-arm64"
        folder.mkdir(parents=True, exist_ok=True)
        packed = {path: one if isinstance(one, File) else File(one) for path, one in files.items()}
        path = kind(Package(name, "2.8.0", "cpu_0", 0, "osx-arm64", files=packed), folder)
        content = path.read_bytes()
        return read_conda_package(
            {
                "name": name, "version": "2.8.0", "build": "cpu_0", "channel": "conda-forge",
                "subdir": "osx-arm64", "file": path.name, "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(), "provides": {},
            }
        )  # fmt: skip

    return package


@pytest.fixture
def forge(channel):
    """PyTorch as conda-forge has it: two packages, and links from one to the other."""
    cpu = write(Library(name=CPU, exports={"_at_add": None, "__ZN2at3addEv": None}))
    python = write(Library(name=PYTHON, exports={"_thp_wrap": None}))
    links = {f"{SITE}/libtorch_cpu.dylib": File(link="../../../../libtorch_cpu.dylib")}
    libtorch = channel("libtorch", {"lib/libtorch_cpu.dylib": cpu, "lib/libother.dylib": b"no"})
    pytorch = channel("pytorch", {f"{SITE}/libtorch_python.dylib": python, **links}, write_bz2)
    return libtorch, pytorch


@pytest.fixture
def lock(asks, shelf, tmp_path):
    """Return a function that locks wheels beside conda packages: `lock(conda, *wheels)`."""

    def lock(conda, *wheels):
        forge = {"conda-forge": (tmp_path / "conda").as_uri()}
        mirrors = Mirrors(conda=forge, wheels=shelf(*wheels))
        question = Question(asks(pip=["codec"]), ARM, FORGE, ("conda-forge",), mirrors)
        ask = partial(resolve_wheels, python="3.12.13", provided={})
        depot = Depot(tmp_path / "depot", pause=lambda _seconds: None)
        return fitting.resolve_fitting_wheels(question, ask, depot, lock.said.append, conda)

    lock.said = []
    lock.depot = tmp_path / "depot"
    return lock


def test_a_wheel_is_compared_with_the_libraries_of_condas_torch(lock, forge):
    """The newest whose symbols are there is locked, and its check names the conda package."""
    old = codec("1.0", ("_at_add", 2), ("_thp_wrap", 3), ("__ZN2at3addEv", -2))
    found = lock(forge, codec("2.0", ("_at_new", 2)), codec("1.5", ("__ZN2at3newEv", -2)), old)
    (check,) = found.libraries
    assert [one.version for one in found.wheels] == ["1.0"]
    assert (check.torch, check.symbols) == (forge[0].sha256, 3)
    assert check.note == (
        "is not the newest: 2.0 needs a symbol that torch 2.8.0 does not have, such as at_new"
    )
    assert lock.said.count("reading the libraries of conda's PyTorch") == 1


def test_a_wheel_that_finds_no_symbols_is_an_error(lock, forge):
    """Before a Mac sees it, as with a torch that comes as a wheel."""
    with pytest.raises(LockError, match=r"codec 2\.0 needs a symbol that torch 2\.8\.0 does not"):
        lock(forge, codec("2.0", ("_at_new", 2)))


def test_condas_torch_is_not_fetched_for_wheels_that_need_none_of_it(lock, forge):
    """It has 60 MB, and most wheels import nothing from it."""
    assert lock(forge, codec("1.0", ("_free", 1))).libraries[0].torch is None
    assert not any(lock.depot.rglob("*torch-2.8.0*"))


@pytest.mark.parametrize(
    "files",
    [{"lib/libtorch.so": b""}, {"lib/libtorch_cpu.dylib": b"\xcf\xfa\xed\xfe" + b"\xff" * 40}],
)
def test_a_torch_that_cannot_be_read_is_a_note(lock, channel, files):
    """The lock says what was not compared."""
    (check,) = lock([channel("pytorch", files)], codec("1.0", ("_at_add", 2))).libraries
    assert check.torch is None
    assert check.note == (
        "may not load: its imports from PyTorch were not compared, because no library of this"
        " PyTorch could be read"
    )


def test_a_lock_file_keeps_which_conda_package_was_compared(lock, forge):
    """Another package's sha256 is an edit."""
    found = lock(forge, codec("1.0", ("_at_add", 2)))
    lock_file = replace(
        LOCK, conda=(*LOCK.conda, *forge), wheels=found.wheels, libraries=found.libraries,
        mac_class=ARM,
    )  # fmt: skip
    assert parse_lock(format_lock(lock_file).encode(), "x.json") == lock_file
    other = replace(lock_file, conda=LOCK.conda)
    with pytest.raises(LockFileError, match="codec was compared with another torch"):
        parse_lock(format_lock(other).encode(), "x.json")
