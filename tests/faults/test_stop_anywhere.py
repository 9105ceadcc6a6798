"""Stopped anywhere, what was shown is shown and whole, and one more run brings a Mac up to date.

A few places are stopped at in every run of the tests, and all of them in `make test-nightly`.
"""

from __future__ import annotations

import pytest
from benches import bench
from faultlab import started
from places import Kill

MACS = 6


@pytest.fixture(scope="module", params=["update", "base"])
def recording(request, tmp_path_factory, simlab_depot, torchard):
    """Macs that are to be changed, and all places that the change comes to."""
    directory = tmp_path_factory.mktemp(request.param)
    with bench(directory, simlab_depot.root, torchard, request.param, MACS) as one:
        one.record()
        yield one


@pytest.fixture
def recorded(recording, record_property):
    """The same for one test, which learns how many places it reached."""
    yield from told(recording, record_property)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory, simlab_depot, torchard):
    """Macs that nobody has touched, for a run over SSH."""
    directory = tmp_path_factory.mktemp("first")
    with bench(directory, simlab_depot.root, torchard, "first", MACS) as one:
        yield one


@pytest.fixture
def connected(untouched, record_property):
    """The same for one test, which learns how many places it reached."""
    yield from told(untouched, record_property)


@pytest.fixture(scope="module")
def removing(tmp_path_factory, simlab_depot, torchard):
    """Macs whose environment is to be removed, and all places that the removal comes to."""
    directory = tmp_path_factory.mktemp("remove")
    with bench(directory, simlab_depot.root, torchard, "remove", MACS) as one:
        one.record()
        yield one


@pytest.fixture
def removed(removing, record_property):
    """The same for one test, which learns how many places it reached."""
    yield from told(removing, record_property)


def told(one, record_property):
    one.forget()
    yield one
    record_property("places", len(one.cuts))
    record_property("runs afterwards", one.runs)
    record_property("blocked", one.blocked)


def tools(places):
    """Return the places at which a tool begins."""
    return [place for place in places if place.tool != "python"]


def counted(connected, fault):
    """Return how many events of a fault of simlab an apply to an untouched Mac has."""
    mac = connected.macs[0]
    connected.put_back([mac])
    mac.set(fault={fault: 10**6})
    assert connected.apply([mac])[mac.name]["state"] == "up_to_date"
    number = int((mac.root / "commands").read_text().rpartition(" ")[2])
    mac.set(fault=None)
    return number


def test_a_connection_that_drops_leaves_nothing_that_one_run_does_not_repair(connected):
    """In the middle of a file, and when the answer of each of the two scripts is on its way.

    The next run has the same lab, or one with another installer or another Python.
    """
    connected.drops([{"drop_sftp": 1}, {"drop_answer": 4}, {"drop_answer": 8}])
    assert len(connected.cuts) == connected.runs == 3
    assert connected.failures == []


@pytest.mark.nightly
def test_the_power_may_fail_anywhere(recorded):
    """At each tool of the scripts, and at each file that conda, pip and our own program change."""
    recorded.power_cuts(recorded.places)
    assert recorded.failures == []


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("signal", "whom"), [("KILL", "tool"), ("KILL", "shell"), ("TERM", "all"), ("HUP", "all")]
)
def test_a_script_may_be_killed_anywhere(recorded, signal, whom):
    """One of its tools, the script and not the tool, or all of it, at each tool that begins."""
    recorded.kills(Kill(place, signal, whom) for place in tools(recorded.places))
    assert recorded.failures == []


@pytest.mark.nightly
@pytest.mark.parametrize("fault", ["drop_after", "drop_during", "drop_answer", "drop_sftp"])
def test_a_connection_may_drop_anywhere(connected, fault):
    """Before, during and after each command, and in each file that is pushed.

    Then the Mac gets the same lab, or one that asks for something else.
    """
    connected.drops({fault: number} for number in range(counted(connected, fault)))
    assert connected.failures == []


@pytest.mark.nightly
@pytest.mark.parametrize("fault", ["drop_after", "drop_during", "drop_answer"])
def test_a_connection_may_drop_anywhere_in_a_removal(removed, fault):
    """Then the Mac gets the lab that names the environment, or one that asks for something else."""
    removed.drops({fault: number} for number in range(counted(removed, fault)))
    assert removed.failures == []


@pytest.mark.nightly
@pytest.mark.parametrize("signal", ["KILL", "TERM", "INT"])
def test_a_controller_may_be_killed_anywhere_in_a_removal(removed, signal):
    """Its Macs go on alone."""
    kills = [Kill(place, signal, "controller") for place in tools(removed.places)]
    removed.controller_kills(kills, started)
    assert removed.failures == []


@pytest.mark.nightly
@pytest.mark.parametrize("signal", ["KILL", "TERM", "INT"])
def test_a_controller_may_be_killed_anywhere(recorded, signal):
    """Its Macs go on alone, and the next run waits for them or does the rest."""
    kills = [Kill(place, signal, "controller") for place in tools(recorded.places)[::4]]
    recorded.controller_kills(kills, started)
    assert recorded.failures == []
