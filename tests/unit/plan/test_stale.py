"""A saved plan is applied if its preconditions still hold; else it says what has changed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from drawn import labs
from hypothesis import assume, given, settings
from locked import INSTALLER, built, lock, mac, package, path_of, shown, stamp, wheel
from profiles import examples

from torchard.lab.model import MacHost, Ssh
from torchard.mac.state import InstalledDist, Link, ShellFile
from torchard.plan.plan import plan_mac, unreachable
from torchard.plan.shell_init import render_block
from torchard.plan.stale import recheck, removed_from_lab
from torchard.plan.target import Target

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


def changes(saved, now):
    """Return the sentences on what has changed."""
    found = recheck(saved, now)
    assert found.state == "blocked"
    assert found.steps == ()
    prefix, end = "it has changed since the plan was saved: ", ". Plan again"
    assert found.reason.startswith(prefix)
    assert found.reason.endswith(end)
    return found.reason[len(prefix) : -len(end)]


@pytest.mark.parametrize("state", [THERE, BARE, shown(LOCK)], ids=["old", "bare", "up to date"])
def test_a_plan_is_applied_as_saved_if_nothing_has_changed(state):
    """The free disk, the clock, the depot and other generations are not preconditions."""
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
        (replace(THERE, user="bob"), "its account was ann, and is bob now"),
        (
            replace(THERE, conda_version="26.1.0"),
            "its conda was of an unknown version, and is 26.1.0 now",
        ),
        (replace(THERE, prefix_state="absent"), "its Miniconda was whole, and is absent now"),
        (
            replace(THERE, prefix_ours={"sha256": "c" * 64}),
            "its Miniconda was a person's, and is from installer cccccccc now",
        ),
        (replace(THERE, links={}), ", and is not there now"),
    ],
)
def test_a_mac_that_changed_is_blocked_with_what_was_and_is(now, says):
    """The reader needs no other tool to see why."""
    assert says in changes(planned(THERE), planned(now))


def test_packages_that_a_person_changed_since_are_named():
    """Each with its old and new version, and after three of them a count."""
    (before,) = THERE.environments.values()
    dists = (
        *(one for one in before.dists if one.name != "numpy"),
        InstalledDist("numpy", "2.0.0"),
        InstalledDist("cowsay", "6.1"),
    )
    after = replace(before, dists=dists)
    now = replace(THERE, environments={after.path: after})
    said = changes(planned(THERE), planned(now))
    assert said == "torch has changed on the Mac: cowsay none -> 6.1, numpy 1.26.4 -> 2.0.0"
    # The other way round: it had drifted when the plan was made.
    said = changes(planned(now), planned(THERE))
    assert said == "torch has changed on the Mac: cowsay 6.1 -> none, numpy 2.0.0 -> 1.26.4"
    many = replace(before, dists=tuple(InstalledDist(f"d{n}", "1") for n in range(9)))
    said = changes(planned(THERE), planned(replace(THERE, environments={many.path: many})))
    assert said.endswith("none -> 1 and 8 more")


def test_a_lock_that_changed_is_named_with_its_packages():
    """The saved plan has the old versions, the lock of now the new ones."""
    said = changes(planned(THERE), planned(THERE, NEWER))
    assert said == "the lock of torch has changed: torch 2.2.2 -> 2.2.3"
    said = changes(planned(shown(LOCK)), planned(shown(LOCK), NEWER))
    assert said == "the lock of torch has changed: torch 2.2.2 -> 2.2.3"


def test_a_lab_that_asks_for_more_or_less_is_named():
    """Each sentence names the environment that it is about."""
    second = replace(LOCK, environment="second")
    assert "the lab asks for second now" in changes(planned(THERE), planned(THERE, LOCK, second))
    assert "the lab does not ask for second any more" in changes(
        planned(THERE, LOCK, second), planned(THERE)
    )


def with_block(text=None):
    """A Mac as it was, whose .zshrc has this block."""
    return replace(THERE, shell_files={".zshrc": ShellFile("/Users/ann/.zshrc", "file", text)})


def test_a_shell_whose_file_changed_is_named():
    """The file is a person's: Torchard replaces only what the plan has shown."""
    host = replace(MAC, shells=("zsh", "bash"))
    saved = planned(with_block(), host=host)
    assert recheck(saved, planned(with_block(), host=host)) == saved
    assert re.fullmatch(
        "~/.zshrc was without a block of conda, and is with the block [0-9a-f]{12} now",
        changes(saved, planned(with_block("other"), host=host)),
    )
    one = replace(MAC, shells=("bash",))
    said = "the lab does not ask for ~/.zshrc any more"
    assert changes(saved, planned(with_block(), host=one)) == said
    both = planned(with_block(), host=host)
    assert changes(planned(with_block(), host=one), both) == "the lab asks for ~/.zshrc now"


def test_a_shell_that_the_plan_itself_has_set_up_is_not_a_change():
    """A run may be interrupted between two shells."""
    host = replace(MAC, shells=("zsh", "bash"))
    saved = planned(with_block(), host=host)
    now = planned(with_block(render_block("zsh", THERE.prefix)), host=host)
    assert [step.id.name for step in recheck(saved, now).steps] == ["torch", "~/.bash_profile"]


def test_a_name_that_was_given_to_another_mac_is_blocked():
    """The other Mac may be in the same state."""
    other = MacHost("studio-01", address="192.0.2.12", ssh=Ssh(user="ann", port=2222))
    said = changes(planned(THERE), planned(THERE, host=other))
    assert (
        said == "Torchard was to reach it as 192.0.2.11, and the lab says ann@192.0.2.12:2222 now"
    )


