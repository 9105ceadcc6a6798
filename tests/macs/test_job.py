"""The job of Torchard, on simulated Macs, as a person lives it: each command once, in a row.

The five Macs of the default lab are brought up to date once, and every test here looks at them.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest

from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]
TORCH = {
    "studio-01": "2.15.0",  # arm64, macOS 15.1
    "studio-02": "2.14.1",  # arm64, macOS 14.7
    "studio-03": "2.8.0",  # arm64, macOS 13.6
    "library-01": "2.2.2",  # x86_64, macOS 12.7
    "studio-04": "2.15.0",  # arm64, macOS 15.1, its shell under Rosetta
}


def touched(lab):
    """Everything in every home with the time of its last change, contents or not."""
    return {
        path: os.lstat(path).st_ctime_ns
        for mac in lab.macs.values()
        for path in (mac.home, *mac.home.rglob("*"))
    }


@pytest.fixture(scope="module")
def job(tmp_path_factory, simlab_depot, torchard, testinfra):
    """The whole job; what each command said, and what was on the Macs before and after."""
    directory = tmp_path_factory.mktemp("job") / "lab"
    with SimLab(directory, 5, simlab_depot.root) as lab:
        done = SimpleNamespace(lab=lab)
        done.check = torchard("check", lab.lab_file)
        done.lock = torchard("lock", lab.lab_file)
        bare, untouched = lab.snapshot(), touched(lab)
        done.plan = torchard("plan", lab.lab_file)
        done.plan_json = torchard("plan", lab.lab_file, "--json")
        done.writes = (lab.snapshot() != bare, touched(lab) != untouched)
        done.apply = torchard("apply", lab.lab_file, "--yes")
        built, untouched = lab.snapshot(), touched(lab)
        done.apply_again = torchard("apply", lab.lab_file)
        done.plan_again = torchard("plan", lab.lab_file)
        done.plan_again_json = torchard("plan", lab.lab_file, "--json")
        done.verify = torchard("verify", lab.lab_file)
        done.verify_json = torchard("verify", lab.lab_file, "--json")
        done.lock_check = torchard("lock", lab.lab_file, "--check")
        done.writes_again = (lab.snapshot() != built, touched(lab) != untouched)
        done.look = testinfra(lab.lab_file)
        yield done


def test_checking_contacts_nobody_and_counts(job):
    """`check` needs no Mac, and says what it read."""
    assert (job.check.returncode, job.check.stderr) == (0, "")
    assert "5 Macs, 1 environment" in job.check.stdout


def test_locking_solves_once_for_each_class(job):
    """Five Macs of four classes get four locks, beside the lab file that owns them."""
    assert (job.lock.returncode, job.lock.stderr) == (0, "")
    written = sorted(path.name for path in (job.lab.directory / "locks" / "lab").iterdir())
    assert written == [
        "torch.osx-64-macos12.json",
        "torch.osx-arm64-macos13.json",
        "torch.osx-arm64-macos14.json",
        "torch.osx-arm64-macos15.json",
    ]
    assert len(re.findall(r"^written ", job.lock.stdout, re.MULTILINE)) == 4


def test_a_plan_shows_every_mac_and_exits_2(job):
    """A plan with something to do says so on stdout and in the exit code; stderr stays empty."""
    assert (job.plan.returncode, job.plan.stderr) == (2, "")
    assert re.search(r"^Plan: 5 Macs to change, 0 up to date\.", job.plan.stdout, re.MULTILINE)
    # Who tested before may have fetched all of it.
    to_fetch = json.loads(job.plan_json.stdout)["summary"]["fetch_bytes"]
    assert ("to fetch once" in job.plan.stdout) == (to_fetch > 0)
    assert job.plan.stdout.endswith("Nothing has been changed.\n")


def test_planning_writes_nothing_on_any_mac(job):
    """Not one byte, name, mode or time in any home is another after two plans."""
    assert job.writes == (False, False)


def test_text_and_json_of_a_plan_agree(job):
    """Both forms name the same Macs, versions and counts, with the same exit code."""
    told = json.loads(job.plan_json.stdout)
    assert (job.plan_json.returncode, job.plan_json.stderr) == (2, "")
    heads = re.findall(r"^1 Mac +· (\S+) · (\S+) · macOS (\S+)$", job.plan.stdout, re.MULTILINE)
    assert heads == [(name, mac["arch"], mac["macos"]) for name, mac in told["macs"].items()]
    versions = re.findall(r"^      \+ torch +(\S+)", job.plan.stdout, re.MULTILINE)
    assert versions == [version_of("torch", mac) for mac in told["macs"].values()]
    assert told["summary"]["change"] == 5


def version_of(name, mac):
    """Return the version that a Mac's plan gives a package."""
    packages = [one for step in mac["steps"] for one in step["packages"]]
    return next(one["to"] for one in packages if one["name"] == name)


