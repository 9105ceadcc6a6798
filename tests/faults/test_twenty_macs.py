"""Twenty Macs, half of which go wrong in ten ways: none of them is another one's trouble."""

from __future__ import annotations

import json
import re

import pytest
from faultlab import commands, count_commands

from simlab.lab import SimLab
from simlab.spec import MacSpec

INSTALLER = b"#!/bin/sh\ntouch $HOME/executed\n"


def _spec():
    arm = {"arch": "arm64", "macos": "15.1"}
    macs = [
        MacSpec("off", **arm, fault="refuse"),
        MacSpec("off-too", **arm, fault="refuse"),
        MacSpec("stranger", **arm),
        MacSpec("changed", **arm, fault="hostkey"),
        MacSpec("other", **arm),
        MacSpec("full", **arm, fault={"disk_free": 1_000_000}),
        MacSpec("full-too", **arm, fault={"disk_free": 0}),
        MacSpec("taken", **arm),
        MacSpec("intel-mps", "x86_64", "12.7"),
        MacSpec("old", "arm64", "11.7"),
        MacSpec("poisoned", **arm),
        MacSpec("cut-installing", **arm, fault={"drop_during": 3}),
        MacSpec("cut-building", **arm, fault={"drop_during": 6}),
        MacSpec("no-mps", **arm, mps=False),
        MacSpec("good", **arm),
        MacSpec("rosetta", **arm, rosetta=True),
        MacSpec("imac", "x86_64", "12.7"),
    ]
    return [*macs, *(MacSpec(f"spare-{n}", **arm) for n in range(20 - len(macs)))]


def _describe(lab):
    """Let the lab file say of some Macs what is not so, or asks too much."""
    text = lab.lab_file.read_text()
    text = text.replace("environments:\n", "environments:\n  mps:\n    python: '3.12'\n"
        "    pytorch: {backend: mps}\n", 1)

    def say(name, old, new):
        nonlocal text
        head, mac, tail = text.partition(f"  {name}:\n")
        assert mac
        text = head + mac + tail.replace(old, new, 1)

    say("other", "arch: arm64", "arch: x86_64")
    say("intel-mps", "groups:", "environments: [mps]\n    groups:")
    for name in lab.macs:
        if name.startswith("spare"):  # Miniconda alone
            say(name, "groups:", "environments: []\n    groups:")
    lab.lab_file.write_text(text)
    known_hosts = lab.directory / "known_hosts"
    lines = known_hosts.read_text().splitlines(keepends=True)
    port = lab.macs["stranger"].port
    known_hosts.write_text("".join(line for line in lines if f":{port} " not in line))


def _arrange(lab):
    _describe(lab)
    count_commands(lab.macs["stranger"])
    (lab.macs["taken"].home / "miniconda3").mkdir()
    (lab.macs["taken"].home / "miniconda3/thesis.txt").write_text("mine")
    depot = lab.macs["poisoned"].home / ".torchard/depot"
    depot.mkdir(parents=True)
    sha256 = re.search(r'arm64.sh"\n *sha256: "(\w+)"', lab.lab_file.read_text())[1]
    (depot / sha256).write_bytes(INSTALLER)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory, simlab_depot, torchard):
    """The lab after one apply: the lab, the exit code, and what was said of each Mac."""
    with SimLab(tmp_path_factory.mktemp("twenty") / "lab", _spec(), simlab_depot.root) as lab:
        _arrange(lab)
        before = lab.snapshot()
        done = torchard("apply", lab.lab_file, "--yes", "--json")
        print(done.stdout, done.stderr)
        yield lab, before, done.returncode, json.loads(done.stdout)["macs"], lab.snapshot()


def test_x(twenty):
    lab, before, code, macs, after = twenty
    print(code)
    for name, mac in macs.items():
        print(name, mac["state"], mac["reason"], mac.get("proof"))
    assert 0
