"""While one environment is built, the packages of the next one are fetched."""

from __future__ import annotations

import torchard.session  # isort: skip  # noqa: F401  # patches the standard library, so it comes first

from dataclasses import replace
from types import SimpleNamespace

import gevent
import pytest
from locked import lock, mac, package, wheel

from torchard.lab.model import MacHost
from torchard.operations.report import DELIVERED
from torchard.plan.target import Target, build_steps
from torchard.session.fetching import fetching_ahead

TORCH = lock([package("python", "3.12.13")], [wheel("torch", "2.2.2")])
NOTES = lock([package("python", "3.12.13"), package("pandas", "3.0")], environment="notes")
WHEEL = TORCH.wheels[0]


class Store:
    """Artefacts: it notes what is fetched."""

    def __init__(self, *in_depot):
        self.fetched, self.left = [], []
        self.depot = SimpleNamespace(has_file=in_depot.__contains__)

    def expect(self, _artefacts):
        """Show no progress."""

    def abandon(self, artefacts):
        self.left += artefacts

    def fetch(self, artefact, used, to):
        self.fetched.append((artefact.name, used.environment, to.name))


def make(store, state, *locks):
    """Return a session with one Mac, whose plan is what these locks need."""
    to = MacHost("mac", environments=tuple(one.environment for one in locks))
    target = Target(to, state, locks={one.environment: one for one in locks})
    host = SimpleNamespace(connector_data={})
    workspace = SimpleNamespace(
        artefacts=store,
        planned={"mac": build_steps(target)},
        find_target=lambda *_: target,
    )
    return SimpleNamespace(
        workspace=workspace, hosts={"mac": host}, macs={"mac": to}, states={"mac": state}
    )


@pytest.fixture
def store():
    """A depot that has one wheel."""
    return Store(WHEEL.sha256)


def test_after_the_first_delivery_the_rest_is_fetched(store):
    """Each package once, and none that the depot has."""
    session = make(store, mac(), TORCH, NOTES)
    with fetching_ahead(session, "mac"):
        gevent.sleep(0)
        assert store.fetched == []
        deliver = session.hosts["mac"].connector_data[DELIVERED]
        deliver()
        deliver()
        gevent.sleep(0.05)
    assert store.fetched == [("python", "notes", "mac"), ("pandas", "notes", "mac")]
    assert session.hosts["mac"].connector_data == {}


def test_a_failed_mac_needs_nothing_more(store):
    """What was not fetched yet is left."""
    store.fetch = lambda *_: gevent.sleep(60)
    session = make(store, mac(), TORCH, NOTES)

    def fail():
        with fetching_ahead(session, "mac"):
            session.hosts["mac"].connector_data[DELIVERED]()
            gevent.sleep(0)
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        fail()
    assert [one.name for one in store.left] == ["python", "pandas"]


def test_nothing_is_fetched_for_what_the_mac_has(store):
    """Its own depot, or a generation that is only activated."""
    depot = {one.sha256: one.size for one in NOTES.conda}
    session = make(store, replace(mac(), depot=depot), NOTES)
    with fetching_ahead(session, "mac"):
        session.hosts["mac"].connector_data[DELIVERED]()
        gevent.sleep(0.05)
    assert store.fetched == []
