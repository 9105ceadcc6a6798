"""The project's inventories under the real `pyinfra` command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import decoys
import pytest

from torchard.lab.load import load_lab

ROOT = Path(__file__).parents[3]
LABS = ROOT / "tests" / "labs"


def pyinfra(inventory, cwd, *more, lab=None):
    """Run `pyinfra INVENTORY debug-inventory --json` in a working directory."""
    environ = {key: value for key, value in os.environ.items() if key != "TORCHARD_LAB"}
    if lab is not None:
        environ["TORCHARD_LAB"] = str(lab)
    return subprocess.run(
        [sys.executable, "-m", "pyinfra", str(inventory), "debug-inventory", "--json", *more],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def hosts(done):
    """Return what pyinfra read, by host name."""
    assert done.returncode == 0, done.stderr
    return {host["name"]: host for host in json.loads(done.stdout)}


def test_the_lab_is_passed_on_from_any_working_directory(tmp_path):
    """The command gets exactly the lab's Macs, with their groups and SSH settings."""
    found = hosts(pyinfra(ROOT / "inventory" / "lab.py", tmp_path))
    assert sorted(found) == ["library-03", "studio-01", "studio-02"]
    mac = found["studio-01"]
    assert {"macs", "studio"} <= set(mac["groups"])
    assert mac["data"]["ssh_hostname"] == "192.0.2.11"
    assert mac["data"]["ssh_user"] == "admin"
    assert mac["data"]["ssh_strict_host_key_checking"] == "yes"
    assert mac["data"]["torchard_lab"] == str(ROOT / "inventory" / "lab.yaml")


def test_another_lab_is_named_relative_to_the_working_directory():
    """TORCHARD_LAB names the lab file, and group names need not be Python's."""
    found = hosts(pyinfra(ROOT / "inventory" / "lab.py", LABS, lab="good/everything.yaml"))
    assert sorted(found) == ["@local", "library-03", "studio-01", "studio-02.example.com"]
    assert found["@local"]["data"]["torchard_mac"] == "here"
    assert found["studio-01"]["data"]["ssh_port"] == 2222
    assert found["studio-01"]["data"]["torchard_lab"] == str(LABS / "good" / "everything.yaml")


def test_pyinfra_and_torchard_read_the_same_group_data(tmp_path):
    """In a project's folder, pyinfra runs group_data/all.py, and Torchard parses it."""
    shutil.copytree(ROOT / "inventory", tmp_path / "inventory")
    (tmp_path / "group_data").mkdir()
    (tmp_path / "group_data" / "all.py").write_text("channels = ['bioconda']\n", encoding="utf-8")
    found = hosts(pyinfra("inventory/lab.py", tmp_path))
    assert found["studio-02"]["data"]["channels"] == ["bioconda"]
    mac = load_lab(tmp_path / "inventory" / "lab.yaml").macs["studio-02"]
    assert mac.channels == ("bioconda",)


def test_this_mac_can_be_limited_to_by_its_name(tmp_path):
    """The inventory of this Mac is one local host, in a group of the Mac's name."""
    found = hosts(pyinfra(ROOT / "inventory" / "this_mac.py", tmp_path, "--limit", "this-mac"))
    assert list(found) == ["@local"]
    assert "this-mac" in found["@local"]["groups"]


def test_a_module_beside_the_inventory_is_not_imported(tmp_path):
    """A lab's repository that was cloned may hold anything."""
    sprung = decoys.set_traps(tmp_path / "cloned")
    copied = tmp_path / "cloned" / "inventory"
    copied.mkdir()
    for name in ("lab.py", "lab.yaml"):
        shutil.copy(ROOT / "inventory" / name, copied)
    assert sorted(hosts(pyinfra(copied / "lab.py", tmp_path))) == [
        "library-03",
        "studio-01",
        "studio-02",
    ]
    assert decoys.read_sprung(sprung) == []


@pytest.mark.parametrize("lab", ["bad/everything-at-once.yaml", "bad/not-utf-8.yaml", "none.yaml"])
def test_a_broken_lab_stops_with_its_messages(lab):
    """The command ends with 1 and the lab's messages, without a traceback."""
    done = pyinfra(ROOT / "inventory" / "lab.py", LABS, lab=lab)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert f"{lab}:" in done.stderr
    if (LABS / lab).exists():
        expected = (LABS / lab).with_suffix(".txt").read_text(encoding="utf-8")
        said = [line for line in done.stderr.splitlines() if not line.startswith("-->")]
        assert said == expected.replace(Path(lab).name, lab).splitlines()


def test_reading_a_lab_loads_neither_pyinfra_nor_a_network_library():
    """Checking a lab imports nothing that connects to it."""
    program = (
        "import sys; from pathlib import Path; from torchard.lab.load import load_lab\n"
        "import torchard.remote.inventory\n"
        f"load_lab(Path({str(ROOT / 'inventory' / 'lab.yaml')!r}))\n"
        "print(sorted({'pyinfra', 'paramiko', 'gevent', 'rattler', 'asyncssh', 'requests'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
