"""`make on-this-mac` on a simulated Mac: the same script does the same job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from on_this_mac import Step, StopError, take
from probed import snapshot
from progress_events import without_events

from simlab import macs
from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "on_this_mac.py"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot):
    """One Mac, and the mirrors of its lab."""
    with SimLab(tmp_path_factory.mktemp("trial") / "lab", 1, simlab_depot.root) as lab:
        yield lab


@pytest.fixture(scope="module")
def mac(lab):
    """That Mac, whose account has a Miniconda and settings of its own."""
    mac = lab.macs["studio-01"]
    for name, text in {".condarc": "channels: [own]\n", "miniconda3/bin/conda": "own\n"}.items():
        (mac.home / name).parent.mkdir(parents=True, exist_ok=True)
        (mac.home / name).write_text(text, encoding="utf-8")
    return mac


@pytest.fixture(scope="module")
def lab_file(lab):
    """The lab file of the Mac at hand, with the simulated mirrors."""
    described = yaml.safe_load(lab.lab_file.read_text(encoding="utf-8"))
    groups = described["groups"]
    settings = {**groups["simulated"], **groups["apple-silicon"]}
    for key in ("ssh", "accept_license"):
        settings.pop(key, None)
    this_mac = {"connection": "local", **settings, "environments": ["torch"]}
    file = lab.directory.with_name("this_mac.yaml")
    environments = {"torch": {"python": "3.12"}}
    file.write_text(yaml.safe_dump({"environments": environments, "macs": {"this-mac": this_mac}}))
    return file


def run(mac, lab_file, *options):
    """Run the trial as a person would on that Mac, without a terminal."""
    environment = {**macs.environment(mac.root), "PYTHONPATH": str(ROOT)}
    environment["TORCHARD_DEPOT"] = os.environ["TORCHARD_DEPOT"]
    return subprocess.run(
        [sys.executable, SCRIPT, "--lab", lab_file, *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def persons(mac):
    """Return what a person has in the home, apart from the trial."""
    trial = os.fsencode(mac.home / "torchard-trial")
    return {path: told for path, told in snapshot(mac.home).items() if not path.startswith(trial)}


def test_the_whole_job_is_done_in_a_folder_of_its_own(lab, mac, lab_file, artefacts):
    """Each step ends as it must; what the person has is as it was, and nothing is asked twice."""
    before = persons(mac)
    asked = run(mac, lab_file)
    assert (asked.returncode, asked.stderr.count("Nothing was done.")) == (1, 1)
    assert "Without that, Miniforge is installed." in asked.stdout
    assert "Plan: 1 Mac to change" in asked.stdout
    assert not (mac.home / "torchard-trial/miniforge3").exists()
    done = run(mac, lab_file, "--yes", "--accept-license")
    assert (done.returncode, without_events(done.stderr)) == (0, ""), done.stdout
    assert done.stdout.count("\n$ ") == 11
    assert "rhash" in done.stdout
    assert "passed" in done.stdout
    assert done.stdout.rstrip().endswith("removes all of it.")
    assert persons(mac) == before


def test_mps_in_a_virtual_machine_ends_in_its_sentence(lab, mac, lab_file, artefacts):
    """That is what a job on a hosted runner looks for."""
    trial = mac.home / "torchard-trial-mps"
    options = ("--trial", trial, "--yes", "--accept-license", "--backend", "mps")
    options += ("--expect-virtual",)
    mac.set(virtual=True)
    done = run(mac, lab_file, *options)
    assert (done.returncode, without_events(done.stderr)) == (0, ""), done.stdout
    assert "write `backend: cpu`" in done.stdout


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (Step("It works", ("-c", ""), (1,)), "This ended with 0, and 1 was expected."),
        (Step("It says why", ("-c", "print('no')"), says="cpu"), "This did not say 'cpu'."),
    ],
)
def test_a_step_that_ends_otherwise_ends_the_trial(tmp_path, step, says):
    """Where MPS works, the job that looks for its failure fails."""
    with pytest.raises(StopError, match=says):
        take(step, tmp_path, tmp_path)


def test_a_folder_that_somebody_else_uses_is_left_alone(mac, lab_file, artefacts):
    """Its name says nothing: only an earlier trial's mark does."""
    taken = mac.home / "torchard-taken"
    taken.mkdir()
    (taken / "notes").write_text("mine")
    refused = run(mac, lab_file, "--trial", taken, "--yes")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is not from an earlier trial. Nothing was changed." in refused.stderr
    assert [path.name for path in taken.iterdir()] == ["notes"]


def test_another_system_is_refused():
    """On Linux, one sentence says why, and what to do instead."""
    if sys.platform == "darwin":
        pytest.skip("this is a Mac")
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "this trial needs a Mac. Nothing was changed." in done.stderr
