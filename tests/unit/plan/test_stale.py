"""A saved plan holds where nothing that it rests on has moved; else it says what has."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from locked import INSTALLER, built, lock, mac, package, path_of, shown, stamp, wheel

from torchard.lab.model import MacHost, Ssh
from torchard.mac.state import InstalledDist, Link, ShellFile
from torchard.plan.plan import Target, plan_mac, unreachable
from torchard.plan.shell_init import block
from torchard.plan.stale import recheck, removed_from_lab

BASE = [package("python", "3.12.13")]
LOCK = lock(BASE, [wheel("torch", "2.2.2"), wheel("numpy", "1.26.4")])
OLD = lock(BASE, [wheel("torch", "2.2.1"), wheel("numpy", "1.26.4")])
NEWER = lock(BASE, [wheel("torch", "2.2.3"), wheel("numpy", "1.26.4")])
THERE = shown(OLD)
BARE = mac(prefix_state="absent")


MAC = MacHost("studio-01", address="192.0.2.11")


def planned(state, *locks, host=MAC):
    installer = INSTALLER if state.prefix_state == "absent" else None
    known = {one.environment: one for one in locks or (LOCK,)}
    return plan_mac(Target(host, state, installer=installer, locks=known))


def left(saved, now):
    """Return what moved, in words."""
    found = recheck(saved, now)
    assert found.state == "blocked"
    assert found.steps == ()
    prefix, end = "not as it was when the plan was saved: ", ". Plan again"
    assert found.reason.startswith(prefix)
    assert found.reason.endswith(end)
    return found.reason[len(prefix) : -len(end)]


@pytest.mark.parametrize("state", [THERE, BARE, shown(LOCK)], ids=["old", "bare", "in order"])
def test_what_has_not_moved_is_done_as_planned(state):
    """Nobody plans by the disk, the clock, what lies in the depot, or another's generation."""
    saved = planned(state)
    assert recheck(saved, planned(state)) == saved
    other = built(NEWER)
    environments = {**state.environments, other.path: other}
    moved = replace(state, free=10**11, clock=7, environments=environments, depot={"0" * 64: 7})
    assert recheck(saved, planned(moved)).state == saved.state
    assert recheck(saved, planned(moved)).steps == saved.steps


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (replace(THERE, macos="15.2"), "its macOS was 15.1, and is 15.2 now"),
        (
            replace(THERE, arch="x86_64", prefix_arch="x86_64"),
            "its processor was arm64, and is x86_64",
        ),
        (replace(THERE, user="bob"), "its account was ann in /Users/ann, and is bob in /Users/ann"),
        (
            replace(THERE, conda_version="26.1.0"),
            "own, and is 26.1.0 at ~/miniconda3, not Torchard's own now",
        ),
        (replace(THERE, prefix_state="absent"), "its Miniconda was of an unknown version at"),
        (replace(THERE, links={}), ", and is not there now"),
    ],
)
def test_a_mac_that_moved_is_refused_with_what_was_and_is(now, says):
    """Whoever reads it needs no other tool to see why."""
    assert says in left(planned(THERE), planned(now))


def test_packages_that_somebody_touched_since_are_named():
    """Old -> new for each, the first few of them."""
    (before,) = THERE.environments.values()
    dists = (
        *(one for one in before.dists if one.name != "numpy"),
        InstalledDist("numpy", "2.0.0"),
        InstalledDist("cowsay", "6.1"),
    )
    after = replace(before, dists=dists)
    now = replace(THERE, environments={after.path: after})
    said = left(planned(THERE), planned(now))
    assert said == "torch has changed on the Mac: cowsay none -> 6.1, numpy 1.26.4 -> 2.0.0"
    # The other way round: it was drifted when the plan was made.
    said = left(planned(now), planned(THERE))
    assert said == "torch has changed on the Mac: cowsay 6.1 -> none, numpy 2.0.0 -> 1.26.4"
    many = replace(before, dists=tuple(InstalledDist(f"d{n}", "1") for n in range(9)))
    said = left(planned(THERE), planned(replace(THERE, environments={many.path: many})))
    assert said.endswith("none -> 1 and 8 more")


