"""A removal takes off what Torchard made under one name, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import GENERATIONS, PREFIX, built, lock, mac, package, stamp
from packaging.version import Version

from torchard.lab.model import Environment, MacHost
from torchard.mac.state import (
    InstalledEnvironment,
    KernelFile,
    OwnFiles,
    OwnReport,
    RunLock,
)
from torchard.plan.kernels import render_kernel
from torchard.plan.remove import (
    REASON,
    find_removal,
    list_own_questions,
    plan_removal,
    report_removal,
)

LOCK = lock([package("python", "3.12.13")])
OLD = f"{GENERATIONS}/old-12345678"
OLDER = f"{GENERATIONS}/old-01234567"
HOST = MacHost("studio-01")
CONDA = Version("4.7")


def generation_of(name, path, **changes):
    """Return a generation with the stamp of an environment."""
    return replace(built(LOCK, path, stamp={**stamp(LOCK), "environment": name}), **changes)


def plan(state, host=HOST, name="old"):
    return plan_removal(name, host, {host.name: state}, CONDA)


def test_a_removal_is_the_link_and_every_generation():
    """The lab need not name it, and `prune` is not asked for."""
    state = mac(
        generation_of("old", OLD),
        generation_of("old", OLDER),
        generation_of("torch", f"{GENERATIONS}/torch-1"),
        links={"old": OLD, "torch": f"{GENERATIONS}/torch-1"},
    )
    found = plan(state)
    (step,) = found.steps
    assert (found.state, step.kind, step.action, step.environment, step.path, step.reason) == (
        *("change", "prune", "remove", "old", OLD, REASON),
    )
    assert found.warnings == ()
    assert {one.path for one in list_own_questions("old", state)} == {OLD, OLDER}


def test_what_a_person_made_is_named_before():
    """It goes to kept/, generation by generation."""
    mine = OwnReport(unsaved=OwnFiles(2, 30, ("work/",)))
    state = mac(generation_of("old", OLD, own=mine), links={"old": OLD})
    (step,) = plan(state).steps
    assert [(one.generation, one.files.count) for one in step.moved] == [("old-12345678", 2)]


def test_the_plan_warns_if_the_next_apply_builds_it_again():
    """The lab still gives it to this Mac."""
    state = mac(generation_of("old", OLD), links={"old": OLD})
    (warning,) = plan(state, MacHost("studio-01", environments=("old",))).warnings
    assert warning.startswith("the lab gives old to this Mac, so the next apply builds it again;")


@pytest.mark.parametrize("prefix", [PREFIX, "/elsewhere"])
def test_the_plan_warns_of_a_kernel_that_does_not_start_any_more(prefix):
    """The next apply removes it. A kernel of another prefix is not Torchard's here."""
    text = render_kernel(Environment("old", "3.12", None, kernel="Old"), prefix)
    kernels = {"old": KernelFile("/x/kernel.json", text)}
    found = plan(mac(generation_of("old", OLD), links={"old": OLD}, kernels=kernels))
    said = "Jupyter offers its kernel, which does not start, until the next `torchard apply`"
    assert found.warnings == ((said,) if prefix == PREFIX else ())


@pytest.mark.parametrize(
    ("environments", "links", "said"),
    [
        ([InstalledEnvironment(f"{PREFIX}/envs/old", whole=True)], {"old": None}, "not a link"),
        ([], {"old": "/opt/old"}, "a link to /opt/old"),
        ([generation_of("old", OLD)], {"old": "/opt/old"}, "a link to /opt/old"),
    ],
)
def test_what_a_person_made_under_the_name_blocks_the_mac(environments, links, said):
    """It is left alone, with the generations that Torchard has beside it."""
    found = plan(mac(*environments, links=links))
    assert (found.state, found.steps) == ("blocked", ())
    assert f"envs/old is {said}, so Torchard did not make it" in found.reason


def test_a_generation_that_another_link_leads_to_stays():
    """A person uses it by that link."""
    assert find_removal("old", mac(generation_of("old", OLD), links={"mine": OLD})) is None


def test_a_mac_without_it_has_nothing_to_do():
    """Also without any Miniconda, and while another run is at work."""
    other = RunLock("1-a", "ada@desk", 0, processes=(1,))
    for state in (mac(), mac(prefix_state="absent", prefix_arch=None), mac(lock=other)):
        assert (plan(state).state, list_own_questions("old", state)) == ("up_to_date", ())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lock": RunLock("1-a", "ada@desk", 0, processes=(1,))}, "ada@desk"),
        ({"prefix_state": "half"}, "there is no whole Miniconda; run `torchard apply`"),
        ({"arch": "riscv"}, "its processor is riscv"),
    ],
)
def test_a_mac_is_blocked_where_nothing_can_be_removed(changes, said):
    """The reason says what to do."""
    found = plan(mac(generation_of("old", OLD), links={"old": OLD}, **changes))
    assert found.state == "blocked"
    assert said in found.reason


def test_a_result_says_what_is_left():
    """It comes from what was read after the removal."""
    state = mac(generation_of("old", OLD), links={"old": OLD})
    planned = plan(state)
    done = report_removal("old", planned, mac(), 1.5)
    assert (done.state, [one.outcome for one in done.steps], done.seconds) == (
        *("up_to_date", ["done"], 1.5),
    )
    failed = report_removal("old", planned, state, 1.5)
    assert (failed.state, failed.reason) == (
        "failed",
        "not as planned: ~/.torchard/generations/old-12345678 is still there; run it again",
    )
