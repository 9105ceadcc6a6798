"""The depot on the controller stays within the lab's bound; its lock files say what stays."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest

from torchard.catalog.catalog import load_catalog
from torchard.depot.bundle import Bundle
from torchard.depot.depot import Depot
from torchard.lab.model import Keep, Lab, MacHost
from torchard.lock import wheels as lock_wheels
from torchard.lock.lockfile import LockError, Wheel
from torchard.workspace import artefacts
from torchard.workspace.artefacts import DOWNLOADS, Artefacts, read_locked_digests

LOCKED, LOOSE = "1" * 64, "2" * 64
MAC = MacHost("studio-01")
SECONDS = 60  # after which a test that waits for nothing fails


def wheel(number):
    """Return a wheel whose number is that of its turn."""
    return Wheel("six", "1", f"six-{number}.whl", f"{number:08x}{'0' * 56}", 10)


class Asked:
    """A depot that has one file, and asks for the addresses of the others. It fetches nothing."""

    def has_file(self, sha256):
        return sha256 == LOCKED

    def report(self, *_):
        """Drop it."""

    def fetch(self, file, sha256, _size, address, _report):
        return file if self.has_file(sha256) else address()


@pytest.fixture
def slow(monkeypatch):
    """A store, and an index that answers for the lock `slow` only once it may."""
    asked, begun, may_answer = [], threading.Event(), threading.Event()

    def find(lock, *_):
        asked.append(lock.digest)
        begun.set()
        if lock.digest == "slow":
            assert may_answer.wait(SECONDS)
            raise LockError("the index has no answer", "Wait.")
        wheels = [wheel(number) for number in range(2 * DOWNLOADS)]
        return {(one.file, one.sha256): f"https://{lock.digest}/{one.file}" for one in wheels}

    monkeypatch.setattr(lock_wheels, "find_addresses", find)
    with ThreadPoolExecutor(3 * DOWNLOADS) as pool:
        store = Artefacts(load_catalog(), Asked())
        yield SimpleNamespace(
            store=store, asked=asked, begun=begun, may_answer=may_answer, pool=pool
        )
        may_answer.set()


def test_only_the_wheels_of_a_lock_wait_for_its_index(slow):
    """Neither a file that is there does, nor a package or a wheel of another lock."""
    wheels = [wheel(number) for number in range(2 * DOWNLOADS)]
    locks = {name: SimpleNamespace(digest=name) for name in ("slow", "quick")}
    waiting = [slow.pool.submit(slow.store.fetch, one, locks["slow"], MAC) for one in wheels]
    assert slow.begun.wait(SECONDS)
    own = replace(wheels[0], sha256=LOCKED)
    assert slow.pool.submit(slow.store.fetch, own, locks["slow"], MAC).result(SECONDS) == own.file
    quick = [slow.pool.submit(slow.store.fetch, one, locks["quick"], MAC) for one in wheels]
    assert [one.result(SECONDS) for one in quick] == [f"https://quick/{one.file}" for one in wheels]
    assert not any(one.done() for one in waiting)
    slow.may_answer.set()
    assert {str(one.exception(SECONDS)) for one in waiting} == {"the index has no answer\n  Wait."}
    assert slow.asked == ["slow", "quick"]  # each once


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


def test_nothing_in_a_bundle_is_removed(tmp_path, lab, monkeypatch):
    """Whatever it has beside its own files, such as a link to a store of another program."""
    monkeypatch.setattr(artefacts, "GIGABYTE", 1)
    index = {"format": 1, "lab": "lab", "locks": [], "artefacts": []}
    (tmp_path / "depot/index").mkdir()
    (tmp_path / "depot/index/lab.json").write_text(json.dumps(index), encoding="utf-8")
    bundle = Bundle(tmp_path / "depot", lab.path)
    Artefacts(load_catalog(), bundle).bound_depot(lab)
    assert Depot(tmp_path / "depot").has_file(LOOSE)


def test_every_lock_file_beside_the_lab_counts(tmp_path, lab):
    """Also one that is not valid; a lab without locks names nothing."""
    (tmp_path / "locks/broken.json").write_text(f"[{LOOSE} ", encoding="utf-8")
    assert read_locked_digests(tmp_path / "locks") == {LOCKED, LOOSE}
    assert read_locked_digests(tmp_path / "none") == set()
