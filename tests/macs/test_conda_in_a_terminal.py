"""A lab that says `shell: zsh`: from its plan to a Terminal in which `conda activate` works."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import shells
from fixed_catalog import PYTHON_M
from labs import describe
from probed import snapshot

from simlab import macs
from simlab.lab import SimLab
from torchard.plan.shell_init import render_block

ROOT = Path(__file__).parents[2]
PLAIN = 'environments:\n  plain:\n    python: "3.12"\n    pytorch: false\n'
THEIRS = render_block("zsh", "/opt/conda")
SHELL = "    shell: [bash, zsh]\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """A Mac whose zsh starts another conda; it has no file of bash."""
    with SimLab(tmp_path_factory.mktemp("terminal") / "lab", 1, simlab_depot.root) as lab:
        describe(lab, PLAIN, {"studio-01": ["plain"]}, {"studio-01": SHELL})
        zshrc = lab.macs["studio-01"].home / ".zshrc"
        zshrc.write_text(f"export TOKEN=secret\n{THEIRS}\nalias ll='ls -l'\n", encoding="utf-8")
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


def stock(lab, *arguments):
    """Run pyinfra's own command."""
    return subprocess.run(
        [*PYTHON_M, "pyinfra", "inventory/lab.py", "deploy.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "TORCHARD_LAB": str(lab.lab_file), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_shell_is_planned_done_and_then_up_to_date(lab, torchard):
    """The plan shows the diff of conda's block alone; afterwards a new Terminal knows conda.

    A lab that does not name the shell any more leaves the block where it is.
    """
    mac = lab.macs["studio-01"]
    before = snapshot(mac.home)
    dry = stock(lab, "--dry", "--diff")
    assert dry.returncode == 0, dry.stderr
    assert dry.stderr.count("+++ ~/.zshrc") == 1
    assert dry.stderr.count("+++ ~/.bash_profile") == 1
    assert len(re.findall(r"-if __conda_setup=\$\('/opt/conda/bin/conda'", dry.stderr)) == 1
    assert "secret" not in dry.stdout + dry.stderr

    planned = torchard("plan", lab.lab_file)
    assert planned.returncode == 2, planned.stderr
    assert "  ~ shell       ~/.zshrc\n" in planned.stdout
    assert "      ~/.zshrc does not start the conda at ~/miniconda3\n" in planned.stdout
    assert "  + shell       ~/.bash_profile\n" in planned.stdout
    assert "secret" not in planned.stdout
    data = json.loads(torchard("plan", lab.lab_file, "--json").stdout)
    steps = data["macs"]["studio-01"]["steps"]
    assert [step["kind"] for step in steps] == ["miniconda", "environment", "shell", "shell"]
    (change,) = steps[2]["files"]
    assert (change["path"], change["from"]) == ("~/.zshrc", THEIRS)
    assert snapshot(mac.home) == before

    done = torchard("apply", lab.lab_file, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"~ shell +~/.zshrc +written", done.stdout)
    assert re.search(r"\+ shell +~/.bash_profile +written", done.stdout)
    assert torchard("plan", lab.lab_file).returncode == 0
    for shell in {"zsh", "bash"}.intersection(shells.THERE):
        said = subprocess.run(
            [shells.PROGRAMS[shell], "-l", "-i", "-c", "conda activate plain && command -v python"],
            env=macs.environment(mac.root),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert said.stdout == f"{mac.home}/miniconda3/envs/plain/bin/python\n", said.stderr
    zshrc = (mac.home / ".zshrc").read_text(encoding="utf-8")
    ours = render_block("zsh", f"{mac.home}/miniconda3")
    assert zshrc == f"export TOKEN=secret\n{ours}\nalias ll='ls -l'\n"
    (kept,) = mac.home.glob(".zshrc.torchard-aside-*")
    assert kept.read_text(encoding="utf-8") == zshrc.replace(ours, THEIRS)

    text = lab.lab_file.read_text(encoding="utf-8")
    lab.lab_file.write_text(text.replace(SHELL, ""), encoding="utf-8")
    try:
        assert torchard("plan", lab.lab_file).returncode == 0
    finally:
        lab.lab_file.write_text(text, encoding="utf-8")
    assert (mac.home / ".zshrc").read_text(encoding="utf-8") == zshrc


def test_a_file_that_cannot_be_changed_leaves_its_mac_alone(lab, torchard):
    """The reason and what to do are in the plan."""
    mac = lab.macs["studio-01"]
    (mac.home / ".zshrc").unlink(missing_ok=True)
    outside = mac.root / "store-zshrc"
    outside.write_text("a=1\n", encoding="utf-8")
    (mac.home / ".zshrc").symlink_to(outside)
    try:
        planned = torchard("plan", lab.lab_file)
    finally:
        (mac.home / ".zshrc").unlink()
    assert planned.returncode == 3
    assert f"~/.zshrc is a link to {outside}, outside the home; set conda up" in planned.stdout
    assert "1 blocked" in planned.stdout
