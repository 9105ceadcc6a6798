"""A Mac is reached where, as whom and through whom `ssh` would: by what OpenSSH itself evaluates.

Nothing is changed on these Macs: every command here is a plan. The jump host is a simulated Mac.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from simlab import keys
from simlab.lab import SimLab
from simlab.spec import MacSpec

ROOT = Path(__file__).parents[2]
ALLOWED = {"TORCHARD_ALLOW_SSH_COMMANDS": "1"}
PASSES_ON = """
import os, socket, sys, threading
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def back():
    while data := sock.recv(65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back, daemon=True).start()
while data := os.read(0, 65536):
    sock.sendall(data)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """A Mac, two jump hosts, and the locks of their lab."""
    spec = [MacSpec("studio-01", "arm64", "15.1")]
    spec += [MacSpec(name, "arm64", "15.1", sshd={"forwards": True}) for name in ("jump", "outer")]
    with SimLab(tmp_path_factory.mktemp("ssh") / "lab", spec, simlab_depot.root) as lab:
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


@pytest.fixture
def mac(lab):
    """The Mac; what a test makes of its sshd ends with the test."""
    yield lab.macs["studio-01"]
    lab.macs["studio-01"].set(sshd={}, banner="")


@pytest.fixture
def jump(lab):
    """The jump host, which nobody has come through yet."""
    jump = lab.macs["jump"]
    for name in ("logins", "forwards", "connections"):
        (jump.root / name).unlink(missing_ok=True)
    yield jump
    jump.set(sshd={"forwards": True})


def public(mac, name=keys.HOST_KEY):
    """Return the type and text of a Mac's host key."""
    return " ".join((mac.root / f"{name}.pub").read_text(encoding="utf-8").split()[:2])


def known(*macs):
    """Return the lines of a file of known hosts that some Macs make."""
    return "".join(f"[127.0.0.1]:{mac.port} {public(mac)}\n" for mac in macs)


def count(mac, what):
    """Return how many connections, logins or forwards a Mac has counted."""
    file = mac.root / what
    return int(file.read_text(encoding="utf-8")) if file.exists() else 0


@pytest.fixture
def describe(lab, tmp_path):
    """Write a lab of some names that an ssh_config explains, and its known_hosts, if any."""

    def describe(config, *, names=("studio-01",), ssh="", hosts=None):
        path = tmp_path / "config"
        identity = f"  IdentityFile {lab.directory / 'id_ed25519'}\n  IdentitiesOnly yes\n"
        path.write_text(f"{config}\nHost *\n{identity}", encoding="utf-8")
        known = ""
        if hosts is not None:
            (tmp_path / "hosts").write_text(hosts, encoding="utf-8")
            known = ", known_hosts: hosts"
        text = lab.lab_file.read_text(encoding="utf-8")
        text = text.partition("groups:\n")[0] + "accept_license: true\n" + "macs:\n"
        for name in names:
            text += f"  {name}: {{environments: [torch], ssh: {{config: config{known}{ssh}}}}}\n"
        lab_file = tmp_path / "lab.yaml"
        lab_file.write_text(text, encoding="utf-8")
        locks = tmp_path / "locks"
        if not locks.exists():
            locks.symlink_to(lab.directory / "locks")
        return lab_file

    return describe


def through(mac, jump, hosts, more=""):
    """Return an ssh_config that leads to a Mac through a jump host, whose own file is `hosts`."""
    return (
        f"Host jump\n  HostName 127.0.0.1\n  Port {jump.port}\n  UserKnownHostsFile {hosts}\n{more}"
        f"Host studio-* 127.0.0.1\n  HostName 127.0.0.1\n  Port {mac.port}\n  ProxyJump jump\n"
    )


def plan(torchard, lab_file, name="studio-01", **environment):
    """Plan; return a Mac's state and the reason."""
    done = torchard("plan", lab_file, "--json", stdin="yes\n" * 9, **environment)
    assert done.stderr == ""
    found = json.loads(done.stdout)["macs"][name]
    return found["state"], found["reason"]


def reached(torchard, lab_file, **environment):
    """Plan; the Mac is read as any other."""
    state, reason = plan(torchard, lab_file, **environment)
    assert reason is None, reason
    assert state == "change"


