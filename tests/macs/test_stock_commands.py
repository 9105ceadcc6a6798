"""pyinfra's own command does the same job with the same files: nobody needs `torchard` for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fixed_catalog import PYTHON_M

from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """Two Macs, and the locks of their lab."""
    with SimLab(tmp_path_factory.mktemp("stock") / "lab", 2, simlab_depot.root) as lab:
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


@pytest.fixture
def pyinfra(lab, artefacts, tmp_path):
    """The `pyinfra` command on the lab, or on another, in the checkout or another directory."""

    def run(*arguments, lab_file=None, cwd=ROOT):
        environment = {**os.environ, "TORCHARD_LAB": str(lab_file or lab.lab_file)}
        environment["PYTHONPATH"] = str(ROOT)
        return subprocess.run(
            [*PYTHON_M, "pyinfra", *map(str, arguments)],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


DRY = ("inventory/lab.py", "deploy.py", "--dry", "--diff")
DO = ("inventory/lab.py", "deploy.py", "-y")


def changed_lab(lab, tmp_path, old, new):
    """A lab file like the lab's own, in another place, with something changed."""
    text = lab.lab_file.read_text(encoding="utf-8")
    assert old in text
    other = tmp_path / "lab.yaml"
    other.write_text(text.replace(old, new), encoding="utf-8")
    (tmp_path / "locks").symlink_to(lab.directory / "locks")
    return other


def test_the_stock_commands_show_then_do_then_have_nothing_to_do(lab, pyinfra, tmp_path, torchard):
    """--dry --diff shows each Mac's packages once and writes nothing; -y converges, from anywhere.

    What pyinfra has done, `torchard plan` finds in order.
    """
    before = lab.snapshot()
    dry = pyinfra(*DRY)
    assert dry.returncode == 0, dry.stderr
    assert lab.snapshot() == before
    for name, version in (("studio-01", "2.15.0"), ("studio-02", "2.14.1")):
        assert dry.stderr.count(f"[{name}] Will change torch") == 1
        assert len(re.findall(rf"\+ torch +{re.escape(version)} +wheel", dry.stderr)) == 1
    assert re.search(r"Environment torch +2 \(studio-01, studio-02\)", dry.stderr)

    elsewhere = (ROOT / "inventory/lab.py", ROOT / "deploy.py", "-y")
    done = pyinfra(*elsewhere, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"Grand total +6 +6 +- +-", done.stderr)
    again = pyinfra(*DO)
    assert again.returncode == 0, again.stderr
    assert re.search(r"Grand total +6 +- +- +6\b", again.stderr)
    assert torchard("plan", lab.lab_file).returncode == 0

    # docs/pyinfra.md: a command on every Mac, by the python of an environment.
    python = "~/miniconda3/envs/torch/bin/python"
    printing = f'{python} -c "import torch; print(torch.__version__)"'
    ran = pyinfra("inventory/lab.py", "-y", "exec", "--", printing)
    assert ran.returncode == 0, ran.stderr
    for name, version in (("studio-01", "2.15.0"), ("studio-02", "2.14.1")):
        assert re.search(rf"\[{name}\] .*{re.escape(version)}", ran.stdout + ran.stderr)


def test_a_limit_holds(pyinfra):
    """--limit NAME touches that Mac alone."""
    dry = pyinfra("--limit", "studio-02", *DRY)
    assert dry.returncode == 0, dry.stderr
    assert "[studio-02] Connected" in dry.stderr
    assert "studio-01" not in dry.stderr


