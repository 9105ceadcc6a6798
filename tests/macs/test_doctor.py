"""`torchard doctor` on simulated Macs: what gets in the way, and nothing is written."""

from __future__ import annotations

import json

import pytest

from simlab.lab import SimLab
from simlab.spec import MacSpec

SPECS = [
    MacSpec("fine", "arm64", "15.1"),
    MacSpec("home", "arm64", "26.0", filevault=True, sleeps=1, updates=2, clock=-7 * 86400),
    MacSpec("off", "arm64", "15.1", fault="refuse"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot):
    """Three Macs without locks; one has another conda."""
    with SimLab(tmp_path_factory.mktemp("doctor") / "lab", SPECS, simlab_depot.root) as lab:
        conda = lab.macs["home"].home / "miniforge3/bin/conda"
        conda.parent.mkdir(parents=True)
        conda.write_text("#!/bin/sh\n", encoding="utf-8")
        conda.chmod(0o755)
        yield lab


def tree(lab):
    """Return all files in the homes of the Macs."""
    return {str(one) for mac in lab.macs.values() for one in mac.home.rglob("*")}


def test_each_mac_says_what_gets_in_the_way_and_what_to_do(lab, torchard):
    """The JSON has all of it, and no Mac gets a file."""
    before = tree(lab)
    done = torchard("doctor", lab.lab_file, "--json")
    assert tree(lab) == before
    found = json.loads(done.stdout)
    topics = {one["topic"] for one in found["controller"]}
    assert topics >= {"python", "uv", "ssh", "depot", "network"}
    assert {one["level"] for one in found["controller"]} <= {"good", "warning"}
    rows = {
        name: {one["topic"]: one["text"] for one in mac["findings"]}
        for name, mac in found["macs"].items()
    }
    assert (done.returncode, found["macs"]["off"]["state"]) == (3, "unreachable")
    assert "turn Remote Login on there" in rows["off"]["unreachable"]
    assert rows["fine"].keys() == {"lock"}
    assert "`torchard lock`" in rows["fine"]["lock"]
    assert "only a password" in rows["home"]["filevault"]
    assert "sleeps after 1 minute" in rows["home"]["sleep"]
    assert "2 updates" in rows["home"]["update"]
    assert "~/miniforge3" in rows["home"]["conda"]
    assert "its clock is 7 days behind" in rows["home"]["note"]


def test_a_problem_of_this_computer_is_1(lab, torchard, tmp_path):
    """The depot is a file here. The Macs are examined all the same."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    depot = str(tmp_path / "file/depot")
    done = torchard("doctor", lab.lab_file, "--limit", "fine", TORCHARD_DEPOT=depot)
    assert done.returncode == 1
    assert "! depot" in done.stdout
    assert "set TORCHARD_DEPOT to another folder" in done.stdout
    assert "\nfine  · arm64 · macOS 15.1\n" in done.stdout
    assert done.stdout.endswith("Found: 1 problem, 1 warning.\n")


def test_without_a_lab_this_computer_is_examined(torchard, tmp_path):
    """The lab is a problem then, with what to write."""
    done = torchard("doctor", tmp_path / "none.yaml")
    assert done.returncode == 1
    assert "= uv" in done.stdout
    assert "! lab" in done.stdout