def test_an_unknown_jump_host_gets_nothing_whatever_a_user_says_of_checking(
    mac, jump, describe, torchard, tmp_path
):
    """Nobody logs in to it, its key is recorded nowhere, and no connection is passed on."""
    hosts = tmp_path / "jump hosts"
    hosts.write_text("", encoding="utf-8")
    no = "  StrictHostKeyChecking no\n"
    config = f"Host *\n{no}" + through(mac, jump, f'"{hosts}"', no)
    lab_file = describe(config, hosts=known(mac))
    state, reason = plan(torchard, lab_file)
    assert state == "unreachable"
    assert f"the host key of [127.0.0.1]:{jump.port} is not known; it shows ED25519" in reason
    assert f"`torchard keys trust studio-01 {lab_file}`" in reason
    assert (count(jump, "logins"), count(jump, "forwards")) == (0, 0)
    assert hosts.read_text(encoding="utf-8") == ""
    assert torchard("keys", "trust", lab_file, "--yes").returncode == 0
    assert hosts.read_text(encoding="utf-8").split()[1:] == public(jump).split()
    reached(torchard, lab_file)
    assert count(jump, "logins") >= 1


def test_several_jump_hosts_are_passed_and_nothing_is_left(  # noqa: PLR0917  # fixtures
    lab, mac, jump, describe, torchard, tmp_path
):
    """Each hop by its own key; afterwards no file, no folder and no ssh of ours is there."""
    outer = lab.macs["outer"]
    (outer.root / "forwards").unlink(missing_ok=True)
    (tmp_path / "hosts").write_text(known(mac, jump, outer), encoding="utf-8")
    config = (
        f"Host *\n  UserKnownHostsFile {tmp_path / 'hosts'}\n  HostName 127.0.0.1\n"
        f"Host jump\n  Port {jump.port}\nHost outer\n  Port {outer.port}\n"
        f"Host studio-01\n  Port {mac.port}\n  ProxyJump outer,jump\n"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    reached(torchard, describe(config), TMPDIR=str(temporary))
    assert (count(outer, "forwards"), count(jump, "forwards")) == (1, 1)
    assert list(temporary.iterdir()) == []
    listing = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True)
    assert str(temporary) not in listing.stdout


def test_the_stock_command_goes_the_same_way(mac, jump, describe, tmp_path):
    """Pyinfra's own reading of ssh_config has no part in it."""
    (tmp_path / "jump").write_text(known(jump), encoding="utf-8")
    config = through(mac, jump, tmp_path / "jump", 'Match exec "false"\n  Port 1\n')
    lab_file = describe(config, hosts=known(mac))
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", "inventory/lab.py", "exec", "--", "sw_vers"],
        cwd=ROOT,
        env={**os.environ, **ALLOWED, "TORCHARD_LAB": str(lab_file), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "15.1" in done.stdout + done.stderr
    assert count(jump, "forwards") == 1


def test_at_most_eight_logins_are_in_progress_through_a_jump_host(  # fixtures
    mac, jump, describe, torchard, tmp_path
):
    """It refuses the ninth, as sshd's MaxStartups does; twelve Macs are reached all the same."""
    jump.set(sshd={"forwards": True, "startups": 8})
    (tmp_path / "jump").write_text(known(jump), encoding="utf-8")
    names = [f"studio-{number:02}" for number in range(1, 13)]
    lab_file = describe(through(mac, jump, tmp_path / "jump"), names=names, hosts=known(mac))
    done = torchard("plan", lab_file, "--json")
    macs = json.loads(done.stdout)["macs"]
    # All are read; what they are refused for is that they are one Mac under twelve names.
    assert not [one["reason"] for one in macs.values() if one["state"] == "unreachable"]
    assert count(jump, "logins") == 12


def test_a_jump_host_that_passes_nothing_on_is_reported(mac, jump, describe, torchard, tmp_path):
    """It has been logged in to; who may change that is its administrator."""
    jump.set(sshd={})
    (tmp_path / "jump").write_text(known(jump), encoding="utf-8")
    lab_file = describe(through(mac, jump, tmp_path / "jump"), hosts=known(mac))
    reason = plan(torchard, lab_file)[1]
    assert reason.startswith("the jump host jump does not pass a connection on to 127.0.0.1:")
    assert "AllowTcpForwarding" in reason


def test_a_jump_host_that_accepts_no_key_is_reported_and_asked_once(  # fixtures
    mac, jump, describe, torchard, tmp_path
):
    """What to try is `ssh` itself; a failed login is not tried again."""
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(stranger))
    stranger.chmod(0o600)
    (tmp_path / "jump").write_text(known(jump), encoding="utf-8")
    more = f"  IdentityFile {stranger}\n"
    config = through(mac, jump, tmp_path / "jump", more)
    lab_file = describe(config, hosts=known(mac))
    text = (tmp_path / "config").read_text(encoding="utf-8").replace("Host *\n", "Host studio-*\n")
    (tmp_path / "config").write_text(text, encoding="utf-8")
    reason = plan(torchard, lab_file, SSH_AUTH_SOCK="")[1]
    assert "the jump host jump accepts none of your keys; try `ssh jump`" in reason
    assert count(jump, "connections") == 1


