"""What runs in an old generation goes on, and going back is one rename or nothing."""

from __future__ import annotations

import dataclasses
import os

import on_a_mac
import pytest
from on_a_mac import CONTROLLER, let_go

from simlab.lab import SimLab
from torchard.lab.model import Environment, MacHost
from torchard.operations import change_scripts
from torchard.plan.rollback import plan_rollback

MAC = MacHost("mac-1", environments=("own",))


@pytest.fixture(scope="module")
def mac(tmp_path_factory, simlab_depot, artefacts):
    """A Mac with Miniconda, and four locks of one environment: `locks[0]` has all wheels."""
    mac = on_a_mac.make(tmp_path_factory.mktemp("generations"))
    assert mac.install(simlab_depot).returncode == 0
    asked = Environment("own", "3.12", None, pip=("einops", "pytz", "six"))
    with SimLab(tmp_path_factory.mktemp("index") / "lab", 1, simlab_depot.root) as lab:
        whole = on_a_mac.solve(simlab_depot, asked, lab.web_url)
    mac.locks = [dataclasses.replace(whole, wheels=whole.wheels[: 3 - n]) for n in range(4)]
    mac.build_lock = lambda one: mac.build(simlab_depot, one)
    yield mac
    mac.end()


def generations(mac):
    return {path.name for path in (mac.torchard / "generations").iterdir()}


def name_of(lock):
    return f"own-{lock.digest[:8]}"


def test_a_python_that_runs_in_an_old_generation_goes_on(mac):
    """Through three updates it finds what it has yet to import; when it ends, its files go."""
    first, *later = mac.locks
    assert mac.build_lock(first).returncode == 0
    program = "import sys; print('up', flush=True); input(); import einops; print(einops.__file__)"
    running = mac.start(f'exec miniconda3/envs/own/bin/python -c "{program}"')
    assert running.stdout.readline() == "up\n"
    for lock in later:
        done = mac.build_lock(lock)
        assert done.returncode == 0, done.stderr
    assert generations(mac) == {name_of(one) for one in (first, *later[1:])}
    out, errors = running.communicate("\n", timeout=60)
    assert errors == ""
    assert out.startswith(str(mac.torchard / "generations" / name_of(first)))
    assert mac.build_lock(later[0]).returncode == 0
    assert generations(mac) == {name_of(one) for one in (later[0], later[2])}


@pytest.fixture
def two(mac):
    """The Mac with two generations, of which the second is shown: its state, and the step back."""
    old, new = mac.locks[1:3]
    for lock in (old, new):
        if not mac.up_to_date(lock):
            assert mac.build_lock(lock).returncode == 0
    state = mac.state
    plan = plan_rollback("own", MAC, state)
    assert plan.state == "change", plan.reason
    yield (
        mac,
        change_scripts.activate_generation(state, plan.steps[0], CONTROLLER),
        name_of(old),
        name_of(new),
    )
    mac.link(new).unlink()
    mac.link(new).symlink_to(mac.torchard / "generations" / name_of(new))


def shown(mac):
    return (mac.prefix / "envs/own").readlink().name


def test_going_back_is_one_rename_that_a_second_run_finds_done(two):
    """A run that waited for another one finds what that did, and does nothing more."""
    mac, script, old, _new = two
    done = mac.run(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert shown(mac) == old
    assert not mac.lock.exists()
    inode = os.lstat(mac.prefix / "envs/own").st_ino
    assert mac.run(script).returncode == 0
    assert os.lstat(mac.prefix / "envs/own").st_ino == inode


def test_what_another_run_has_changed_since_is_left_alone(two):
    """The one before was chosen by what was shown; where that is another by now, nothing is."""
    mac, script, _old, _new = two
    link = mac.prefix / "envs/own"
    link.unlink()
    link.symlink_to(mac.torchard / "generations/own-third")
    done = mac.run(script)
    assert done.returncode == 1
    assert "another generation of own is active now; run it again" in done.stderr
    assert shown(mac) == "own-third"


def test_a_run_at_work_is_not_disturbed(two):
    """Another controller's lock holds, and the message says whose it is."""
    mac, script, _old, new = two
    holder = mac.hold("bob@lab")
    done = mac.run(script)
    assert done.returncode == 1
    assert done.stderr.startswith("bob@lab is at work on this Mac since ")
    assert shown(mac) == new
    assert let_go(holder) == 0


def test_a_link_may_name_the_home_in_another_way(two):
    """As an older one does where the home is reached by a link by now."""
    mac, _script, old, new = two
    link = mac.prefix / "envs/own"
    alias = mac.root / "by-link"
    alias.symlink_to("home")
    link.unlink()
    link.symlink_to(alias / ".torchard/generations" / new)
    state = mac.state
    assert state.links["own"].target == str(mac.torchard / "generations" / new)
    assert mac.up_to_date(mac.locks[2])
    step = plan_rollback("own", MAC, state).steps[0]
    assert mac.run(change_scripts.activate_generation(state, step, CONTROLLER)).returncode == 0
    assert link.readlink() == mac.torchard / "generations" / old
    alias.unlink()


@pytest.mark.parametrize("spoilt", ["bin/python3.12", "conda-meta/history"])
def test_what_does_not_run_or_is_not_whole_is_not_shown(two, spoilt):
    """It is judged again on the Mac, by the python of the generation that is to be shown."""
    mac, script, old, new = two
    path = mac.torchard / "generations" / old / spoilt
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        done = mac.run(script)
    finally:
        aside.rename(path)
    assert done.returncode == 1
    assert f"generations/{old} could not be activated" in done.stderr
    assert shown(mac) == new
    assert mac.run(script).returncode == 0
