"""What a plan asks about a person's files, and what it says becomes of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from locked import CLASS, GENERATIONS, built, lock, mac, package, path_of, stamp

from torchard.lab.model import MacHost
from torchard.mac.state import InstalledDist, InstalledEnvironment, OwnFiles, OwnReport, Packages
from torchard.plan.drift import find_drift
from torchard.plan.own_files import (
    Question,
    add_reports,
    list_active_questions,
    list_questions,
    read_answer,
)
from torchard.plan.plan import plan_mac
from torchard.plan.target import Target
from torchard.plan.unneeded import KeptGeneration, list_unneeded

LOCK, BEFORE, OLDEST = (
    lock([package("python", version)]) for version in ("3.12.13", "3.12.12", "3.12.11")
)
MAC = MacHost("mac-1", environments=("torch",))
MINE = OwnReport(OwnFiles(2, 20, ("work/",)), OwnFiles(1, 3, ("bin/x",)), OwnFiles(1, 4, ("y",)))


def state_of(*locks, **changes):
    """Return a Mac with a generation of each lock; the first one is active."""
    ones = [built(one) for one in locks]
    links = {"torch": ones[0].path}
    activated = tuple(one.path for one in ones)
    return mac(*ones, links=links, last_activated=activated, **changes)


def target_of(state, **changes):
    target = Target(MAC, state, CLASS, locks={"torch": LOCK})
    return replace(target, **changes)


def test_a_mac_that_is_up_to_date_is_asked_nothing():
    """Nor is one that has nothing yet."""
    assert list_questions(target_of(state_of(LOCK))) == ()
    assert list_questions(target_of(mac())) == ()


def test_an_update_asks_of_the_active_and_of_each_removed_generation():
    """The active one stays for a rollback; the one before it is removed."""
    active, oldest = path_of(BEFORE), path_of(OLDEST)
    state = state_of(BEFORE, OLDEST)
    assert list_questions(target_of(state)) == (
        Question(active, "", ()),
        Question(oldest, "", (active,)),
    )
    state = add_reports(state, {active: MINE, oldest: MINE})
    (step,) = plan_mac(target_of(state)).steps
    assert (step.carried, step.left) == (MINE.carried, MINE.left)
    assert step.moved == (KeptGeneration(oldest.rpartition("/")[2], MINE.unsaved),)
    assert step.disk == 2 * LOCK.size + MINE.carried.bytes


def test_a_generation_that_is_ready_is_asked_what_it_has():
    """What it has already is not carried over."""
    state = mac(built(LOCK), built(BEFORE), links={"torch": path_of(BEFORE)})
    (question,) = list_questions(target_of(state))
    assert question == Question(path_of(BEFORE), path_of(LOCK), (path_of(LOCK),))
    (step,) = plan_mac(target_of(add_reports(state, {path_of(BEFORE): MINE}))).steps
    assert (step.action, step.disk) == ("activate", MINE.carried.bytes)


def test_a_damaged_active_generation_is_removed_before_a_whole_one():
    """What the next one does not get of it goes to kept/ at once."""
    state = state_of(BEFORE, OLDEST)
    state = add_reports(state, {path_of(BEFORE): MINE})
    broken = replace(state.environments[path_of(BEFORE)], damaged=True)
    state = replace(state, environments={**state.environments, broken.path: broken})
    (step,) = plan_mac(target_of(state)).steps
    assert (step.carried, step.left) == (MINE.carried, OwnFiles())
    assert step.moved == (KeptGeneration(broken.path.rpartition("/")[2], MINE.left),)


def test_after_a_rebuild_a_generation_of_another_lock_is_kept():
    """As `remove_generations.py` does: the person did not want this one."""
    path = f"{path_of(LOCK)}.2"
    state = state_of(LOCK, BEFORE)
    target = target_of(state, rebuild=frozenset(["torch"]))
    assert [one.path for one in list_questions(target)] == [path_of(LOCK)]
    active = state.environments[path_of(LOCK)]
    assert list_unneeded("torch", state, active, path, LOCK.digest) == [active]
    assert list_unneeded("torch", state, active, path) == [state.environments[path_of(BEFORE)]]


def test_a_removed_environment_is_asked_about_whole():
    """Each generation once: what the next one has goes to kept/ with that."""
    state = state_of(BEFORE, OLDEST)
    target = replace(target_of(state), mac=replace(MAC, environments=(), prune=True), locks={})
    active, oldest = path_of(BEFORE), path_of(OLDEST)
    assert list_questions(target) == (
        Question(oldest, "", (active,)),
        Question(active, "", ()),
    )
    state = add_reports(state, {active: MINE, oldest: OwnReport(error="it is closed")})
    (step,) = plan_mac(replace(target, state=state)).steps
    assert step.moved == (
        KeptGeneration(oldest.rpartition("/")[2], error="it is closed"),
        KeptGeneration(active.rpartition("/")[2], MINE.unsaved),
    )


def test_packages_of_a_person_are_named_with_the_generation_that_goes():
    """They are those that the build's own list lacks."""
    one = built(OLDEST)
    one = replace(one, made=Packages(one.conda, one.dists))
    one = replace(one, dists=(*one.dists, InstalledDist("cowpy", "1.1")))
    state = state_of(BEFORE, OLDEST)
    state = replace(state, environments={**state.environments, one.path: one})
    (step,) = plan_mac(target_of(state)).steps
    assert step.moved == (KeptGeneration(one.path.rpartition("/")[2], packages=("cowpy 1.1",)),)


