"""What a person sets in an environment is named, and goes over to the next generation."""

from __future__ import annotations

import dataclasses
import json

import on_a_mac
import pytest
import shells

from simlab import macs
from torchard.lab.model import Environment, MacHost
from torchard.mac import probe
from torchard.plan import steps
from torchard.plan.drift import find_drift
from torchard.render.changes import step_lines

OWN = {
    "conda-meta/state": '{"env_vars": {"TOKEN": "secret"}, "version": 1}',
    "conda-meta/pinned": "numpy <2\n",
    "etc/conda/activate.d/lab ü.sh": "export LAB=1\n",
    "etc/conda/deactivate.d/lab.sh": "unset LAB\n",
}
PACKAGES = "etc/conda/activate.d/of-a-package.sh"
WHEELS = "etc/conda/activate.d/of-a-wheel.sh"
LARGE = "etc/conda/activate.d/large.sh"


@pytest.fixture(scope="module")
def mac(tmp_path_factory, simlab_depot, artefacts):
    """A Mac whose environment a person set up and Torchard updated, and what was printed."""
    mac = on_a_mac.make(tmp_path_factory.mktemp("own"))
    assert mac.install(simlab_depot).returncode == 0
    asked = Environment("own", "3.12", None, conda=("rhash",))
    first = on_a_mac.solve(simlab_depot, asked, "http://127.0.0.1:1")
    fewer = tuple(one for one in first.conda if one.name != "rhash")
    mac.locks = first, dataclasses.replace(first, conda=fewer)
    assert mac.build(simlab_depot, mac.locks[0]).returncode == 0
    mac.old = mac.link(first).resolve()
    for name, text in OWN.items():
        write(mac.old / name, text)
    (mac.old / "conda-meta/state").chmod(0o600)
    for name in (PACKAGES, WHEELS, "etc/conda/activate.d/._lab.sh"):
        write(mac.old / name, "")
    write(mac.old / LARGE, "#" * (2**20 + 1))
    secret = write(mac.home / "secret", "not yours")
    (mac.old / "etc/conda/activate.d/link.sh").symlink_to(secret)
    record = next((mac.old / "conda-meta").glob("python-3*.json"))
    content = json.loads(record.read_text())
    content["files"].append(PACKAGES)
    record.write_text(json.dumps(content, indent=2))
    dist = mac.old / "lib/python3.12/site-packages/x-1.dist-info"
    write(dist / "RECORD", f"x.py,,\n../../../{WHEELS},sha256=0,1\n")
    mac.before = mac.state
    mac.step = steps.environment_step(mac.locks[1], mac.before)
    done = mac.build(simlab_depot, mac.locks[1])
    assert done.returncode == 0, done.stderr
    mac.new = mac.link(first).resolve()
    assert mac.new != mac.old
    yield mac
    mac.end()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def standing(state):
    return find_drift(MacHost("mac-1", environments=("own",)), state)[1]


def test_the_plan_and_the_status_name_it_and_not_what_packages_brought(mac):
    """Only paths, never the contents; a large file is reported, a link is not followed."""
    assert set(mac.step.carried) == OWN.keys()
    assert mac.step.not_carried == (LARGE,)
    lines = [line.plain for line in step_lines(mac.step)]
    said = "carried over, set by a person: conda-meta/state, conda-meta/pinned, etc/conda/activate"
    assert any(said in line for line in lines)
    assert f"      not carried over, too large or closed: {LARGE}" in lines
    assert "secret" not in str(lines)
    found = standing(mac.before)
    assert (set(found.own), found.own_large) == (OWN.keys(), (LARGE,))


def test_it_is_in_the_next_generation_with_its_modes(mac):
    """Nothing else came along, and no link was followed."""
    for name, text in OWN.items():
        assert (mac.new / name).read_text() == text
    assert (mac.new / "conda-meta/state").stat().st_mode & 0o777 == 0o600
    scripts = {path.name for path in (mac.new / "etc/conda/activate.d").iterdir()}
    assert scripts == {"lab ü.sh"}


def test_afterwards_it_is_still_the_persons_and_nothing_is_to_be_done(mac):
    """It does not count as a change of the environment."""
    assert mac.up_to_date(mac.locks[1])
    found = standing(mac.state)
    assert (found.since, set(found.own)) == ("same", OWN.keys())


def test_what_the_next_one_has_is_kept(mac):
    """Also where it is shown again after a rollback: what only the other has goes over."""
    write(mac.old / "conda-meta/pinned", "numpy <1\n")
    write(mac.old / "etc/conda/activate.d/later.sh", "")
    link = mac.link(mac.locks[0])
    link.unlink()
    link.symlink_to(mac.old)
    write(mac.new / "etc/conda/activate.d/.later.sh.torchard-partial", "left by a killed run")
    step = steps.environment_step(mac.locks[1], mac.state)
    later = "etc/conda/activate.d/later.sh"
    assert (step.action, step.carried, step.not_carried) == ("activate", (later,), (LARGE,))
    assert mac.run(mac.build_script(mac.locks[1])).returncode == 0
    assert link.readlink() == mac.new
    assert (mac.new / "conda-meta/pinned").read_text() == OWN["conda-meta/pinned"]
    assert not list(mac.new.rglob("*torchard-partial"))
    (mac.new / later).unlink()
    (mac.old / later).unlink()


def test_a_directory_that_leads_out_is_left_alone(mac):
    """Neither the probe nor the build looks behind a link."""
    folder = mac.new / "etc/conda/deactivate.d"
    aside = folder.rename(mac.home / "outside")
    folder.symlink_to(aside)
    try:
        found = standing(mac.state)
    finally:
        folder.unlink()
        aside.rename(folder)
    assert set(found.own) == OWN.keys() - {"etc/conda/deactivate.d/lab.sh"}


def test_every_shell_reads_the_same(mac):
    """What the probe says is one and the same under all of them."""
    texts = {
        tuple(line for line in done.stdout.splitlines() if line.startswith("own"))
        for shell in shells.THERE
        for done in [mac.run(probe.build_script("~/miniconda3"), shell=shell)]
    }
    assert len(texts) == 1
    assert macs.run(mac.root, probe.build_script("~/miniconda3")).stderr == ""
