"""What holds for every plan: done, it leaves nothing to do, and it never touches what is shown."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from locked import GENERATIONS, INSTALLER, PREFIX, built, lock, mac, package, path_of, wheel

from torchard.compare import compare
from torchard.lab.model import MacHost
from torchard.mac import InstalledConda, InstalledDist, Link
from torchard.plan import Intent, MacPlan, Plan, plan_mac

NAMES = ["a", "b", "numpy", "pip", "torch"]
# Made once: hypothesis looks at each strategy anew that is made while it draws.
EITHER = st.booleans()
NAME = st.sampled_from(NAMES)
SOME = st.lists(NAME, unique=True)
BUILD = st.sampled_from("xy")
LINKED = st.lists(st.sampled_from(["torch", "second", "mine"]), unique=True)
PREFIX_STATE = st.sampled_from(["absent", "half", "whole", "whole", "foreign"])
VERSIONS = st.sampled_from(["1.0", "1.0.0", "2.0", "2025c"])


@st.composite
def locks(draw, environment="torch"):
    """Conda packages with or without a distribution, and wheels that none of them provides."""
    conda = []
    for name in draw(SOME):
        version = draw(VERSIONS)
        provides = [(name, version)] if draw(EITHER) else []
        conda.append(package(name, version, draw(BUILD), provides))
    provided = {name for one in conda for name, _ in one.provides}
    names = draw(
        st.lists(st.sampled_from([n for n in [*NAMES, "z"] if n not in provided]), unique=True)
    )
    return lock(conda, [wheel(name, draw(VERSIONS)) for name in names], environment)


@st.composite
def environments(draw, wanted):
    """Something at the path of a generation: as built, of another lock, altered or broken."""
    locked = draw(st.one_of(st.just(wanted), locks()))
    base = path_of(draw(st.sampled_from([wanted, locked])))
    path = draw(st.sampled_from([base, f"{base}.2", f"{base}.3", f"{PREFIX}/envs/mine"]))
    one = built(locked, path)
    if draw(EITHER):
        extra = InstalledConda(draw(NAME), draw(VERSIONS), "x", None)
        dist = InstalledDist(draw(NAME), draw(VERSIONS))
        one = replace(
            one,
            whole=draw(EITHER),
            damaged=draw(EITHER),
            conda=draw(st.sampled_from([one.conda, one.conda[1:], (*one.conda[1:], extra)])),
            dists=draw(st.sampled_from([one.dists, one.dists[1:], (*one.dists, dist)])),
            stamp=draw(st.sampled_from([one.stamp, None, {}, {"lock": 1, "proof": 1}])),
        )
    return one


@st.composite
def labs(draw):
    """A Mac in some state, and what it should become."""
    wanted = draw(locks())
    there = draw(st.lists(environments(wanted), max_size=4))
    paths = [one.path for one in there] + [f"{GENERATIONS}/gone", path_of(wanted), None]
    names = draw(LINKED)
    depot = [one.sha256 for one in (*wanted.conda, *wanted.wheels)]
    state = mac(
        *there,
        links={name: draw(st.sampled_from(paths)) for name in names},
        prefix_state=draw(PREFIX_STATE),
        depot={sha256: 100 for sha256 in depot if draw(EITHER)},
    )
    if state.prefix_state == "absent":
        state = replace(state, links={})
    return Intent(
        MacHost("studio-01"),
        state,
        installer=None if state.prefix_state == "whole" else INSTALLER,
        locks={"torch": wanted, "second": draw(locks("second"))},
    )


def applied(intent, plan):
    """Return the state of a Mac to which was done what a plan says."""
    links, there = dict(intent.state.links), dict(intent.state.environments)
    state = intent.state
    for step in plan.steps:
        if step.kind == "miniconda":
            aside = [path for path in there if path.startswith(f"{state.prefix}/")]
            there = {path: one for path, one in there.items() if path not in aside}
            links, state = {}, replace(state, prefix_state="whole")
            continue
        if step.change != "show":
            there[step.path] = built(intent.locks[step.environment], step.path)
        links[step.environment] = Link(step.environment, step.path)
    return replace(intent, state=replace(state, links=links, environments=there))


@given(labs())
def test_a_plan_that_is_done_leaves_nothing_to_do(intent):
    """However the Mac was found, unless it was refused."""
    plan = plan_mac(intent)
    if plan.state != "refused":
        assert plan.state == ("change" if plan.steps else "in_order")
        assert plan_mac(applied(intent, plan)).steps == ()


@given(labs())
def test_nothing_is_built_where_something_is_shown_or_proved(intent):
    """Nor twice in one place, nor outside the generations."""
    state = intent.state
    made = [
        s.path for s in plan_mac(intent).steps if s.kind == "environment" and s.change != "show"
    ]
    assert len(set(made)) == len(made)
    for path in made:
        assert path.startswith(f"{GENERATIONS}/")
        assert path not in {link.target for link in state.links.values()}
        assert path not in state.environments or state.environments[path].stamp is None


@given(labs())
def test_only_what_is_whole_and_proved_is_shown(intent):
    """A step that only shows leads to a generation that is package by package the lock's."""
    for step in plan_mac(intent).steps:
        if step.change == "show":
            one = intent.state.environments[step.path]
            assert one.whole
            assert not one.damaged
            assert one.stamp["proof"]
            assert compare(intent.locks[step.environment], one, {})[0] == ()


@st.composite
def compared(draw):
    wanted = draw(locks())
    return wanted, draw(st.one_of(st.none(), environments(wanted)))


@given(compared())
def test_each_package_of_a_lock_stays_or_is_one_change(pair):
    """And what is removed is none of them, or another's by the same name."""
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


@settings(max_examples=40)
@given(labs(), st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_in_which_a_mac_was_read(intent, random):
    """A file system lists as it likes."""
    state = intent.state
    shuffled = {
        path: replace(one, conda=_mixed(one.conda, random), dists=_mixed(one.dists, random))
        for path, one in _mixed(state.environments.items(), random)
    }
    other = replace(state, environments=shuffled, links=dict(_mixed(state.links.items(), random)))
    before, after = plan_mac(intent), plan_mac(replace(intent, state=other))
    assert [step.change for step in before.steps] == [step.change for step in after.steps]
    assert [step.packages for step in before.steps] == [step.packages for step in after.steps]


def _mixed(values, random):
    values = list(values)
    random.shuffle(values)
    return tuple(values)


STATES = ["in_order", "change", "unreached", "refused", "failed"]


@given(st.lists(st.sampled_from(STATES)))
def test_the_exit_code_and_the_summary_agree(states):
    """0 only where every Mac is in order."""
    plan = Plan(tuple(MacPlan(f"mac-{i}", state) for i, state in enumerate(states)))
    count = plan.summary
    assert [getattr(count, state) for state in STATES] == [states.count(one) for one in STATES]
    assert (plan.exit_code == 0) == (count.in_order == len(states))
    assert (plan.exit_code == 1) == bool(count.failed)
    assert (plan.exit_code == 3) == bool(not count.failed and (count.unreached or count.refused))