def test_a_deploy_of_your_own_goes_beside_ours(lab, pyinfra, tmp_path):
    """It includes deploy.py, imports torchard.api, and adds an operation for some Macs."""
    own = tmp_path / "own.py"
    own.write_text(
        "from pyinfra import host, local\n"
        "from pyinfra.operations import files\n"
        "from torchard.api import open_lab\n"
        f"local.include({str(ROOT / 'deploy.py')!r})\n"
        "mac = open_lab(host.data.torchard_lab).find_mac(host.data.torchard_mac)\n"
        "if mac.name == 'studio-02':\n"
        "    files.directory(name='Models', path='models')\n",
        encoding="utf-8",
    )
    dry = pyinfra("inventory/lab.py", own, "--dry")
    assert dry.returncode == 0, dry.stderr
    # Whether there is anything to build depends on the tests before this one.
    assert "deploy.py | Environment torch " in dry.stderr
    assert re.search(r"Models +1 \(studio-02\)", dry.stderr)


OTHERS = """
from pyinfra import host
from pyinfra.facts.server import Command, Home
from pyinfra.operations import brew, files, server

home = host.get_fact(Home)
assert host.get_fact(Command, "echo read") == "read"
files.directory(name="Models", path=f"{home}/models")
files.file(name="Marker", path=f"{home}/models/marker")
files.line(name="Setting", path=f"{home}/.zprofile", line="export MODELS=models")
files.put(name="Weights", src=__file__, dest=f"{home}/models/weights")
server.shell(name="Command", commands=["echo done > models/done"])
brew.packages(name="Formula", packages=["jq"], present=False)
"""
NAMES = ("Models", "Marker", "Setting", "Weights", "Command")


@pytest.mark.parametrize("folder", ["before", "after"])
def test_operations_of_pyinfra_stand_beside_ours(lab, pyinfra, tmp_path, folder):
    """A dry run reads their facts, prints what they would do, and writes nothing; -y does it."""
    others = tmp_path / "others.py"
    others.write_text(OTHERS.replace("models", folder), encoding="utf-8")
    deploys = [others, "deploy.py"] if folder == "before" else ["deploy.py", others]
    state = lab.snapshot()
    dry = pyinfra("inventory/lab.py", *deploys, "--dry", "--limit", "studio-01")
    assert (dry.returncode, lab.snapshot() == state) == (0, True), dry.stderr
    for name in NAMES:
        assert re.search(rf"{name} +1 \(studio-01\)", dry.stderr), dry.stderr
    done = pyinfra("inventory/lab.py", *deploys, "-y", "--limit", "studio-01")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in dry.stderr + done.stderr
    assert lab.macs["studio-01"].run(f"cat {folder}/done").stdout == "done\n"


