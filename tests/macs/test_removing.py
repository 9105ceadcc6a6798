"""`torchard remove`: the plan first, then each generation goes. Files of people are kept."""

from __future__ import annotations

import json
import re

import pytest
from labs import describe

from simlab.lab import SimLab
from simlab.spec import MacSpec

NAMES = ("studio-01", "studio-02")
FIRST, SECOND = 'pip: ["einops"]', 'pip: ["einops", "pytz"]'
ENVIRONMENTS = f"""\
environments:
  tools: {{python: "3.12", pytorch: false, {FIRST}}}
  other: {{python: "3.12", pytorch: false}}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """Two Macs with two environments; of `tools` they have two generations."""
    spec = [MacSpec(name, "arm64", "15.1") for name in NAMES]
    with SimLab(tmp_path_factory.mktemp("remove") / "lab", spec, simlab_depot.root) as lab:
        describe(lab, ENVIRONMENTS, {name: ["tools", "other"] for name in NAMES})
        for text in (FIRST, SECOND):
            now = lab.lab_file.read_text(encoding="utf-8")
            lab.lab_file.write_text(now.replace(FIRST, text), encoding="utf-8")
            done = torchard("apply", lab.lab_file, "--yes")
            assert done.returncode == 0, done.stdout + done.stderr
        yield lab


def generations(mac):
    return sorted(
        one.name.rpartition("-")[0] for one in (mac.home / ".torchard/generations").iterdir()
    )


def test_the_plan_names_what_is_kept_and_a_yes_removes_it(lab, torchard):
    """Without a terminal and --yes, nothing changes. A second removal has nothing to do."""
    mac = lab.macs["studio-01"]
    notes = mac.home / "miniconda3/envs/tools/project/notes.txt"
    notes.parent.mkdir()
    notes.write_text("mine", encoding="utf-8")
    words = ("remove", "tools", lab.lab_file, "--limit", "studio-01")
    before = lab.snapshot("studio-01")
    asked = torchard(*words)
    assert asked.returncode == 1
    assert "Nothing was changed: there is no terminal to ask at." in asked.stderr
    assert lab.snapshot("studio-01") == before
    done = torchard(*words, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        r"  ! note +the lab gives tools to this Mac, so the next apply builds it again;.*",
        r"  - tools +~/\.torchard/generations/tools-[0-9a-f]{8} +with generations",
        r"      you asked to remove it",
        r"      to ~/\.torchard/kept from tools-[0-9a-f]{8}: 1 file, 4 bytes: project/",
        r"Plan: 1 Mac to change, 0 up to date\.",
        r"  - tools +~/\.torchard/generations/tools-[0-9a-f]{8} +removed",
        r"Done: 1 Mac up to date\.",
    ):
        assert re.search(f"^{line}$", done.stdout, re.MULTILINE), line
    assert generations(mac) == ["other"]
    assert [one.name for one in (mac.home / "miniconda3/envs").glob("[!.]*")] == ["other"]
    (kept,) = (mac.home / ".torchard/kept").glob("*/files/project/notes.txt")
    assert kept.read_text(encoding="utf-8") == "mine"
    again = torchard(*words, "--yes")
    assert again.returncode == 0
    assert "Nothing has been changed.\n" in again.stdout
    assert again.stderr == "No Mac that was read has tools. They have: other.\n"


def test_a_lost_answer_is_repaired_by_the_same_command(lab, torchard):
    """The Mac goes on by itself, or the next run does the rest. The other environment stays."""
    mac = lab.macs["studio-02"]
    mac.set(fault={"drop_answer": 2})
    words = ("remove", "tools", lab.lab_file, "--limit", "studio-02", "--yes", "--json")
    torchard(*words)
    mac.set(fault=None)
    done = torchard(*words)
    result = json.loads(done.stdout)
    assert (done.returncode, result["kind"]) == (0, "result")
    assert result["macs"]["studio-02"]["state"] == "up_to_date"
    assert generations(mac) == ["other"]
