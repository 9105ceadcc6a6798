"""The Mac that one types on: Torchard and pyinfra run inside a simulated Mac, without SSH.

They get that Mac's HOME, PATH and temporary directory, as its own Terminal would give them; only
the python that they run on, and their code, are this machine's.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from command_blocks import read_blocks
from fixed_catalog import load_real_catalog
from progress_events import without_events

from simlab import macs
from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]
NEWEST = load_real_catalog().releases[0]  # a person's own process has the real catalogue


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot):
    """One Mac, and the mirrors of its lab."""
    with SimLab(tmp_path_factory.mktemp("this-mac") / "lab", 1, simlab_depot.root) as lab:
        yield lab


@pytest.fixture
def project(lab, tmp_path):
    """A project whose this_mac.yaml describes the Mac at hand, with the simulated mirrors."""
    described = yaml.safe_load(lab.lab_file.read_text(encoding="utf-8"))
    groups = described["groups"]
    settings = {**groups["simulated"], **groups["apple-silicon"]}
    del settings["ssh"]
    this_mac = {"connection": "local", **settings}
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    shutil.copy(ROOT / "inventory" / "this_mac.py", inventory)
    (inventory / "this_mac.yaml").write_text(
        yaml.safe_dump({"environments": described["environments"], "macs": {"this-mac": this_mac}}),
        encoding="utf-8",
    )
    return tmp_path


def on(mac, project, *arguments):
    """Run a command of this python on a simulated Mac, in the project's directory."""
    environment = {**macs.environment(mac.root), "PYTHONPATH": str(ROOT)}
    environment["TORCHARD_DEPOT"] = os.environ["TORCHARD_DEPOT"]
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def torch_of(mac):
    """Ask the environment's own python for its torch."""
    code = "import torch; print(torch.__version__, torch.backends.mps.is_available())"
    return mac.run(f"miniconda3/envs/torch/bin/python -I -c '{code}'").stdout


def test_the_mac_at_hand_is_provisioned_by_either_command(lab, project, artefacts):
    """Without SSH, and without one tool that a bare Mac lacks, README's commands do the whole job.

    `pyinfra inventory/this_mac.py deploy.py` then finds nothing to do; and where the environment's
    link is gone, it shows it again.
    """
    mac, torchard = lab.macs["studio-01"], ("-m", "torchard")
    (block,) = (one for one in read_blocks("README.md") if "--this-mac" in one.text)
    init, plan, apply = (shlex.split(one, comments=True)[1:] for one in block.text.splitlines())
    done = on(mac, project, *torchard, *init)
    assert done.returncode == 0, done.stderr
    written = project / "inventory/lab.yaml"
    text = written.read_text(encoding="utf-8")
    this_mac = project / "inventory/this_mac.yaml"
    described = yaml.safe_load(this_mac.read_text(encoding="utf-8"))["macs"]["this-mac"]
    # The simulated channels have no jupyterlab, and are found by mirrors.
    text = text.replace("jupyterlab", "einops").replace("connection: local", "**", 1)
    written.write_text(text.replace("{**}", json.dumps(described)), encoding="utf-8")

    planned = on(mac, project, *torchard, *plan, "--json")
    assert planned.returncode == 2, planned.stdout + planned.stderr
    assert json.loads(planned.stdout)["macs"]["this-mac"]["macos"] == "15.1"
    applied = on(mac, project, *torchard, *apply, "--yes")
    assert (applied.returncode, without_events(applied.stderr)) == (0, ""), applied.stdout
    assert torch_of(mac) == f"{NEWEST} True\n"
    assert on(mac, project, *torchard, "verify").returncode == 0

    shutil.copy(written, this_mac)
    shutil.copytree(written.with_name("locks") / "lab", written.with_name("locks") / "this_mac")
    pyinfra = ("-m", "pyinfra", "inventory/this_mac.py", ROOT / "deploy.py", "-y")
    again = on(mac, project, *pyinfra)
    assert again.returncode == 0, again.stderr
    assert re.search(r"Grand total +3 +- +- +3\b", again.stderr)
    (mac.home / "miniconda3/envs/torch").unlink()
    mended = on(mac, project, *pyinfra)
    assert mended.returncode == 0, mended.stderr
    assert re.search(r"Environment torch +1 +1 +-", mended.stderr)
    assert torch_of(mac) == f"{NEWEST} True\n"


def test_a_machine_that_is_not_a_mac_is_blocked(tmp_path, artefacts):
    """On Linux, nothing is done, and one sentence says why: with either command."""
    if sys.platform == "darwin":
        pytest.skip("this is a Mac")
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home)}
    for arguments in (
        ("-m", "torchard", "apply", "--yes", "inventory/this_mac.yaml"),
        ("-m", "pyinfra", "inventory/this_mac.py", "deploy.py", "-y"),
    ):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode in {1, 3}
        assert "it runs Linux, not macOS" in said
        assert "unreachable" not in said
        assert "Traceback" not in said
    assert list(home.iterdir()) == []


def test_operations_of_pyinfra_stand_beside_ours_here_too(lab, project, artefacts):
    """A dry run reads their facts without SSH and writes nothing."""
    (project / "others.py").write_text(
        "from pyinfra import host\n"
        "from pyinfra.facts.server import Home\n"
        "from pyinfra.operations import files, server\n"
        "files.file(name='Marker', path=f'{host.get_fact(Home)}/marker')\n"
        "server.shell(name='Command', commands=['touch done'])\n",
        encoding="utf-8",
    )
    mac = lab.macs["studio-01"]
    words = ("-m", "pyinfra", "inventory/this_mac.py", ROOT / "deploy.py", "others.py")
    dry = on(mac, project, *words, "--dry")
    assert dry.returncode == 0, dry.stderr
    for name in ("Marker", "Command"):
        assert re.search(rf"{name} +1 \(@local\)", dry.stderr), dry.stderr
    assert mac.run("ls marker").returncode != 0