@pytest.mark.parametrize("command", ["plan_json", "plan_again_json", "verify_json"])
def test_the_json_is_what_its_schema_says(job, command):
    """All that is printed as JSON fits schemas/plan.schema.json."""
    schema = json.loads((ROOT / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(getattr(job, command).stdout), schema)


def test_each_mac_gets_the_torch_that_fits_it(job):
    """By arch and macOS: the newest release whose wheels and MPS fit that very Mac."""
    told = json.loads(job.plan_json.stdout)
    assert {name: version_of("torch", mac) for name, mac in told["macs"].items()} == TORCH
    for name, mac in job.lab.macs.items():
        done = mac.run(
            'exec miniconda3/envs/torch/bin/python -I -c "import torch; print(torch.__version__)"'
        )
        assert (done.stdout.strip(), done.stderr) == (TORCH[name], "")


def test_applying_brings_every_mac_up_to_date(job):
    """`apply --yes` does it without a terminal, and reports each verification."""
    assert (job.apply.returncode, job.apply.stderr) == (0, "")
    assert job.apply.stdout.endswith("Done: 5 Macs up to date.\n")
    verifications = re.findall(r"torch (\S+), (MPS works|CPU)$", job.apply.stdout, re.MULTILINE)
    assert dict(verifications) == {
        "2.15.0": "MPS works",
        "2.14.1": "MPS works",
        "2.8.0": "MPS works",
        "2.2.2": "CPU",
    }


def test_a_second_run_has_nothing_to_do(job):
    """Applied again, nothing is asked, nothing changes, and the plan is empty: exit 0."""
    for done in (job.apply_again, job.plan_again):
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith(
            "Plan: 0 Macs to change, 5 up to date.\nNothing has been changed.\n"
        )
    told = json.loads(job.plan_again_json.stdout)
    assert {(mac["state"], len(mac["steps"])) for mac in told["macs"].values()} == {
        ("up_to_date", 0)
    }


def test_verify_runs_again_and_writes_nothing(job):
    """`verify` runs every verification on every Mac; what is on the disks stays as it was."""
    assert (job.verify.returncode, job.verify.stderr) == (0, "")
    told = json.loads(job.verify_json.stdout)
    assert {name: mac["verifications"].keys() for name, mac in told["macs"].items()} == {
        name: {"torch"} for name in TORCH
    }
    assert job.writes_again == (False, False)


def test_locks_that_fit_are_up_to_date(job):
    """`lock --check` has nothing to say against locks that were just made."""
    assert (job.lock_check.returncode, job.lock_check.stderr) == (0, "")
    assert len(re.findall(r"^kept ", job.lock_check.stdout, re.MULTILINE)) == 4


def test_testinfra_finds_the_same(job):
    """`pytest --torchard-lab LAB`, which knows nothing of plans, passes on every Mac."""
    assert job.look.returncode == 0, job.look.stdout
    assert "35 passed" in job.look.stdout
