"""Every wait for a Mac ends, and one that hangs holds up no other.

The limits are settings of the lab, so that these tests need not wait for the defaults.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import pytest
from fixed_catalog import PYTHON_M

from simlab import keys
from simlab.lab import SimLab
from simlab.spec import MacSpec

PLAIN = 'environments:\n  tools: {python: "3.12", pytorch: false, conda: [rhash]}\n'
# Each Mac with its fault and its limits, and with the reason that its plan gives.
HANGING = {
    "login": ("silent_login", "login: 1", "waited for the answer to a login until 1 second"),
    "hang": ({"hang": 0}, "probe: 1", "the command that reads this Mac did not end within 1 sec"),
    "trickle": ({"trickle": 0}, "probe: 2", "reads this Mac did not end within 2 seconds"),
    "disk": ("dead_disk", "probe: 1", "log in and run `df`"),
    "stopped": ({"stop": 0}, "probe: 1", "raise `timeouts: {probe: …}` in the lab file"),
    "flood": ({"flood": 0}, "probe: 3600", "printed more than 16 MiB, and Torchard stopped it"),
    "behind": (None, "login: 1", "the jump host gate did not reach .*it took too long"),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """A lab with a Mac for each fault, two without, and its locks."""
    spec = [MacSpec(name, "arm64", "15.1", fault=fault) for name, (fault, *_) in HANGING.items()]
    spec += [MacSpec("gate", "arm64", "15.1", fault="silent_forwards", sshd={"forwards": True})]
    spec += [MacSpec("pushed", "arm64", "15.1", fault=None)]
    with SimLab(tmp_path_factory.mktemp("waits") / "lab", spec, simlab_depot.root) as lab:
        text = lab.lab_file.read_text(encoding="utf-8")
        text = PLAIN + "groups:\n" + text.partition("groups:\n")[2]
        text = text.replace("environments: [torch]", "environments: [tools]")
        for name, (_, limit, _) in HANGING.items():
            text = text.replace(f"\n  {name}:\n", f"\n  {name}:\n    timeouts: {{{limit}}}\n")
        (lab.directory / "config").write_text(
            f"Host *\n  HostName 127.0.0.1\n  IdentityFile {lab.directory / keys.USER_KEY}\n"
            f"  UserKnownHostsFile {lab.directory / keys.KNOWN_HOSTS}\n"
            f"Host gate\n  Port {lab.macs['gate'].port}\n"
            f"Host behind\n  Port {lab.macs['behind'].port}\n  ProxyJump gate\n",
            encoding="utf-8",
        )
        own = f"    address: 127.0.0.1\n    ssh: {{port: {lab.macs['behind'].port}}}\n"
        text = text.replace(own, "    ssh: {config: config}\n")
        lab.lab_file.write_text(text, encoding="utf-8")
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


def test_macs_that_hang_are_left_alone_and_the_others_planned(lab, torchard):
    """Whatever a Mac waits for, or never stops to print, it is unreachable and says why."""
    done = torchard("plan", lab.lab_file, "--json")
    assert (done.returncode, done.stderr) == (3, "")
    macs = json.loads(done.stdout)["macs"]
    assert [macs[name]["state"] for name in ("gate", "pushed")] == ["change", "change"]
    for name, (_, _, words) in HANGING.items():
        assert macs[name]["state"] == "unreachable"
        assert re.search(words, macs[name]["reason"]), macs[name]["reason"]


def test_a_transfer_that_stalls_ends(lab, torchard):
    """A connection that takes no byte is given up, and nothing is half there under its name."""
    mac, file = lab.macs["pushed"], lab.directory / "stall.yaml"
    text = lab.lab_file.read_text(encoding="utf-8")
    text = text.replace("\n  pushed:\n", "\n  pushed:\n    timeouts: {transfer: 3}\n")
    file.write_text(text, encoding="utf-8")
    (lab.directory / "locks/stall").symlink_to("lab")
    mac.set(fault={"stall_sftp": 3})
    done = torchard("apply", file, "--limit", "pushed", "--yes", "--json")
    mac.set(fault=None)
    assert done.returncode == 1
    found = json.loads(done.stdout)["macs"]["pushed"]
    assert found["state"] == "failed"
    said = f"127.0.0.1:{mac.port} did not answer for 3 seconds, so Torchard gave the connection up"
    assert said in found["reason"]
    assert not list((mac.home / ".torchard/depot/incoming").glob("[0-9a-f]" * 64))


def test_a_signal_ends_the_wait_for_a_mac_and_the_rest_is_reported(lab, artefacts):
    """SIGTERM while one Mac hangs: the JSON has every Mac, and the exit code is 143."""
    mac, file = lab.macs["hang"], lab.directory / "stopped.yaml"
    text = lab.lab_file.read_text(encoding="utf-8")
    text = text.replace("timeouts: {probe: 1}", "timeouts: {probe: 3600}")
    file.write_text(text, encoding="utf-8")
    (lab.directory / "locks/stopped").symlink_to("lab")
    begun = mac.root / "commands"
    begun.unlink()
    words = [*PYTHON_M, "torchard", "plan", str(file), "--json", "--limit", "hang"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        while not begun.exists():
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        printed, errors = run.communicate()
    assert run.returncode == 143
    assert "Interrupted. Run the same command again to continue." in errors
    found = json.loads(printed)["macs"]["hang"]
    reason = "the run was interrupted before anything was changed on this Mac"
    assert (found["state"], found["reason"]) == ("unreachable", reason)
