"""A changed lab or a changed Mac: the plan names each package, and an apply repairs it."""

from __future__ import annotations

import json
import re

import pytest
from homes import Home

from simlab.lab import SimLab


@pytest.fixture(scope="module")
def applied_once(tmp_path_factory, simlab_depot, torchard):
    with SimLab(tmp_path_factory.mktemp("changes") / "lab", 1, simlab_depot.root) as lab:
        bring_in_order(torchard, lab)
        lab.home = Home(lab.macs["studio-01"], lab.directory / "kept")
        lab.home.keep("lab")
        yield lab


@pytest.fixture
def applied(applied_once):
    """A lab of one up-to-date Mac; a test may change the Mac and the lab file."""
    locks = (applied_once.directory / "locks").rglob("*.json")
    files = {path: path.read_bytes() for path in (applied_once.lab_file, *locks)}
    yield applied_once
    for path, content in files.items():
        path.write_bytes(content)
    applied_once.home.put_back()


def bring_in_order(torchard, lab):
    """Apply whatever is to do; return what was printed."""
    done = torchard("apply", lab.lab_file, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def edit(lab, old, new):
    """Change the lab file."""
    text = lab.lab_file.read_text(encoding="utf-8")
    assert old in text
    lab.lab_file.write_text(text.replace(old, new), encoding="utf-8")


def shown(lab):
    """Return the path that is shown as the environment `torch`, below the home."""
    home = lab.macs["studio-01"].home
    return str((home / "miniconda3/envs/torch").readlink().relative_to(home))


def version_of_torch(lab, generation):
    """Ask a generation's own python."""
    command = f"{generation}/bin/python -I -c 'import torch; print(torch.__version__)'"
    return lab.macs["studio-01"].run(command).stdout.strip()


def test_a_changed_lab_changes_package_by_package(applied, torchard):
    """Another release and one more package: old -> new for each, and the rest is kept.

    The new generation is built beside the old one, which stays where it was, whole; and asked
    for again, it is only shown again, also when a third has been in between.
    """
    first = shown(applied)
    edit(applied, "release: stable", 'release: "2.14.1"')
    edit(applied, 'pip: ["einops"]', 'pip: ["einops", "pandas"]')
    plan = torchard("plan", applied.lab_file)
    assert plan.returncode == 2, plan.stderr
    for line in (
        r"  ~ torch +\d+ kept, \d+ to change +new generation",
        r"      ~ torch +2\.15\.0 -> 2\.14\.1 +wheel, MPS expected",
        r"      \+ pandas +3\.1\.1 +wheel",
        r"Lock file written: .*torch\.osx-arm64-macos15\.json",
    ):
        assert re.search(f"^{line}$", plan.stdout, re.MULTILINE), line

    bring_in_order(torchard, applied)
    second = shown(applied)
    assert version_of_torch(applied, second) == "2.14.1"
    assert version_of_torch(applied, first) == "2.15.0"

    edit(applied, 'release: "2.14.1"', "release: stable")
    edit(applied, 'pip: ["einops", "pandas"]', 'pip: ["einops"]')
    told = bring_in_order(torchard, applied)
    assert "the lab's generation is built and verified, but another one is active" in told
    assert shown(applied) == first

    edit(applied, 'pip: ["einops"]', "pip: []")
    bring_in_order(torchard, applied)
    generations = applied.macs["studio-01"].home / ".torchard/generations"
    assert {path.name for path in generations.iterdir()} == {
        first.rpartition("/")[2],
        shown(applied).rpartition("/")[2],
    }


def test_an_environment_that_leaves_the_lab_is_left_alone(applied, torchard):
    """What is no longer described stays on the Mac, untouched: nothing is removed unasked."""
    home = applied.snapshot()
    edit(applied, "    environments: [torch]", "    environments: []")
    done = torchard("apply", applied.lab_file, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Plan: 0 Macs to change, 1 up to date." in done.stdout
    assert applied.snapshot() == home


def test_what_was_done_by_hand_is_named_and_repaired(applied, torchard, testinfra):
    """The plan names drift, verification and testinfra's tests fail, and a new build repairs it."""
    mac, before = applied.macs["studio-01"], shown(applied)
    channel = f"--override-channels -c {applied.web_url}/conda/conda-forge"
    index = f"--index-url {applied.web_url}/simple --trusted-host 127.0.0.1"
    for command in (
        f"miniconda3/bin/conda install -y -p {before} {channel} git",
        f"{before}/bin/python -m pip install -q {index} pytz",
        f"rm -r {before}/lib/python3.12/site-packages/einops*",
    ):
        done = mac.run(command)
        assert done.returncode == 0, done.stderr
    plan = torchard("plan", applied.lab_file, "--json", "--locked")
    assert plan.returncode == 2
    (step,) = json.loads(plan.stdout)["macs"]["studio-01"]["steps"]
    named = {
        one["name"]: (one["change"], one["from"], one["to"], one["note"])
        for one in step["packages"]
    }
    by_hand = "not in the lock; installed by hand"
    drift = {
        "git": ("remove", "2.51.2", None, by_hand),
        "pytz": ("remove", "2026.6", None, by_hand),
        "einops": ("add", None, "0.8.2", ""),
    }
    assert named.items() >= drift.items()
    verified = torchard("verify", applied.lab_file)
    assert verified.returncode == 1
    assert "einops" in verified.stdout
    found = testinfra(applied.lab_file)
    assert found.returncode == 1
    tests = ("conda_sees_the_locked_packages", "pip_sees_the_locked_wheels", "verification_passes")
    for test in tests:
        assert f"{test}[studio-01/torch]" in found.stdout

    told = bring_in_order(torchard, applied)
    assert "changed by hand since it was built" in told
    assert shown(applied) != before
    assert (mac.home / before).is_dir()
    assert torchard("verify", applied.lab_file).returncode == 0


def test_another_installer_replaces_the_miniconda_below_the_environments(
    applied, torchard, simlab_depot
):
    """The one that was there is set aside; what is shown stays what it was, and works."""
    before = shown(applied)
    for old, new in zip(
        simlab_depot.installers["arm64"], simlab_depot.installers["miniforge-arm64"], strict=True
    ):
        edit(applied, old, new)
    plan = torchard("plan", applied.lab_file)
    assert plan.returncode == 2, plan.stderr
    assert re.search(r"(?m)^  ~ miniconda .* -> Miniforge3\S+ at ~/miniconda3$", plan.stdout)
    assert "~/miniconda3 is set aside, the environments stay" in plan.stdout
    assert "Plan: 1 Mac to change" in plan.stdout
    told = bring_in_order(torchard, applied)
    assert "installed again" in told
    assert shown(applied) == before
    assert version_of_torch(applied, "miniconda3/envs/torch") == "2.15.0"
    home = applied.macs["studio-01"].home
    (aside,) = home.glob("miniconda3.torchard-aside-*")
    assert (aside / "bin/conda").exists()
    settings = (home / "miniconda3/.condarc").read_text(encoding="utf-8")
    assert settings == "channels:\n  - conda-forge\n"
    assert torchard("verify", applied.lab_file).returncode == 0