def test_a_proxy_command_runs_as_with_ssh(mac, describe, torchard, tmp_path):
    """Its tokens are filled in; what it says where it fails is shown in a line."""
    program = tmp_path / "passes-on.py"
    program.write_text(PASSES_ON, encoding="utf-8")
    place = f"Host studio-01\n  HostName 127.0.0.1\n  Port {mac.port}\n"
    command = f"  ProxyCommand {sys.executable} {program} %h %p\n"
    reached(torchard, describe(place + command, hosts=known(mac)), **ALLOWED)
    broken = "  ProxyCommand echo 'no way for %r' >&2; exit 1\n"
    lab_file = describe(place + broken, hosts=known(mac), ssh=', user: "AD\\\\ada"')
    reason = plan(torchard, lab_file, **ALLOWED)[1]
    assert "did not reach 127.0.0.1:" in reason
    assert '"no way for AD\\ada"' in reason


def test_known_hosts_mean_what_they_mean_to_ssh(mac, describe, torchard, tmp_path):
    """An alias, several files, hashed names and patterns; a revoked key is refused."""
    one, two = tmp_path / "one", tmp_path / "two"
    place = f"Host studio-01\n  HostName 127.0.0.1\n  Port {mac.port}\n"
    files = f"  UserKnownHostsFile {one}\n  GlobalKnownHostsFile {tmp_path / 'absent'} {two}\n"
    config = describe(f"{place}  HostKeyAlias lab-mac\n{files}")
    one.write_text("broken ssh-ed25519 AAAAC\n", encoding="utf-8")
    two.write_text(f"lab-mac {public(mac)}\n", encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", two], check=True, capture_output=True)
    reached(torchard, config)
    two.write_text(f"!lab-mac,lab-* {public(mac)}\n", encoding="utf-8")
    assert "the host key of lab-mac is not known" in plan(torchard, config)[1]
    two.write_text(f"@cert-authority * {public(mac)}\n", encoding="utf-8")
    assert "by a certificate authority (@cert-authority) only" in plan(torchard, config)[1]
    one.write_text(f"lab-* {public(mac)}\n", encoding="utf-8")
    reached(torchard, config)
    two.write_text(f"@revoked * {public(mac)}\n", encoding="utf-8")
    assert f"the host key of lab-mac is revoked in {two}" in plan(torchard, config)[1]
    revoked = tmp_path / "revoked"
    revoked.write_text(f"{public(mac)}\n", encoding="utf-8")
    config = describe(f"{place}{files}  RevokedHostKeys {revoked}\n")
    one.write_text(known(mac), encoding="utf-8")
    two.unlink()
    assert f"is revoked in {revoked}" in plan(torchard, config)[1]
    revoked.write_text(f"{public(mac, keys.OTHER_HOST_KEY)}\n", encoding="utf-8")
    reached(torchard, config)


def test_match_is_evaluated_by_ssh(mac, describe, torchard):
    """A `Match` that pyinfra's own reading would apply is not applied; a person's command runs."""
    wrong = "  Port 1\n"
    config = (
        f'Match exec "false"\n{wrong}Match host nowhere exec "true"\n{wrong}'
        f'Match host studio-01 exec "test %n = studio-01"\n  Port {mac.port}\n'
        "Host studio-01\n  HostName 127.0.0.1\n"
    )
    reached(torchard, describe(config, hosts=known(mac)), **ALLOWED)


def test_a_configuration_that_ssh_cannot_read_is_reported(mac, describe, torchard, tmp_path):
    """In ssh's words, with the person's own file in them."""
    lab_file = describe("Hostt x\n")
    reason = plan(torchard, lab_file, **ALLOWED)[1]
    assert reason.startswith("ssh cannot read its configuration for studio-01: ")
    assert f"{tmp_path / 'config'}" in reason
    assert "Bad configuration option: hostt" in reason
    (tmp_path / "config").chmod(0o666)
    assert f"run `chmod go-w {tmp_path / 'config'}`" in plan(torchard, lab_file, **ALLOWED)[1]


def test_a_server_that_counts_too_many_keys_is_reported(mac, describe, torchard, tmp_path):
    """It ends the login after the sixth; the message says what to do. It is asked once."""
    text = f"Host studio-01\n  HostName 127.0.0.1\n  Port {mac.port}\n"
    for number in range(7):
        path = tmp_path / f"key{number}"
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(path))
        path.chmod(0o600)
        text += f"  IdentityFile {path}\n"
    lab_file = describe(text, hosts=known(mac))
    before = count(mac, "connections")
    reason = plan(torchard, lab_file, SSH_AUTH_SOCK="")[1]
    assert 'ended the login after 6 keys: "Too many authentication failures"' in reason
    assert "ssh.key" in reason
    assert count(mac, "connections") == before + 1
