"""The depot fetches the wheels of a real Mac once, and knows them again."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from torchard.depot.depot import Depot
from torchard.lab.load import load_lab
from torchard.lab.model import Mirrors
from torchard.lock.lockfile import LockError
from torchard.workspace.workspace import Workspace, open_workspace

pytestmark = pytest.mark.live

MAC, MAC_CLASS = "studio-15", "osx-arm64-macos15"
# Nothing listens on port 9 of this machine (discard).
NOWHERE = Mirrors(wheels="http://127.0.0.1:9/simple")


@pytest.fixture(scope="module")
def fetched(lab, artefacts):
    """Every wheel of a lock with its file in the depot."""
    workspace = open_workspace(lab.file, locked=True)
    lock = lab.locks()[MAC_CLASS]
    mac = workspace.find_mac(MAC)
    return {wheel: workspace.artefacts.fetch(wheel, lock, mac) for wheel in lock.wheels}


def without_an_index(lab, root):
    """Fetch into a depot as a new process would, on a machine whose index is out of reach."""
    workspace = Workspace(load_lab(lab.file), locked=True, depot=Depot(root))
    mac = replace(workspace.find_mac(MAC), mirrors=NOWHERE)
    return lambda wheel: workspace.artefacts.fetch(wheel, lab.locks()[MAC_CLASS], mac)


def test_what_is_fetched_is_what_the_lock_says(fetched):
    wrong = {
        wheel.file
        for wheel, path in fetched.items()
        if (path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        != (wheel.file, wheel.size, wheel.sha256)
    }
    assert wrong == set()


def test_a_real_torch_wheel_was_among_them(fetched):
    """What stands in for it in other tests is a few kilobytes."""
    torch = next(wheel for wheel in fetched if wheel.name == "torch")
    assert fetched[torch].stat().st_size > 100_000_000


def test_what_was_fetched_needs_no_index_again(lab, fetched, artefacts):
    fetch = without_an_index(lab, artefacts)
    assert {wheel: fetch(wheel) for wheel in fetched} == fetched


def test_what_was_not_fetched_needs_the_index(lab, fetched, tmp_path):
    """The index is truly out of reach; else the test before this one would test nothing."""
    with pytest.raises(LockError, match="The wheel index cannot say"):
        without_an_index(lab, tmp_path)(next(iter(fetched)))
