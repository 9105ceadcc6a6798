"""The depot on the controller stays within the lab's bound; its lock files say what stays."""

from __future__ import annotations

import json
import os

import pytest

from torchard.catalog.catalog import load_catalog
from torchard.depot.depot import Depot
from torchard.lab.model import Keep, Lab, MacHost
from torchard.workspace import artefacts
from torchard.workspace.artefacts import Artefacts, read_locked_digests

LOCKED, LOOSE = "1" * 64, "2" * 64


@pytest.fixture
def lab(tmp_path):
    """A lab with a lock file that names one of two old artefacts in the depot."""
    lock = tmp_path / "locks/lab/torch.osx-arm64-macos15.0.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"wheels": [{"sha256": LOCKED}]}), encoding="utf-8")
    for sha256 in (LOCKED, LOOSE):
        path = tmp_path / "depot/files" / sha256
        path.mkdir(parents=True)
        (path / "a.whl").write_bytes(b"x" * 600)
        os.utime(path, (0, 0))
    macs = {name: MacHost(name, keep=Keep(depot=size)) for name, size in (("a", 1), ("b", 2))}
    return Lab(tmp_path / "lab.yaml", {}, {}, macs)


@pytest.mark.parametrize(("gigabyte", "stays"), [(500, False), (600, True)])
def test_the_largest_bound_of_a_labs_macs_counts(tmp_path, lab, monkeypatch, gigabyte, stays):
    """What a lock names stays, even if the depot is then larger."""
    monkeypatch.setattr(artefacts, "GIGABYTE", gigabyte)
    depot = Depot(tmp_path / "depot")
    Artefacts(load_catalog(), depot).bound_depot(lab)
    assert depot.has_file(LOCKED)
    assert depot.has_file(LOOSE) is stays


def test_every_lock_file_beside_the_lab_counts(tmp_path, lab):
    """Also one that is not valid; a lab without locks names nothing."""
    (tmp_path / "locks/broken.json").write_text(f"[{LOOSE} ", encoding="utf-8")
    assert read_locked_digests(tmp_path / "locks") == {LOCKED, LOOSE}
    assert read_locked_digests(tmp_path / "none") == set()
