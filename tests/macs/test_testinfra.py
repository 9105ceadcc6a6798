"""`pytest --torchard-lab LAB` reaches Macs by testinfra's SSH backend, as Torchard reaches them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

import pytest

from simlab import keys
from simlab.lab import SimLab
from simlab.spec import MacSpec

OWN_TEST = """
import threading


def test_the_account_has_its_home(host):
    assert host.file(host.check_output("printenv HOME")).is_directory
    assert threading.Thread.__module__ == "threading"
    assert type(threading.Lock()).__module__ == "_thread"  # gevent has not replaced it


def test_the_state_is_a_macs(mac):
    assert (mac.state.arch, mac.state.macos) == ("arm64", "15.1")
"""


def run_pytest(*words, folder):
    """Run pytest in a folder as a person would."""
    options = ["-q", "-rA", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@dataclass
class Look:
    """What pytest said of one lab: the outcome of each test, and the whole output."""

    outcomes: dict[str, str]
    text: str


@pytest.fixture(scope="module")
def look(tmp_path_factory, simlab_depot):
    """One look at a Mac by five ways, two of which must not lead there."""
    folder = tmp_path_factory.mktemp("testinfra")
    spec = [
        MacSpec("studio-01", "arm64", "15.1"),
        MacSpec("jump", "arm64", "15.1", sshd={"forwards": True}),
    ]
    with SimLab(folder / "lab", spec, simlab_depot.root) as lab:
        mac, jump = lab.macs["studio-01"], lab.macs["jump"]
        key = lab.directory / "id_ed25519"
        (folder / "hosts").write_text(
            "".join(
                f"[127.0.0.1]:{one.port} {(one.root / f'{keys.HOST_KEY}.pub').read_text()}"
                for one in (mac, jump)
            )
        )
        listed = subprocess.run(
            ["ssh-keygen", "-lf", mac.root / f"{keys.HOST_KEY}.pub"],
            capture_output=True,
            text=True,
            check=True,
        )
        fingerprint = listed.stdout.split()[1]
        (folder / "config").write_text(
            f"Host gate\n  HostName 127.0.0.1\n  Port {jump.port}\n"
            f"Host inner other\n  HostName 127.0.0.1\n  Port {mac.port}\n"
            "Host inner\n  ProxyJump gate\n"
            f'Host *\n  IdentityFile "{key}"\n  IdentitiesOnly yes\n'
            f'  UserKnownHostsFile "{folder / "hosts"}"\n'
        )
        # Each Mac has an address of its own, as a lab demands, and all lead to one.
        other = "address: other, ssh: {config: config"
        (folder / "lab.yaml").write_text(
            "environments: {torch: {python: '3.12'}}\n"
            "macs:\n"
            f"  plain: {{address: 127.0.0.1, ssh: {{port: {mac.port}, key: {key},"
            " known_hosts: hosts}}\n"
            "  behind: {address: inner, ssh: {config: config}}\n"
            f"  pinned: {{address: localhost, ssh: {{port: {mac.port}, key: {key},"
            f" fingerprint: '{fingerprint}'}}}}\n"
            f"  impostor: {{{other}, fingerprint: 'SHA256:{'A' * 43}'}}}}\n"
            f"  stranger: {{{other.replace('other', 'gate')}, known_hosts: no-hosts}}}}\n"
        )
        (folder / "test_own.py").write_text(OWN_TEST)
        done = run_pytest("--torchard-lab", "lab.yaml", "test_own.py", "-k", "own", folder=folder)
    found = re.findall(r"^(PASSED|FAILED|ERROR) .*::(\S+)", done.stdout, re.MULTILINE)
    return Look({name: outcome for outcome, name in found}, done.stdout + done.stderr)


@pytest.mark.parametrize("name", ["plain", "behind", "pinned"])
def test_own_tests_run_on_every_mac_of_the_lab(look, name):
    """A file of the lab needs only testinfra's `host`, also for a Mac behind a jump host."""
    assert look.outcomes[f"test_the_account_has_its_home[{name}]"] == "PASSED", look.text
    assert look.outcomes[f"test_the_state_is_a_macs[{name}]"] == "PASSED", look.text


def test_a_host_key_that_is_not_the_pinned_one_is_refused(look):
    """No command is sent to a host that shows another key."""
    assert look.outcomes["test_the_account_has_its_home[impostor]"] == "ERROR"
    assert "impostor: the host key of [127.0.0.1]" in look.text
    assert f"ssh.fingerprint is SHA256:{'A' * 43}" in look.text


def test_an_unknown_host_key_is_refused(look):
    """OpenSSH's own sentence is the reason."""
    assert look.outcomes["test_the_account_has_its_home[stranger]"] == "ERROR"
    assert "stranger: " in look.text
    assert "Host key verification failed" in look.text


def test_a_lab_with_an_error_is_a_usage_error(tmp_path):
    """The position and the sentence are printed, and no test runs."""
    (tmp_path / "lab.yaml").write_text("macs: {one: {adress: 192.0.2.1}}\n")
    done = run_pytest("--torchard-lab", "lab.yaml", folder=tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "lab.yaml:1:14: " in done.stderr


def test_pytest_without_a_lab_is_as_before(tmp_path):
    """The plugin neither loads Torchard nor adds a test."""
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\n\ndef test_nothing_is_loaded():\n"
        "    assert not [one for one in sys.modules if one.startswith('torchard.lab')]\n"
    )
    done = run_pytest("test_plain.py", folder=tmp_path)
    assert "1 passed" in done.stdout