def test_what_a_killed_build_left_is_asked_about():
    """Only if no link leads there and it has no stamp."""
    half = InstalledEnvironment(f"{GENERATIONS}/torch-0badbad0", whole=False)
    state = state_of(BEFORE)
    state = replace(state, environments={**state.environments, half.path: half})
    assert list_questions(target_of(state))[1] == Question(
        half.path, "", (path_of(BEFORE),), half=True
    )


def test_another_environments_files_are_not_carried_over():
    """The link may lead to a generation of another environment."""
    other = built(BEFORE, stamp={**stamp(BEFORE), "environment": "other"}, own=MINE)
    state = mac(other, links={"torch": other.path})
    (step,) = plan_mac(target_of(state)).steps
    assert (step.carried, step.left) == (OwnFiles(), MINE.left)


def test_the_status_has_all_that_a_person_made():
    """It asks of every active environment; why one could not be inspected is a remark."""
    state = state_of(LOCK)
    assert list_active_questions(state) == (Question(path_of(LOCK)),)
    found = find_drift(MAC, add_reports(state, {path_of(LOCK): MINE}))[1]
    assert found.own == OwnFiles(3, 23, ("work/", "bin/x"))
    failed = add_reports(state, {path_of(LOCK): OwnReport(error="it is closed")})
    found = find_drift(MAC, failed)[1]
    assert (found.since, found.own.count) == ("unknown", 0)
    assert found.remarks == ("a person's files in it could not be inspected: it is closed",)


PART = {"count": 1, "bytes": 2, "names": ["a"] * 20}
WHOLE = {"carried": PART, "left": PART, "unsaved": PART}


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "{}",
        '{"/a": 1}',
        "[" * 100000,
        json.dumps({"/a": {**WHOLE, "left": {**PART, "count": -1}}}),
        json.dumps({"/a": {**WHOLE, "left": {**PART, "bytes": "1"}}}),
        json.dumps({"/a": {**WHOLE, "left": {**PART, "names": 5}}}),
        json.dumps({"/a": {"carried": PART}}),
    ],
)
def test_another_answer_is_an_error(answer):
    """Whatever a Mac prints, its plan is made."""
    with pytest.raises(ValueError, match=r"."):
        read_answer(answer, [Question("/a")])


def test_an_answer_is_cut():
    """Ten names, and 500 characters of each."""
    long = {**PART, "names": ["n" * 10000] * 3}
    answer = json.dumps({"/a": {**WHOLE, "left": long}, "/b": {"error": "e" * 10000}})
    found = read_answer(answer, [Question("/a"), Question("/b")])
    assert found["/a"].carried == OwnFiles(1, 2, ("a",) * 10)
    assert found["/a"].left.names == ("n" * 500,) * 3
    assert len(found["/b"].error) == 500
