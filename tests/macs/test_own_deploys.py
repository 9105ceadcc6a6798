"""A pyinfra deploy of your own, with an inventory of your own and no lab file."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from fixed_catalog import PYTHON_M

from simlab import keys
from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]
DEPLOY = """
from pyinfra.operations import files

from torchard.api import environment, miniconda

miniconda(accept_license=True, mirrors={mirrors!r}, **{miniconda!r})
environment("torch", python="3.12", conda=["nodejs"], pip=["einops"])
environment("plain", python="3.12", pytorch=False)
files.directory(name="Models", path="models")
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot):
    """One Mac that has nothing."""
    with SimLab(tmp_path_factory.mktemp("own") / "lab", 1, simlab_depot.root) as lab:
        yield lab


@pytest.fixture
def pyinfra(lab, artefacts, tmp_path):
    """The `pyinfra` command with a deploy, over a plain inventory, in a folder of its own."""
    (name, mac) = next(iter(lab.macs.items()))
    known = tmp_path / "known_hosts"
    host_key = (mac.root / f"{keys.HOST_KEY}.pub").read_text(encoding="utf-8")
    known.write_text(f"[127.0.0.1]:{mac.port} {host_key}", encoding="utf-8")
    data = {
        "ssh_hostname": "127.0.0.1",
        "ssh_port": mac.port,
        "ssh_key": str(lab.directory / "id_ed25519"),
        "ssh_known_hosts_file": str(known),
        "ssh_strict_host_key_checking": "yes",
    }
    (tmp_path / "inventory.py").write_text(f"macs = [({name!r}, {data!r})]\n", encoding="utf-8")

    def run(deploy, *options):
        (tmp_path / "deploy.py").write_text(deploy, encoding="utf-8")
        return subprocess.run(
            [*PYTHON_M, "pyinfra", "inventory.py", "deploy.py", *options],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def test_a_deploy_without_a_lab_shows_then_does_then_has_nothing_to_do(lab, pyinfra, tmp_path):
    """Miniconda and two environments converge beside an operation of pyinfra's own."""
    groups = yaml.safe_load(lab.lab_file.read_text(encoding="utf-8"))["groups"]
    deploy = DEPLOY.format(
        mirrors=groups["simulated"]["mirrors"],
        miniconda=groups["apple-silicon"]["miniconda"],
    )
    before = lab.snapshot()
    dry = pyinfra(deploy, "--dry", "--diff")
    assert dry.returncode == 0, dry.stderr
    assert lab.snapshot() == before
    assert len(re.findall(r"\+ torch +2\.15\.0 +wheel", dry.stderr)) == 1, dry.stderr[:5000]
    assert re.search(r"Models +1 ", dry.stderr)
    assert sorted(one.name.partition(".")[0] for one in (tmp_path / "locks/deploy").iterdir()) == [
        "plain",
        "torch",
    ]

    done = pyinfra(deploy, "-y")
    assert done.returncode == 0, done.stderr
    assert re.search(r"Grand total +6 +6 +- +-", done.stderr), done.stderr
    again = pyinfra(deploy, "-y")
    assert again.returncode == 0, again.stderr
    assert re.search(r"Grand total +6 +- +- +6\b", again.stderr), again.stderr


@pytest.mark.parametrize(
    ("deploy", "sentence"),
    [
        (
            "environment('torch', python='3.12', prefix='~/conda')",
            "there is no conda at ~/conda; call miniconda('~/conda') before",
        ),
        (
            "miniconda('~/conda')",
            "accept_license",
        ),
        (
            "environment('torch', python=3.12)",
            "environments.torch.python is the number 3.12, but must be text",
        ),
    ],
)
def test_a_wrong_call_says_what_to_write(lab, pyinfra, deploy, sentence):
    """Nothing is changed, and pyinfra fails the host."""
    before = lab.snapshot()
    done = pyinfra(f"from torchard.api import environment, miniconda\n{deploy}\n", "-y")
    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr
    assert lab.snapshot() == before
