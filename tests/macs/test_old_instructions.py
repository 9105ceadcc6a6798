"""What the old instructions for PyTorch with conda were followed for, done by Torchard on Macs.

"CPU only on an Intel Mac", "MPS from macOS 12.3 on" and "a nightly", each from the lab file to the
verification, as `docs/old-instructions.md` tells it.
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from labs import describe

from simlab.lab import SimLab
from simlab.spec import MacSpec

# What docs/old-instructions.md writes for each of its three headings.
ENVIRONMENTS = """\
environments:
  cpu: {python: "3.12", pytorch: {backend: cpu}}
  newer: {python: "3.12", pytorch: {source: conda-forge, with: [torchvision]}}
  torch: {python: "3.12", pytorch: {backend: mps}}
  edge: {python: "3.12", pytorch: {release: nightly}}
"""
MACS = {
    MacSpec("library", "x86_64", "12.7"): ["cpu", "newer"],
    MacSpec("monterey", "arm64", "12.3"): ["torch"],
    MacSpec("ventura", "arm64", "13.6"): ["torch"],
    MacSpec("sonoma", "arm64", "14.7"): ["torch"],
    MacSpec("sequoia", "arm64", "15.1"): ["torch", "edge"],
}
VERIFIED = {
    ("library", "cpu"): "torch 2.2.2, CPU",
    ("library", "newer"): "torch 2.13.0, CPU",
    ("monterey", "torch"): "torch 2.4.1, MPS works",
    ("ventura", "torch"): "torch 2.8.0, MPS works",
    ("sonoma", "torch"): "torch 2.14.1, MPS works",
    ("sequoia", "torch"): "torch 2.15.0, MPS works",
    ("sequoia", "edge"): "torch 2.16.0.dev20261123, MPS works",
}


@pytest.fixture(scope="module")
def job(tmp_path_factory, simlab_depot, torchard):
    """The whole job, each command once, and what it said."""
    with SimLab(tmp_path_factory.mktemp("old") / "lab", list(MACS), simlab_depot.root) as lab:
        describe(lab, ENVIRONMENTS, {mac.name: names for mac, names in MACS.items()})
        done = SimpleNamespace(lab=lab)
        done.check = torchard("check", lab.lab_file)
        done.lock = torchard("lock", lab.lab_file)
        done.plan = torchard("plan", lab.lab_file, "--json")
        done.apply = torchard("apply", lab.lab_file, "--yes", "--json")
        done.verify = torchard("verify", lab.lab_file, "--json")
        done.again = torchard("plan", lab.lab_file, "--locked")
        yield done


def locked(job, name, group):
    """Return a lock as data."""
    path = job.lab.directory / "locks" / "lab" / f"{name}.{group}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def notes(job, mac, name):
    """Return what the plan says of an environment's PyTorch."""
    steps = json.loads(job.plan.stdout)["macs"][mac]["steps"]
    return next(step["notes"] for step in steps if step["environment"] == name)


def versions(lock, kind):
    return {one["name"]: one["version"] for one in lock[kind]}


def test_every_story_ends_as_the_page_says(job):
    """Checked, locked, planned, applied, verified; and then there is nothing to do."""
    ends = [job.check, job.lock, job.plan, job.apply, job.verify, job.again]
    assert [done.returncode for done in ends] == [0, 0, 2, 0, 0, 0], [one.stderr for one in ends]
    assert "Plan: 0 Macs to change, 5 up to date." in job.again.stdout


@pytest.mark.parametrize("command", ["apply", "verify"])
def test_each_mac_gets_the_pytorch_that_fits_it(job, command):
    """A real sum on MPS from macOS 12.3 on; on the processor alone on an Intel Mac."""
    told = json.loads(getattr(job, command).stdout)["macs"]
    verifications = {
        (mac, name): verification.partition(", ")[2]
        for mac, one in told.items()
        for name, verification in one["verifications"].items()
    }
    assert verifications == VERIFIED


def test_an_intel_mac_gets_the_last_wheels_with_a_numpy_that_fits(job):
    """The 2.2.2 trio, numpy below 2, no `cpuonly`, and a word on its being the last."""
    lock = locked(job, "cpu", "osx-64-macos12")
    wheels = versions(lock, "wheels")
    trio = {"torch": "2.2.2", "torchvision": "0.17.2", "torchaudio": "2.2.2"}
    assert wheels.items() >= trio.items()
    assert wheels["numpy"].startswith("1.26.")
    assert "cpuonly" not in versions(lock, "conda") | wheels
    assert "2.2.2 is the last release with wheels for Intel Macs." in notes(job, "library", "cpu")


def test_wheels_with_numpy_for_a_wheel_meet_no_second_openmp(job):
    """No plan warns of two runtimes where conda brings neither numpy nor PyTorch."""
    assert "OpenMP" not in job.plan.stdout


@pytest.mark.parametrize("command", ["plan", "apply", "verify"])
def test_an_old_pytorch_is_warned_of_as_long_as_it_is_there(job, command):
    """By the names of what is known, and with what to write for another; of no newer one."""
    told = json.loads(getattr(job, command).stdout)["macs"]
    warnings = [warning for one in told.values() for warning in one["warnings"]]
    assert warnings == [
        (
            "cpu: torch 2.2.2 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load only"
            " weights that you trust, or write `source: conda-forge` (torch 2.10.0)"
        ),
        (
            "torch: torch 2.4.1 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load"
            " only weights that you trust, or write `backend: cpu` (torch 2.11.0), or update the"
            " Mac to macOS 14 (torch 2.14.1)"
        ),
        (
            "torch: torch 2.8.0 has a known vulnerability (CVE-2026-24747): load only weights that"
            " you trust, or write `backend: cpu` (torch 2.11.0), or update the Mac to macOS 14"
            " (torch 2.14.1)"
        ),
    ]
    assert job.again.stdout.count("CVE-2026-24747") == 3


def test_an_intel_mac_gets_something_newer_from_conda_forge(job):
    """All of PyTorch as conda packages of one channel, with a word on how little it is tested."""
    lock = locked(job, "newer", "osx-64-macos12")
    assert versions(lock, "conda").items() >= {"pytorch": "2.13.0", "torchvision": "0.28.0"}.items()
    assert {one["channel"] for one in lock["conda"]} == {"conda-forge"}
    assert lock["wheels"] == []
    assert any("does not test them" in note for note in notes(job, "library", "newer"))


def test_a_nightly_is_locked_by_its_date(job):
    """Both wheels of one day; torchaudio left out and the dead channel named, in so many words."""
    lock = locked(job, "edge", "osx-arm64-macos15")
    wheels = versions(lock, "wheels")
    assert wheels["torch"] == "2.16.0.dev20261123"
    assert wheels["torchvision"] == "0.30.0.dev20261123"
    assert "torchaudio" not in wheels
    said = " ".join(notes(job, "sequoia", "edge"))
    assert "torchaudio is left out" in said
    assert "The pytorch-nightly channel has had no new builds since" in said