def test_a_lock_that_moved_is_named_with_its_packages():
    """The plan says what was to come, the lock what would come now."""
    said = left(planned(THERE), planned(THERE, NEWER))
    assert said == "the lock of torch has changed: torch 2.2.2 -> 2.2.3"
    said = left(planned(shown(LOCK)), planned(shown(LOCK), NEWER))
    assert said == "the lock of torch has changed: torch 2.2.2 -> 2.2.3"


def test_a_lab_that_asks_for_more_or_less_is_named():
    """By the environment that it is about."""
    second = replace(LOCK, environment="second")
    assert "the lab asks for second now" in left(planned(THERE), planned(THERE, LOCK, second))
    assert "the lab does not ask for second any more" in left(
        planned(THERE, LOCK, second), planned(THERE)
    )


def with_block(text=None):
    """A Mac as it was, whose .zshrc has this block."""
    return replace(THERE, shell_files={".zshrc": ShellFile("/Users/ann/.zshrc", "file", text)})


def test_a_shell_that_was_set_up_otherwise_since_is_named():
    """Its file is the person's own: what is replaced must be what was shown."""
    host = replace(MAC, shells=("zsh", "bash"))
    saved = planned(with_block(), host=host)
    assert recheck(saved, planned(with_block(), host=host)) == saved
    assert re.fullmatch(
        "~/.zshrc was without a block of conda, and is with the block [0-9a-f]{12} now",
        left(saved, planned(with_block("other"), host=host)),
    )
    one = replace(MAC, shells=("bash",))
    said = "the lab does not ask for ~/.zshrc any more"
    assert left(saved, planned(with_block(), host=one)) == said
    both = planned(with_block(), host=host)
    assert left(planned(with_block(), host=one), both) == "the lab asks for ~/.zshrc now"


def test_a_shell_that_the_plan_itself_has_set_up_is_no_move():
    """Of two, one may be done when the run was stopped."""
    host = replace(MAC, shells=("zsh", "bash"))
    saved = planned(with_block(), host=host)
    now = planned(with_block(block("zsh", THERE.prefix)), host=host)
    assert [step.label for step in recheck(saved, now).steps] == ["torch", "~/.bash_profile"]


def test_a_name_that_was_given_to_another_mac_is_refused():
    """It may look just like the first."""
    other = MacHost("studio-01", address="192.0.2.12", ssh=Ssh(user="ann", port=2222))
    said = left(planned(THERE), planned(THERE, host=other))
    assert said == "it was to be reached as 192.0.2.11, and the lab says ann@192.0.2.12:2222 now"


def test_what_the_plan_itself_has_done_is_no_move():
    """A plan that was stopped half-way can be applied again: the rest of it is done."""
    saved = planned(BARE)
    ours = {"sha256": INSTALLER.sha256}
    half_way = planned(mac(prefix_ours=ours, conda_version="26.5.3"))
    found = recheck(saved, half_way)
    assert (found.state, [one.kind for one in found.steps]) == ("change", ["environment"])
    assert found.steps[0] == saved.steps[1]
    done = planned(shown(LOCK, stamp=stamp(LOCK)))
    assert "its Miniconda was absent" in left(saved, done)
    done = planned(replace(shown(LOCK), prefix_ours=ours))
    assert recheck(saved, done).state == "up_to_date"


def test_a_miniconda_that_somebody_else_installed_is_a_move():
    """Also where what is left to do would be the same."""
    assert "its Miniconda was absent at ~/miniconda3, and is" in left(planned(BARE), planned(mac()))


def test_a_link_to_what_the_plan_did_not_build_is_a_move():
    """In order, but not by this plan."""
    elsewhere = built(LOCK, path=path_of(LOCK) + ".2")
    now = mac(elsewhere, links={"torch": elsewhere.path})
    assert planned(now).state == "up_to_date"
    assert left(planned(THERE), planned(now)).endswith(".2 now")


def test_a_mac_that_cannot_be_read_or_is_refused_now_says_that():
    """Its own reason is the nearer one."""
    refused = planned(replace(THERE, links={"torch": Link("torch", None)}))
    assert refused.state == "blocked"
    assert recheck(planned(THERE), refused) == refused
    off = unreachable("studio-01", "it is off")
    assert recheck(planned(THERE), off) == off
    assert removed_from_lab(planned(THERE)).reason == "the lab file does not name it any more"
