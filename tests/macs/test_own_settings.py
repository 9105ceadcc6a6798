"""What a person made in an environment is named, carried over, and kept when the old one goes."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import sys

import on_a_mac
import pytest
import shells

from simlab import macs
from simlab.lab import SimLab
from torchard.lab.model import Environment, MacHost
from torchard.mac import probe
from torchard.operations import script_text
from torchard.plan.drift import find_drift
from torchard.plan.plan import plan_mac
from torchard.plan.target import Target

MINE = {
    "conda-meta/state": '{"env_vars": {"TOKEN": "secret"}, "version": 1}',
    "conda-meta/pinned": "numpy <2\n",
    "etc/conda/activate.d/lab ü.sh": "export LAB=1\n",
    "share/jupyter/kernels/mine/kernel.json": "{}",
    "work/notebook.ipynb": "{}",
}
BEHIND = {"bin/my-script": "#!/bin/sh\n", "lib/python3.12/site-packages/mine.pth": "/mine\n"}


SPY = """#!/bin/sh
"$0-itself" "$@"
status=$?
echo "$status $1" >>"$HOME/cp.log"
exit "$status"
"""


@pytest.mark.parametrize(
    ("macos", "is_apfs", "status"), [("15.1", True, 0), ("15.1", False, 0), ("13.6", False, 1)]
)
def test_a_file_is_cloned_or_copied(tmp_path, macos, is_apfs, status):
    """On APFS, on another volume, and where `cp -c` does not copy instead."""
    mac = on_a_mac.make(tmp_path, macos=macos, hard_links=is_apfs)
    (mac.root / "bin/cp").rename(mac.root / "bin/cp-itself")
    write(mac.root / "bin/cp", SPY).chmod(0o755)
    program = script_text.read_program("carry_over.py")
    old, new = (mac.torchard / "generations" / name for name in ("own-1", "own-2"))

    def carry(*words):
        command = [sys.executable, "-I", "-S", "-c", program, *map(str, words)]
        done = macs.run(mac.root, shlex.join(command))
        assert done.returncode == 0, done.stderr

    for path in (old, new):
        write(path / ".torchard.json", '{"environment": "own"}')
        carry("list", path)
    write(mac.torchard / "kits/kit.json", '{"stamp": {"environment": "own"}}')
    mine = write(old / "work/notebook.ipynb", "mine")
    mine.chmod(0o604)
    os.utime(mine, (10**9, 10**9))
    carry("copy", mac.torchard / "kits", old, new, mac.prefix / "envs/own")
    assert (mac.home / "cp.log").read_text() == f"{status} -c\n"
    found = (new / "work/notebook.ipynb").stat()
    assert (found.st_mode & 0o777, found.st_mtime, found.st_size) == (0o604, 10**9, 4)
    assert not (new / ".torchard-carrying").exists()


@pytest.fixture(scope="module")
def mac(tmp_path_factory, simlab_depot, artefacts):
    """A Mac whose environment people work in, and which Torchard updated twice."""
    mac = on_a_mac.make(tmp_path_factory.mktemp("own"))
    assert mac.install(simlab_depot).returncode == 0
    asked = Environment("own", "3.12", None, pip=("einops", "pytz", "six"))
    with SimLab(tmp_path_factory.mktemp("index") / "lab", 1, simlab_depot.root) as lab:
        whole = on_a_mac.solve(simlab_depot, asked, lab.web_url)
    mac.locks = [dataclasses.replace(whole, wheels=whole.wheels[: 3 - n]) for n in range(3)]
    assert mac.build(simlab_depot, mac.locks[0]).returncode == 0
    mac.link = mac.prefix / "envs/own"
    mac.old = mac.link.resolve()
    mac.untouched = mac.look(target_of(mac, 1)).state.environments[str(mac.old)].own
    for name, text in {**MINE, **BEHIND}.items():
        write(mac.old / name, text)
    (mac.old / "conda-meta/state").chmod(0o600)
    (mac.old / "secret").symlink_to(write(mac.home / "secret", "not yours"))
    package = mac.old / "lib/python3.12/site-packages/cowpy-1.1.dist-info"
    write(package / "METADATA", "Name: cowpy\nVersion: 1.1\n")
    write(package / "RECORD", "cowpy.py,,\ncowpy-1.1.dist-info/METADATA,,\n")
    write(package.parent / "cowpy.py", "")
    mac.plans, mac.news = [], []
    for number in (1, 2):
        mac.plans.append(plan_mac(mac.look(target_of(mac, number))))
        done = mac.build(simlab_depot, mac.locks[number])
        assert done.returncode == 0, done.stderr
        mac.news.append(mac.link.resolve())
    yield mac
    mac.end()


def target_of(mac, number):
    host = MacHost("mac-1", environments=("own",))
    return Target(host, mac.state, locks={"own": mac.locks[number]})


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_nothing_of_a_build_is_a_persons(mac):
    """Nor what the verification left, such as byte code."""
    assert (mac.untouched.carried.count, mac.untouched.left.count) == (0, 0)
    assert mac.untouched.error == ""


def test_the_plan_of_an_update_names_what_goes_over_and_what_stays(mac):
    """A link counts, and is not followed; a package of a person is a change of the plan."""
    (step,) = mac.plans[0].steps
    assert step.carried.count == len(MINE) + 1
    assert set(step.carried.names) == {
        *("conda-meta/pinned", "conda-meta/state", "etc/", "secret", "share/jupyter/", "work/")
    }
    assert step.left.count == len(BEHIND)
    assert step.moved == ()
    assert ("cowpy", "1.1", None) in {(one.name, one.before, one.after) for one in step.packages}


def test_it_is_in_the_next_generation_with_its_modes(mac):
    """The link leads where it led, and what works only in the old one did not come along."""
    new = mac.news[1]
    for name, text in MINE.items():
        assert (new / name).read_text() == text
    assert (new / "conda-meta/state").stat().st_mode & 0o777 == 0o600
    assert (new / "secret").readlink() == mac.home / "secret"
    assert not any((new / name).exists() for name in BEHIND)


def test_the_second_plan_says_what_goes_to_kept_and_that_is_there(mac):
    """Each file of the removed generation is in the next one or in kept/."""
    (step,) = mac.plans[1].steps
    (moved,) = step.moved
    assert (moved.generation, moved.files.count) == (mac.old.name, len(BEHIND))
    assert moved.packages == ("cowpy 1.1",)
    assert not mac.old.exists()
    kept = mac.torchard / "kept" / mac.old.name
    for name, text in BEHIND.items():
        assert (kept / "files" / name).read_text() == text
    assert '"cowpy==1.1"' in (kept / "environment.yml").read_text()
    about = json.loads((kept / "about.json").read_text())
    assert about["files"] == moved.files.count
    assert about["bytes"] == moved.files.bytes


def test_afterwards_nothing_is_to_be_done_and_the_status_counts_what_is_kept(mac):
    """A person's files do not count as a change of the environment."""
    assert mac.up_to_date(mac.locks[2])
    state = mac.state
    found = find_drift(MacHost("mac-1", environments=("own",)), state)[1]
    assert found.since == "same"
    kept = state.kept
    assert (kept.folders, kept.files) == (1, len(BEHIND))
    assert kept.bytes == sum(len(text) for text in BEHIND.values())