def test_what_the_plan_itself_has_done_is_not_a_change():
    """You can apply an interrupted plan again: Torchard does the rest of it."""
    saved = planned(BARE)
    ours = {"sha256": INSTALLER.sha256}
    half_way = planned(mac(prefix_ours=ours, conda_version="26.5.3"))
    found = recheck(saved, half_way)
    assert (found.state, [one.kind for one in found.steps]) == ("change", ["environment"])
    assert found.steps[0] == saved.steps[1]
    done = planned(shown(LOCK, stamp=stamp(LOCK)))
    assert "its Miniconda was absent" in changes(saved, done)
    done = planned(replace(shown(LOCK), prefix_ours=ours))
    assert recheck(saved, done).state == "up_to_date"


def test_a_miniconda_that_a_person_installed_is_a_change():
    """Even if the steps that are left are the same."""
    assert "its Miniconda was absent, and is whole now" in changes(planned(BARE), planned(mac()))


def test_a_link_to_what_the_plan_did_not_build_is_a_change():
    """The environment is up to date, but another run built it."""
    elsewhere = built(LOCK, path=path_of(LOCK) + ".2")
    now = mac(elsewhere, links={"torch": elsewhere.path})
    assert planned(now).state == "up_to_date"
    assert changes(planned(THERE), planned(now)).endswith(".2 now")


def test_a_mac_that_is_unreachable_or_blocked_now_keeps_that_reason():
    """What has changed since does not matter then."""
    blocked = planned(replace(THERE, links={"torch": Link("torch", None)}))
    assert blocked.state == "blocked"
    assert recheck(planned(THERE), blocked) == blocked
    off = unreachable("studio-01", "it is off")
    assert recheck(planned(THERE), off) == off
    assert removed_from_lab(planned(THERE)).reason == "the lab file does not name it any more"


def test_other_steps_for_the_same_facts_are_a_change():
    """As from a newer Torchard, which builds something else from them."""
    saved = planned(THERE)
    now = replace(saved, steps=(replace(saved.steps[0], path="/elsewhere"),))
    assert changes(saved, now) == "the lab asks for other steps there now"


def test_an_environment_to_remove_that_comes_or_goes_is_named():
    """Unless the plan itself has removed it."""
    old = built(lock(environment="old"))
    host = replace(MAC, prune=True, environments=("torch",))
    both = replace(
        mac(*shown(LOCK).environments.values(), old),
        links={**shown(LOCK).links, "old": Link("old", old.path)},
    )
    saved, gone = planned(both, host=host), planned(shown(LOCK), host=host)
    assert [step.action for step in saved.steps] == ["remove"]
    assert recheck(saved, gone) == gone
    assert changes(gone, saved) == "Torchard finds old to remove now"
    kept = planned(both, host=replace(host, prune=False))
    assert recheck(saved, kept) == kept


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("/Users/former/miniconda3", "where it was installed, and is moved from /Users/former"),
        (None, None),
    ],
)
def test_a_miniconda_that_moved_is_named(place, says):
    """Conda does not run there any more."""
    saved = planned(THERE)
    facts = tuple(
        replace(one, value=place) if one.kind == "prefix_made_for" else one
        for one in saved.preconditions
    )
    now = replace(saved, preconditions=facts)
    assert (recheck(saved, now) == now) if says is None else (says in changes(saved, now))


def test_leftovers_of_a_stopped_run_do_not_make_a_plan_stale():
    """A saved plan is applied again after it was interrupted, and does no step that it lacks."""
    saved = planned(THERE)
    left = replace(shown(LOCK), leftovers=("generations/.discarded-torch-1",))
    now = recheck(saved, planned(left))
    assert (now.state, now.steps) == ("up_to_date", ())
    shows = planned(left)
    assert recheck(shows, shows) == shows
    assert recheck(shows, planned(shown(LOCK))).steps == ()


@given(labs())
def test_an_unchanged_mac_is_never_stale(target):
    """Whatever its state, and whatever words describe it."""
    saved = plan_mac(target)
    assert recheck(saved, saved) == saved


@settings(max_examples=examples(40))
@given(labs())
def test_each_precondition_that_changes_makes_a_plan_stale(target):
    """One changed fact is one sentence, with the new fact or the name of what it is about."""
    saved = plan_mac(target)
    assume(saved.state != "blocked")
    for at, one in enumerate(saved.preconditions):
        value = "nothing" if one.value == "generation" else f"other-{one.kind}"
        facts = (
            *saved.preconditions[:at],
            replace(one, value=value),
            *saved.preconditions[at + 1 :],
        )
        (said,) = changes(saved, replace(saved, preconditions=facts)).split("; ")
        assert (one.subject or value[:8]) in said


@settings(max_examples=examples(40))
@given(labs())
def test_each_precondition_that_is_gone_or_new_makes_a_plan_stale(target):
    """The lab may ask for more or fewer environments and shells."""
    saved = plan_mac(target)
    assume(saved.state != "blocked")
    for subject in {one.subject for one in saved.preconditions} - {""}:
        facts = tuple(one for one in saved.preconditions if one.subject != subject)
        other = replace(saved, preconditions=facts)
        assert changes(saved, other).endswith(f"{subject} any more") or "to remove" in changes(
            saved, other
        )
        assert subject in changes(other, saved)
