"""What holds for every plan: once it is applied, a second plan has no steps."""

from __future__ import annotations

from dataclasses import replace

from drawn import environments, labs, locks
from hypothesis import given, settings
from hypothesis import strategies as st
from locked import GENERATIONS, built
from profiles import examples

from torchard.mac.environments import view_environment
from torchard.mac.state import Link, ShellFile
from torchard.plan.diff import compare
from torchard.plan.plan import count_states, plan_mac
from torchard.plan.shell_init import FILES, name_shell_file


def apply_plan(target, plan):
    """Return the target with the state of its Mac after a plan is applied."""
    links, there = dict(target.state.links), dict(target.state.environments)
    state, files = target.state, dict(target.state.shell_files)
    for step in plan.steps:
        if step.kind == "shell":
            (name,) = (FILES[shell] for shell in FILES if name_shell_file(shell) == step.place)
            files[name] = ShellFile(step.path, "file", step.files[0].after)
            continue
        state = replace(state, leftovers=())  # each of the other scripts removes them first
        if step.is_of_leftovers:
            continue
        if step.action == "remove":
            links, there = remove_environment(step, links, there)
            continue
        if step.kind == "miniconda":
            aside = [path for path in there if path.startswith(f"{state.prefix}/")]
            there = {path: one for path, one in there.items() if path not in aside}
            links, state = {}, replace(state, prefix_state="whole")
            continue
        if step.action != "activate":
            one = built(target.locks[step.environment], step.path)
            there[step.path] = replace(one, frozen=target.mac.frozen)
        links[step.environment] = Link(step.environment, step.path)
    state = replace(state, links=links, environments=there, shell_files=files)
    return replace(target, state=state)


def remove_environment(step, links, there):
    """Return the links and environments that a removal leaves."""
    name = step.environment
    links = {one: link for one, link in links.items() if (one, link.target) != (name, step.path)}
    shown = {link.target for link in links.values()}
    kept = {
        path: one
        for path, one in there.items()
        if path in shown
        or not path.startswith(f"{GENERATIONS}/")
        or (one.stamp or {}).get("environment") != name
    }
    return links, kept


@given(labs())
def test_an_applied_plan_leaves_nothing_to_do(target):
    """Whatever the Mac's state was, unless it is blocked."""
    plan = plan_mac(target)
    if plan.state != "blocked":
        assert plan.state == ("change" if plan.steps else "up_to_date")
        assert plan_mac(apply_plan(target, plan)).steps == ()


@given(labs())
def test_nothing_is_built_over_an_active_or_a_stamped_generation(target):
    """Nor twice in one place, nor outside the generations.

    A prefix that is half installed is set aside first, with its links.
    """
    state = target.state
    made = [
        step.path
        for step in plan_mac(target).steps
        if step.kind == "environment" and step.action not in {"activate", "remove"}
    ]
    shown = {link.target for link in state.links.values() if state.prefix_state != "half"}
    assert len(set(made)) == len(made)
    for path in made:
        assert path.startswith(f"{GENERATIONS}/")
        assert path not in shown
        assert path not in state.environments or state.environments[path].stamp is None


@given(labs())
def test_only_a_whole_and_verified_generation_is_activated(target):
    """It has exactly the packages of the lock."""
    for step in plan_mac(target).steps:
        if step.action == "activate":
            one = target.state.environments[step.path]
            assert one.whole
            assert not one.damaged
            assert one.stamp["verification"]
            assert one.frozen is target.mac.frozen
            assert compare(target.locks[step.environment], one, {})[0] == ()


@given(labs())
def test_only_environments_that_the_lab_does_not_name_are_removed(target):
    """Torchard made them, and the lab says `prune`. No person's link loses its target."""
    state, steps = target.state, plan_mac(target).steps
    removals = [one for one in steps if one.action == "remove" and not one.is_of_leftovers]
    assert target.mac.prune or removals == []
    assert len({step.environment for step in removals}) == len(removals)
    for step in removals:
        assert step.environment not in target.locks
        assert step.path.startswith(f"{GENERATIONS}/")
        link = state.links.get(step.environment)
        if link is not None and link.target == step.path:
            assert view_environment(step.environment, state).is_ours
    left = apply_plan(target, plan_mac(target)).state
    if state.prefix_state == "whole":
        for name in {"mine"} & state.links.keys() - {step.environment for step in removals}:
            target = left.links[name].target
            assert target == state.links[name].target
            assert (target in left.environments) == (target in state.environments)


@given(labs())
def test_a_shells_file_changes_only_if_it_may_and_must(target):
    """Its step has the block that is there now."""
    files = target.state.shell_files
    steps = [step for step in plan_mac(target).steps if step.kind == "shell"]
    assert len({step.path for step in steps}) == len(steps) <= len(target.mac.shells)
    for step in steps:
        (file,) = (one for one in files.values() if one.path == step.path)
        assert file.state in {"absent", "file"}
        assert step.files[0].before == file.block
        assert "/Users/ann/miniconda3/bin/conda" not in (file.block or "")


@st.composite
def compared(draw):
    wanted = draw(locks())
    return wanted, draw(st.one_of(st.none(), environments(wanted)))


@given(compared())
def test_each_package_of_a_lock_stays_or_is_one_change(pair):
    """A removed package is not in the lock, or is another one of that name."""
    wanted, before = pair
    changes, kept = compare(wanted, before, {})
    news = [one for one in changes if one.change != "remove"]
    assert kept + len(news) == len(wanted.conda) + len(wanted.wheels)
    asked = [(one.name, one.channel) for one in wanted.conda]
    asked += [(one.name, "wheel") for one in wanted.wheels]
    assert len({(one.name, one.source) for one in news} & set(asked)) == len(news)
    gone = {(one.name, one.source) for one in changes if one.change == "remove"}
    assert not gone & {(one.name, "conda") for one in wanted.conda}
    assert not gone & {(one.name, "wheel") for one in wanted.wheels}
    assert before is not None or not gone


@settings(max_examples=examples(40))
@given(labs(), st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_in_which_a_mac_was_read(target, random):
    """A file system lists its files in any order."""
    state = target.state
    shuffled = {
        path: replace(one, conda=_mixed(one.conda, random), dists=_mixed(one.dists, random))
        for path, one in _mixed(state.environments.items(), random)
    }
    other = replace(state, environments=shuffled, links=dict(_mixed(state.links.items(), random)))
    before, after = plan_mac(target), plan_mac(replace(target, state=other))
    assert [step.action for step in before.steps] == [step.action for step in after.steps]
    assert [step.packages for step in before.steps] == [step.packages for step in after.steps]


def _mixed(values, random):
    values = list(values)
    random.shuffle(values)
    return tuple(values)


STATES = ["up_to_date", "change", "unreachable", "blocked", "failed"]


@given(st.lists(st.sampled_from(STATES)))
def test_the_exit_code_and_the_summary_agree(states):
    """0 only if every Mac is up to date."""
    count = count_states(states)
    assert [getattr(count, state) for state in STATES] == [states.count(one) for one in STATES]
    assert (count.exit_code == 0) == (count.up_to_date == len(states))
    assert (count.exit_code == 1) == bool(count.failed)
    assert (count.exit_code == 3) == bool(not count.failed and (count.unreachable or count.blocked))