def test_an_older_generation_that_is_activated_gets_what_it_lacks(mac):
    """After a rollback and an update: what it has is not replaced."""
    older, newer = mac.news
    write(newer / "work/later.ipynb", "{}")
    write(older / "conda-meta/pinned", "numpy <1\n")
    step = plan_mac(mac.look(target_of(mac, 1))).steps[0]
    assert (step.action, step.carried.names) == ("activate", ("work/",))
    assert mac.run(mac.build_script(mac.locks[1])).returncode == 0
    assert mac.link.resolve() == older
    assert (older / "work/later.ipynb").read_text() == "{}"
    assert (older / "conda-meta/pinned").read_text() == "numpy <1\n"


def test_every_shell_counts_what_is_kept_in_the_same_way(mac):
    """Also with a broken note, and one without numbers."""
    for name, text in (("broken", "{\x1b"), ("other", '{"files": "x"}')):
        write(mac.torchard / "kept" / name / "about.json", text + "\n")
    texts = {
        tuple(line for line in done.stdout.splitlines() if line.startswith("kept"))
        for shell in shells.THERE
        for done in [mac.run(probe.build_script("~/miniconda3"), shell=shell)]
    }
    size = sum(len(text) for text in BEHIND.values())
    assert texts == {(f"kept\t3\t{len(BEHIND)}\t{size}",)}
    assert macs.run(mac.root, probe.build_script("~/miniconda3")).stderr == ""