def test_an_apply_runs_what_a_person_added_to_deploy_py(lab, tmp_path, artefacts):
    """Their facts are read before anything is done, as pyinfra does."""
    project = tmp_path / "project"
    for folder in ("torchard", "schemas", "group_data"):
        shutil.copytree(ROOT / folder, project / folder)
    text = (ROOT / "deploy.py").read_text(encoding="utf-8")
    (project / "deploy.py").write_text(text + OTHERS.replace("models", "own"), encoding="utf-8")
    other = changed_lab(lab, tmp_path, "  torch:", "  own:")
    text = other.read_text(encoding="utf-8").replace("[torch]", "[own]")
    other.write_text(text.replace("{release: stable}", "false"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "torchard", "apply", other, "--yes", "--limit", "studio-02"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": f"{project}:{ROOT}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    mac = lab.macs["studio-02"]
    assert mac.run("cat own/done; test -d miniconda3/envs/own").stdout == "done\n"


def test_data_on_the_command_line_wins(pyinfra):
    """--data is the nearest setting of all: here, no environment is wanted any more."""
    dry = pyinfra("--data", "environments=[]", *DRY)
    assert dry.returncode == 0, dry.stderr
    assert "Environment torch" not in dry.stderr
    assert "Will change torch" not in dry.stderr


def test_data_that_means_nothing_is_refused(pyinfra):
    """A misspelt setting in --data ends the run with a sentence before anything is done."""
    done = pyinfra("--data", 'chanels=["conda-forge"]', *DO)
    assert done.returncode == 1
    assert 'there is no setting "chanels"' in done.stderr
    assert "Write channels." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_lab_file_with_faults_is_refused(pyinfra, tmp_path):
    """Everything that is wrong with it is printed, each at its place, without a traceback."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("environments: {torch: {python: 3.10}}\nmacs: []\n", encoding="utf-8")
    done = pyinfra(*DO, lab_file=broken)
    assert done.returncode == 1
    assert re.search(rf"^{re.escape(str(broken))}:1:32: ", done.stderr, re.MULTILINE)
    assert re.search(rf"^{re.escape(str(broken))}:2:7: ", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stdout + done.stderr
    missing = pyinfra(*DO, lab_file=tmp_path / "missing.yaml")
    assert missing.returncode == 1
    assert "there is no such file" in missing.stderr


def test_a_mac_that_is_refused_never_stops_another(lab, pyinfra, tmp_path):
    """The reason is in the dry run, too; the other Mac is brought up to date all the same."""
    other = changed_lab(lab, tmp_path, '    arch: arm64\n    macos: "15.1"', "    arch: x86_64")
    reason = "says it is x86_64, but it is arm64"
    dry = pyinfra(*DRY, lab_file=other)
    assert dry.returncode == 0, dry.stderr
    assert re.search(rf"\[studio-01\] .*{reason}", dry.stderr)
    done = pyinfra(*DO, lab_file=other)
    assert done.returncode == 1
    assert re.search(rf"\[studio-01\] .*{reason}", done.stderr)
    assert "[studio-02] Error" not in done.stderr
    assert re.search(r"Verify torch +1 +", done.stderr)


def test_a_mac_that_is_off_never_stops_another(lab, pyinfra):
    """One port is closed: the other Mac is worked on, and the exit code tells of the first."""
    lab.macs["studio-01"].set(fault="refuse")
    try:
        done = pyinfra(*DO)
    finally:
        lab.macs["studio-01"].set(fault=None)
    assert done.returncode == 1
    assert "refused the connection; turn Remote Login on there" in done.stderr
    assert re.search(r"Verify torch +1 +", done.stderr)


def test_a_mac_that_fails_on_its_way_never_stops_another(lab, pyinfra, tmp_path, torchard):
    """A command that fails and a connection that drops are reported for that Mac: exit 1.

    The other is brought up to date all the same, and the same command again does the rest. What
    the Mac printed is shown, and controls no terminal.
    """
    other = changed_lab(lab, tmp_path, "  torch:", "  plain:")
    text = other.read_text(encoding="utf-8").replace("[torch]", "[plain]")
    other.write_text(text.replace("{release: stable}", "false"), encoding="utf-8")
    assert torchard("lock", other).returncode == 0
    mac = lab.macs["studio-01"]
    tool = mac.root / "bin" / "caffeinate"
    whole = tool.read_text(encoding="utf-8")
    hostile = r"\033]0;owned\007\302\2332J\302\205\233H\342\200\256out of order\n"
    tool.write_text(f"#!/bin/sh\nprintf '{hostile}' >&2\nexit 9\n", encoding="utf-8")
    try:
        failed = pyinfra(*DO, lab_file=other)
    finally:
        tool.write_text(whole, encoding="utf-8")
    mac.set(fault={"drop_during": 4})
    try:
        dropped = pyinfra(*DO, lab_file=other)
    finally:
        mac.set(fault=None)
    for done in (failed, dropped):
        assert done.returncode == 1
        assert "Traceback" not in done.stdout + done.stderr
        assert re.search(r"\[studio-01\] Error", done.stderr)
        assert "[studio-02] Error" not in done.stderr
    assert "out of order" in failed.stderr
    assert not {"\x1b", "\x07", "\x9b", "\x85", "\u202e"} & set(failed.stdout + failed.stderr)
    assert re.search(r"Verify plain +2 +1 +", failed.stderr), failed.stderr
    again = pyinfra(*DO, lab_file=other)
    assert again.returncode == 0, again.stderr
    assert torchard("plan", other).returncode == 0
