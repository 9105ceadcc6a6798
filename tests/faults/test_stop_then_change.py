"""Stopped anywhere, and then given another lab, a Mac is brought up to date by one run.

Or it is blocked, by a sentence that says what to do. `tests/macs/test_scripts_recover.py` has the
distinct places in every run of the tests, and this has all of them in `make test-nightly`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from changing import Changing, Wanted, on_a_mac
from keeper import digest
from people import add_own_files
from places import Kill, instrument

from simlab.lab import SimLab
from simlab.write_lab import Served
from torchard.catalog.installers import Installer
from torchard.lab.model import Environment

OPERATIONS = ("install", "replace", "update", "rollback", "prune", "remove")
SIGNALS = (
    ("KILL", "tool"),
    ("KILL", "shell"),
    ("TERM", "all"),
    ("INT", "all"),
    ("HUP", "all"),
    ("STOP", "all"),
)
FEW = 40  # states


@pytest.fixture(scope="module")
def labs(tmp_path_factory, simlab_depot, artefacts):
    """What a lab may ask for: `first`, and every change of it."""
    with SimLab(tmp_path_factory.mktemp("index") / "lab", 1, simlab_depot.root) as lab:

        def lock(name="torch", python="3.12", **more):
            asked = Environment(name, python, None, **more)
            return on_a_mac.solve(simlab_depot, asked, lab.web_url)

        torch, python, packages = lock(), lock(python="3.11"), lock(pip=("pytz",))
    found = Served.load(simlab_depot.root).installers
    (file, sha256), (other, other_sha256) = found["arm64"], found["miniforge-arm64"]
    first = Wanted(Installer("miniconda", "26.5.3-1", file, "", sha256), {"torch": torch})
    return {
        "the same lab": first,
        "another installer": replace(
            first, installer=Installer("miniforge", "26.3.2-3", other, "", other_sha256)
        ),
        "another prefix": replace(first, prefix="~/conda"),
        "another python": replace(first, locks={"torch": python}),
        "an environment renamed": replace(first, locks={"ml": replace(torch, environment="ml")}),
        "an environment removed": replace(first, locks={}, prune=True),
        "other packages": replace(first, locks={"torch": packages}),
        "another shell": replace(first, shells=("bash",)),
        "no shell": replace(first, shells=()),
    }


@pytest.fixture(scope="module", params=OPERATIONS)
def recorded(request, tmp_path_factory, simlab_depot, labs):
    """A Mac, how it was before an operation, and every place that the operation comes to."""
    one = Changing(on_a_mac.make(tmp_path_factory.mktemp("mac")), simlab_depot)
    instrument(one.mac)
    first = labs["the same lab"]
    if request.param != "install":
        assert one.apply(first) is None
        add_own_files(one.mac.home)
    if request.param in {"rollback", "remove"}:
        assert one.apply(labs["other packages"]) is None
    operation = {
        "install": lambda: one.apply(first),
        "replace": lambda: one.apply(labs["another installer"]),
        "update": lambda: one.apply(labs["other packages"]),
        "rollback": lambda: one.roll_back(first),
        "remove": lambda: one.remove("torch"),
        "prune": lambda: one.apply(labs["an environment removed"]),
    }[request.param]
    begin = one.keeper.look()
    yield one, begin, one.record(operation)
    one.mac.end()


def list_kills(one, recorder):
    """Return each signal at each state of a short operation, or one signal at each third tool.

    A state is that of the disk, whatever is left of a generation that is being removed.
    """
    root = str(one.mac.root)
    states = [digest(home, root) for home in recorder.states]
    first = {states[place.state]: place for place in reversed(recorder.places)}
    if len(first) <= FEW:
        return [Kill(place, *signal) for place in first.values() for signal in SIGNALS]
    places = [place for place in recorder.places if place.tool != "python"]
    return [Kill(place, *SIGNALS[n % len(SIGNALS)]) for n, place in enumerate(places[::3])]


def told(one, record_property):
    record_property("places", one.stops)
    record_property("runs afterwards", one.runs)
    record_property("blocked", one.blocked)
    failures, one.failures = one.failures, []
    one.stops = one.runs = one.blocked = 0
    return failures


@pytest.mark.nightly
def test_the_power_may_fail_anywhere_before_the_lab_changes(recorded, labs, record_property):
    """Every state that an operation leaves on the disk, and one lab after the other."""
    one, begin, recorder = recorded
    changes = list(labs.items())
    states = {place.state: place for place in recorder.places}
    for number, (state, place) in enumerate(states.items()):
        change, wanted = changes[number % len(changes)]
        one.power_cut(begin, recorder.states[state], f"power cut at {place}", wanted, change)
    assert told(one, record_property) == []


@pytest.mark.nightly
def test_a_script_may_be_ended_anywhere_before_the_lab_changes(recorded, labs, record_property):
    """By each signal: to one of its tools, to the script alone, or to all of it.

    While it is stopped by a signal, no other person's run begins.
    """
    one, begin, recorder = recorded
    changes = list(labs.items())
    for number, kill in enumerate(list_kills(one, recorder)):
        change, wanted = changes[number % len(changes)]
        one.kill(begin, recorder, kill, wanted, change)
    assert told(one, record_property) == []
