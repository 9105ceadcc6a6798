"""What a prune removes: what Torchard made and the lab does not name, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import GENERATIONS, PREFIX, built, lock, mac, package, stamp

from torchard.lab.model import MacHost
from torchard.mac.state import InstalledEnvironment, RunLock
from torchard.plan.plan import plan_mac
from torchard.plan.preconditions import Precondition
from torchard.plan.steps import StepId, environment_step, removal_steps
from torchard.plan.target import Target
from torchard.render.changes import step_lines

LOCK = lock([package("python", "3.12.13")])
OLD = f"{GENERATIONS}/old-12345678"
OLDER = f"{GENERATIONS}/old-01234567"


def generation_of(name, path):
    """Return a generation with the stamp of an environment."""
    return built(LOCK, path, stamp={**stamp(LOCK), "environment": name})


def removed(state, named=("torch",)):
    return [(step.environment, step.path) for step in removal_steps(named, state)]


def test_an_environment_that_is_not_named_is_removed():
    """The step has the target of its link, which the Mac checks."""
    state = mac(
        generation_of("old", OLD),
        generation_of("torch", f"{GENERATIONS}/torch-1"),
        links={"old": OLD},
    )
    (step,) = removal_steps(["torch"], state)
    assert (step.kind, step.action, step.environment, step.id) == (
        "prune", "remove", "old", StepId("prune", "old"),
    )  # fmt: skip
    assert (step.path, step.place) == (OLD, "~/.torchard/generations/old-12345678")
    assert removed(state, ["old", "torch"]) == []


def test_generations_that_an_interrupted_run_left_are_removed_too():
    """Their link is gone, or was in a prefix that is set aside."""
    assert removed(mac(generation_of("old", OLD), generation_of("old", OLDER))) == [("old", OLDER)]
    half = mac(generation_of("old", OLD), links={"old": OLD}, prefix_state="half")
    assert removed(half) == [("old", OLD)]


SOMEBODYS = {
    "a real environment": ([InstalledEnvironment(f"{PREFIX}/envs/old", whole=True)], {"old": None}),
    "a link elsewhere": ([], {"old": "/opt/old"}),
    "a link to a named one": (
        [generation_of("torch", f"{GENERATIONS}/torch-1")],
        {"mine": f"{GENERATIONS}/torch-1"},
    ),
    "a link to what is not named": ([generation_of("old", OLD)], {"mine": OLD}),
    "no stamp": ([built(LOCK, f"{GENERATIONS}/mine", stamp=None)], {}),
    "no stamp, and no name of ours": (
        [built(LOCK, f"{GENERATIONS}/mine", stamp=None)],
        {"old": f"{GENERATIONS}/mine"},
    ),
    "a stamp that is a path": ([generation_of("../../Documents", OLD)], {}),
    "a stamp without a name": ([generation_of(None, OLD)], {}),
    "our stamp in a real environment": (
        [generation_of("old", f"{PREFIX}/envs/old")],
        {"old": None},
    ),
}


@pytest.mark.parametrize("case", SOMEBODYS)
def test_what_torchard_did_not_make_stays(case):
    """Whatever its name is."""
    environments, links = SOMEBODYS[case]
    assert removed(mac(*environments, links=links)) == []


def test_a_dangling_link_of_torchards_is_removed():
    """Its name is one that Torchard gives. A person's link stays, wherever it leads."""
    assert removed(mac(links={"old": OLD, "mine": OLDER})) == [("old", OLD)]


def test_a_generation_that_only_another_environments_link_leads_to_is_removed():
    """That link leads to a generation of its own before Torchard removes this one."""
    assert removed(mac(generation_of("old", OLD), links={"torch": OLD})) == [("old", OLD)]
    assert removed(mac(generation_of("old", OLD), links={"torch": OLD, "mine": OLD})) == []


def test_a_mac_is_pruned_only_if_the_lab_says_so():
    """Its plan also depends on what it would remove."""
    state = mac(generation_of("old", OLD), links={"old": OLD})
    plain = plan_mac(Target(MacHost("m"), state))
    assert (plain.state, plain.steps) == ("up_to_date", ())
    pruned = plan_mac(Target(MacHost("m", prune=True), state))
    assert [step.reason for step in pruned.steps] == [
        "the lab does not name it, and says prune: true"
    ]
    assert Precondition("target", "old", OLD) in pruned.preconditions
    assert all(one.subject != "old" for one in plain.preconditions)


def test_what_a_stopped_run_left_is_removed_if_nothing_else_is_done():
    """Every other script removes it first; that of a run at work is left alone."""
    left = mac(leftovers=("pkgs", "installing"))
    (step,) = plan_mac(Target(MacHost("m"), left)).steps
    assert step.reason == "a run that was stopped left pkgs, installing"
    assert (step.id, step.place) == (StepId("prune"), "~/.torchard")
    line = next(step_lines(step)).plain
    assert line.split() == ["-", "leftovers", "~/.torchard", "finished", "or", "removed"]
    built_too = plan_mac(Target(MacHost("m"), left, locks={"torch": LOCK}))
    assert [one.kind for one in built_too.steps] == ["environment"]
    lock = RunLock("a-token", "ada", 1, (7,), is_ours=True)  # another's would block the Mac
    busy = plan_mac(Target(MacHost("m"), replace(left, lock=lock)))
    assert (busy.state, busy.steps) == ("up_to_date", ())


def test_links_that_a_stopped_replacement_will_restore_count():
    """The Miniconda is absent; what its links lead to is active once it is installed."""
    generation = generation_of("torch", f"{GENERATIONS}/torch-1")
    links = {"torch": generation.path}
    gone = mac(generation, links=links, prefix_state="absent", links_kept=True)
    assert environment_step(LOCK, gone) is None
    assert environment_step(LOCK, replace(gone, links_kept=False)) is not None
