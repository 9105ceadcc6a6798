"""The wheels of a lock are found again on their index, by their sha256."""

from __future__ import annotations

from dataclasses import replace

import pytest
from solving import ARM, make_wheel_solver
from wheelhouse import pure, wheel

from torchard.catalog.variant import Variant
from torchard.lab.model import Mirrors
from torchard.lock import wheels
from torchard.lock.codec import read_conda_package
from torchard.lock.compare import find_other_packages
from torchard.lock.lockfile import Lock, LockError, Wheel

NIGHTLY = Variant(
    "wheels", {"torch": None, "torchvision": None}, "3.12", mps_expected=True, reason="the newest"
)


@pytest.fixture
def solve(asks):
    """Return a function that resolves wheels: `solve(url, pip=["a"])`."""
    return make_wheel_solver(asks)


def lock(*found, variant=None):
    """Return a lock of some wheels."""
    python = {
        "name": "python", "version": "3.12.13", "build": "h1_0_cpython", "channel": "conda-forge",
        "subdir": "osx-arm64", "file": "python-3.12.13-h1_0_cpython.conda", "sha256": "a" * 64,
        "size": 10, "provides": {},
    }  # fmt: skip
    return Lock(
        "torch", ARM, "c" * 64, "3.12", variant, (), (), ("conda-forge",),
        (read_conda_package(python),), tuple(found),
    )  # fmt: skip


def test_a_note_changes_neither_a_build_nor_an_audit():
    """A release may be yanked after it was locked."""
    values = {"name": "a", "version": "1.0", "file": "a-1.0-py3-none-any.whl", "sha256": "0" * 64}
    row = wheels.read_wheel({**values, "size": 1})
    noted = replace(row, note="is yanked from the index: it is broken")
    assert list(find_other_packages(lock(row), lock(noted))) == []
    assert lock(row).digest == lock(noted).digest


def test_wheels_are_found_again_by_their_sha256(solve, shelf):
    """Newer wheels do not matter, and a wheel that is gone has no address.

    Dependencies do not count: they may be conda's, and in no index.
    """
    a, b = pure("a", "1.0", "b", "numpy"), pure("b", "1.0")
    url = shelf(a, b)
    locked = lock(*solve(url, ["a"], provided={"numpy": "1.26.0"}))
    shelf(
        *(a, pure("a", "2.0"), wheel("a-1.0-1-py3-none-any.whl", "b", "numpy")),
        {**b, "hashes": {"sha256": "0" * 64}},
    )
    found = wheels.find_addresses(locked, Mirrors(wheels=url), "")
    by_name = {one.name: (one.file, one.sha256) for one in locked.wheels}
    assert found[by_name["a"]] == url.replace("/simple", "/wheels/a-1.0-py3-none-any.whl")
    assert by_name["b"] not in found


def test_a_wheel_needs_its_own_sha256_within_its_release(solve, shelf):
    """A row with the sha256 of another file of the same release has no address."""
    other = {**wheel("a-1.0-cp39-cp39-macosx_11_0_arm64.whl"), "hashes": {"sha256": "1" * 64}}
    url = shelf(pure("a", "1.0"), other)
    (row,) = solve(url, ["a"])
    forged = Wheel(**{**vars(row), "sha256": "1" * 64})
    found = wheels.find_addresses(lock(forged), Mirrors(wheels=url), "")
    assert (forged.file, forged.sha256) not in found
    assert (row.file, row.sha256) in found


def test_nightly_wheels_are_found_again_in_their_index(solve, shelf):
    """The index of this computer does not need to have a nightly build."""
    own = shelf(pure("sympy", "1.12"))
    nightly = shelf(
        wheel("torch-2.16.0.dev1-cp312-cp312-macosx_14_0_arm64.whl", "sympy"), folder="nightly"
    )
    alone = Variant(**{**vars(NIGHTLY), "packages": {"torch": None}})
    locked = lock(*solve(own, variant=alone, nightly=nightly), variant=alone)
    found = wheels.find_addresses(locked, Mirrors(wheels=own), nightly)
    assert sorted(url.rpartition("/")[2] for url in found.values()) == [
        "sympy-1.12-py3-none-any.whl",
        "torch-2.16.0.dev1-cp312-cp312-macosx_14_0_arm64.whl",
    ]


def test_an_index_that_has_lost_a_release_is_an_error(solve, shelf):
    """The message has the environment of the lock, and says how to lock again."""
    locked = lock(*solve(shelf(pure("a", "1.0")), ["a"]))
    url = shelf(pure("a", "2.0"), folder="later")
    with pytest.raises(LockError) as caught:
        wheels.find_addresses(locked, Mirrors(wheels=url), "")
    assert caught.value.message.startswith("The wheel index cannot say where the wheels of torch")
    assert "torchard lock --upgrade" in caught.value.instead
