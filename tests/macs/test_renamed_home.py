"""A home that was renamed: what names its old path does not work, and is built again below it."""

from __future__ import annotations

import dataclasses

import on_a_mac
import pytest

from torchard.lab.model import Environment, MacHost
from torchard.plan.blockers import find_blockers
from torchard.plan.drift import find_drift
from torchard.plan.rollback import plan_rollback
from torchard.plan.steps import environment_step, miniconda_step
from torchard.plan.target import Target

HOST = MacHost("mac-1", environments=("own",))


@pytest.fixture(scope="module")
def lock(simlab_depot, artefacts):
    return on_a_mac.solve(simlab_depot, Environment("own", "3.12", None), "http://127.0.0.1:1")


@pytest.fixture(scope="module")
def mac(tmp_path_factory, simlab_depot, lock):
    """A Mac whose home was renamed after Torchard had built an environment in it."""
    before = on_a_mac.make(tmp_path_factory.mktemp("renamed"))
    assert before.install(simlab_depot).returncode == 0
    done = before.build(simlab_depot, lock)
    assert done.returncode == 0, done.stderr
    (before.link(lock).resolve() / "conda-meta/pinned").write_text("numpy <2\n")
    before.end()
    mac = on_a_mac.OnAMac(before.root.rename(before.root.with_name("renamed")))
    before.root.mkdir()  # as /Users is still there
    mac.was = before
    mac.moved = mac.state
    yield mac
    mac.end()


def target(mac, lock):
    return f"{mac.was.torchard}/generations/own-{lock.digest[:8]}"


def test_what_names_the_old_home_does_not_work_and_is_reported(mac, lock):
    """Neither conda nor a console script starts; the plan and the status say where it was."""
    for program in (
        mac.prefix / "bin/conda",
        next((mac.torchard / "generations").glob("*/bin/pip")),
    ):
        assert mac.run(f"{program} --version").returncode in {126, 127}
    state = mac.moved
    assert state.prefix_made_for == str(mac.was.prefix)
    link = state.links["own"]
    assert (link.target, link.moved) == (target(mac, lock), True)
    installer = on_a_mac.Installer("miniconda", "27.1", "f", "", "0" * 64)
    state = mac.look(Target(HOST, state, installer=installer, locks={"own": lock})).state
    steps = miniconda_step(state, installer), environment_step(lock, state)
    assert [(one.action, one.reason) for one in steps] == [
        (
            "repair",
            (
                f"it was installed at {mac.was.prefix} and has moved; ~/miniconda3 is set aside and"
                " installed again"
            ),
        ),
        ("repair", f"it was built at {target(mac, lock)} and has moved"),
    ]
    assert steps[1].carried.names == ("conda-meta/pinned",)
    assert find_blockers(Target(HOST, state, installer=installer, locks={"own": lock})) == ()
    base, own = find_drift(HOST, state)
    assert base.remarks == (f"it was installed at {mac.was.prefix} and has moved",)
    assert own.remarks == (f"it was built at {target(mac, lock)} and has moved",)
    assert (base.since, own.since, own.own.count) == ("modified", "modified", 1)
    assert "is not whole any more" in plan_rollback("own", HOST, _shown(state, lock)).reason


def _shown(state, lock):
    """Return the Mac as if another generation were active by now."""
    other = dataclasses.replace(state.environments[_here(state, lock)], path="/x")
    link = dataclasses.replace(state.links["own"], target="/x", moved=False)
    home = {**state.environments, "/x": other}
    links = {"own": dataclasses.replace(link, target=f"{state.home}/.torchard/generations/gone")}
    return dataclasses.replace(state, environments=home, links=links)


def _here(state, lock):
    return f"{state.home}/.torchard/generations/own-{lock.digest[:8]}"


def test_somebodys_link_into_a_home_that_is_gone_is_left_alone(mac, lock):
    """Only one by the name of the environment is known to be Torchard's."""
    link = dataclasses.replace(mac.moved.links["own"], target="/Users/x/.torchard/generations/mine")
    state = dataclasses.replace(mac.moved, links={"own": link})
    (reason,) = find_blockers(Target(HOST, state, locks={"own": lock}))
    assert reason.startswith("~/miniconda3/envs/own is a link to /Users/x/.torchard/generations/m")


def test_one_run_builds_all_of_it_again(mac, lock, simlab_depot):
    """Miniconda first, then the environment beside what was moved; settings come along."""
    done = mac.install(simlab_depot)
    assert done.returncode == 0, done.stderr
    (aside,) = mac.home.glob("miniconda3.torchard-aside-*")
    assert (aside / "bin/conda").is_file()
    assert mac.link(lock).is_symlink()
    assert mac.install(simlab_depot).returncode == 0
    assert len(list(mac.home.glob("miniconda3.torchard-aside-*"))) == 1
    done = mac.build(simlab_depot, lock)
    assert done.returncode == 0, done.stderr
    assert mac.up_to_date(lock)
    assert mac.link(lock).readlink().name == f"own-{lock.digest[:8]}.2"
    assert (mac.torchard / "prefix").read_text() == f"{mac.prefix}\n"
    assert (mac.link(lock) / "conda-meta/pinned").read_text() == "numpy <2\n"
    assert mac.run("miniconda3/envs/own/bin/pip --version").returncode == 0
    base, own = find_drift(HOST, mac.state)
    assert (base.since, own.since) == ("same", "same")
