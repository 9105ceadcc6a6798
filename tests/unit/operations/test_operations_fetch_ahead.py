"""Artefacts are fetched several at once, and taken in their order."""

import subprocess
import sys
from pathlib import Path

import gevent
import pytest

from torchard.lab.model import MacHost
from torchard.operations.fetch_ahead import FetchAhead
from torchard.workspace.artefacts import DOWNLOADS, Wanted

SECONDS = 20


class Store:
    """A store whose files come when a test says so. `at_once` is the most that were fetched."""

    def __init__(self):
        self.fetched, self.left, self.at_once = [], [], 0
        self.begun: set[str] = set()
        self.may_end = gevent.event.Event()

    def expect(self, artefacts):
        self.expected = list(artefacts)

    def abandon(self, artefacts):
        self.left = list(artefacts)

    def fetch(self, artefact, *_):
        self.begun.add(artefact)
        self.at_once = max(self.at_once, len(self.begun))
        self.may_end.wait()
        self.begun.discard(artefact)
        if artefact == "bad":
            raise ValueError(artefact)
        self.fetched.append(artefact)
        return Path(artefact)


def begin(store, names):
    """Begin to fetch."""
    return FetchAhead(store, [Wanted(name, None, MacHost("a")) for name in names])


@pytest.fixture
def store():
    """A store; no test waits without an end."""
    with gevent.Timeout(SECONDS, AssertionError):
        yield Store()


def test_several_are_fetched_at_once_and_taken_in_their_order(store):
    """As many as are allowed, and all of them count from the start."""
    names = [str(number) for number in range(3 * DOWNLOADS)]
    ahead = begin(store, names)
    assert store.expected == names
    gevent.sleep(0)
    store.may_end.set()
    taken = []
    while ahead.next is not None:
        assert ahead.next == names[len(taken)]
        taken.append(str(ahead.take()))
    assert taken == names
    assert store.at_once == DOWNLOADS
    ahead.stop()
    assert store.left == []


def test_those_before_a_failure_can_be_taken(store):
    """The failure is that of the one that cannot be had, and no further one is begun."""
    names = ["a", "bad", *(str(number) for number in range(2 * DOWNLOADS))]
    ahead = begin(store, names)
    store.may_end.set()
    assert ahead.take() == Path("a")
    with pytest.raises(ValueError, match="bad"):
        ahead.take()
    ahead.stop()
    assert len(store.fetched) < DOWNLOADS
    assert set(store.left) == set(names) - set(store.fetched)


def test_a_stop_ends_what_is_fetched(store):
    """And nothing is waited for."""
    ahead = begin(store, ["a", "b"])
    gevent.sleep(0)
    ahead.stop()
    assert store.left == ["a", "b"]
    assert store.fetched == []


def test_whatever_ends_a_fetch_ends_the_wait_for_it(store):
    """A timeout of gevent is not an Exception, and the push would wait without an end."""

    def fetch(*_):
        raise gevent.Timeout(1)

    store.fetch = fetch
    with pytest.raises(gevent.Timeout):
        begin(store, ["a"]).take()


def test_two_macs_that_want_the_same_file_take_one_turn():
    """A Mac that waits for a file which another one fetches keeps no download from beginning."""
    script = """
from gevent import monkey
monkey.patch_all()
import gevent, hashlib
from gevent.event import Event
from torchard.catalog.catalog import load_catalog
from torchard.lab.model import MacHost
from torchard.lock.lockfile import CondaPackage
from torchard.operations.fetch_ahead import FetchAhead
from torchard.workspace.artefacts import DOWNLOADS, Artefacts, Wanted

class Depot:
    begun, may_end = [], Event()
    has = set()
    def has_file(self, sha256): return sha256 in self.has
    def report(self, *_): pass
    def fetch(self, file, sha256, size, address, report):
        if sha256 not in self.has:
            address()
        if sha256 not in self.has:
            self.begun.append(file)
            self.may_end.wait()
            self.has.add(sha256)
        return file

depot = Depot()
store = Artefacts(load_catalog(), depot)
names = [f"{n}.conda" for n in range(3 * DOWNLOADS)]
packages = [
    CondaPackage(n, "1", "0", "conda-forge", "noarch", n, hashlib.sha256(n.encode()).hexdigest(), 1)
    for n in names
]
macs = [FetchAhead(store, [Wanted(one, None, MacHost(m)) for one in packages]) for m in "abc"]
with gevent.Timeout(20):
    gevent.sleep(0.1)
    assert 1 < len(depot.begun) == len(set(depot.begun)) <= DOWNLOADS, depot.begun
    macs[0].stop()  # the other ones go on
    depot.may_end.set()
    for one in macs[1:]:
        assert [one.take() for _ in packages] == names
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
