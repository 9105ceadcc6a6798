"""An sshd with limits, accounts that are refused, keys that cannot be used: said, or lived with."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess

import asyncssh
import pytest

from simlab.lab import SimLab
from simlab.spec import MacSpec

PLAIN = 'environments:\n  torch: {python: "3.12", pytorch: false, pip: [einops]}\n'


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """Three Macs, and the locks of their lab; a small environment is built on two of them."""
    spec = [
        MacSpec("studio-01", "arm64", "15.1"),
        MacSpec("studio-02", "arm64", "15.1", sshd={"sessions": 1}),
        MacSpec("studio-03", "arm64", "15.1", sshd={"sftp": False}),
    ]
    with SimLab(tmp_path_factory.mktemp("limits") / "lab", spec, simlab_depot.root) as lab:
        text = lab.lab_file.read_text(encoding="utf-8")
        text = PLAIN + "groups:\n" + text.partition("groups:\n")[2]
        lab.lab_file.write_text(text, encoding="utf-8")
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


@pytest.fixture
def mac(lab):
    """The first Mac; what a test makes of its sshd ends with the test."""
    yield lab.macs["studio-01"]
    lab.macs["studio-01"].set(sshd={})


def plan(torchard, lab_file, **environment):
    """Plan the first Mac; return its state and the reason."""
    done = torchard("plan", lab_file, "--json", stdin="yes\n" * 9, **environment)
    assert done.stderr == ""
    found = json.loads(done.stdout)["macs"]["studio-01"]
    return found["state"], found["reason"]


def here(lab, mac, tmp_path, ssh=""):
    """Write the lab with the Mac alone, and more settings of its ssh."""
    text = lab.lab_file.read_text(encoding="utf-8").partition("  studio-02:\n")[0]
    own = f"ssh: {{port: {mac.port}}}"
    assert own in text
    path = tmp_path / "lab.yaml"
    path.write_text(text.replace(own, f"ssh: {{port: {mac.port}{ssh}}}"), encoding="utf-8")
    (tmp_path / "locks").symlink_to(lab.directory / "locks")
    return path


def test_one_session_at_a_time_and_no_sftp_are_enough(lab, torchard):
    """MaxSessions 1: files and commands take turns. Without SFTP, files go through the shell."""
    macs = ["--limit", "studio-02", "--limit", "studio-03"]
    done = torchard("apply", lab.lab_file, "--yes", *macs)
    assert done.returncode == 0, done.stdout + done.stderr
    done = torchard("plan", lab.lab_file, *macs)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("sshd", "says"),
    [
        ({"denies": True}, "Remote Login may not allow this account; on the Mac, add it in System"),
        ({"expired": True}, "the password of this account has expired"),
        ({"locked": True}, "since its start: it accepts a password only"),
    ],
)
def test_what_an_sshd_refuses_is_reported(  # noqa: PLR0917  # fixtures
    lab, mac, torchard, tmp_path, sshd, says
):
    """Each with its cause and what to do."""
    mac.set(sshd=sshd)
    state, reason = plan(torchard, here(lab, mac, tmp_path))
    assert state == "unreachable"
    assert says in reason


def test_a_key_with_a_passphrase_is_taken_from_the_agent(lab, mac, torchard, tmp_path):
    """The lab names the file, whose public half nobody hides; without an agent, what to type."""
    key = tmp_path / "locked"
    pair = asyncssh.read_private_key(lab.directory / "id_ed25519")
    pair.write_private_key(str(key), passphrase="secret")  # noqa: S106  # a test's
    key.chmod(0o600)
    lab_file = here(lab, mac, tmp_path, ", key: locked")
    reason = plan(torchard, lab_file, SSH_AUTH_SOCK="")[1]
    assert f"the private key {key} has a passphrase; run `ssh-add {key}`" in reason
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True)
    try:
        assert agent.stdout.readline()  # it listens
        with_agent = {"SSH_AUTH_SOCK": str(socket)}
        add = ["ssh-add", "-q", str(lab.directory / "id_ed25519")]
        subprocess.run(add, env={**os.environ, **with_agent}, check=True, capture_output=True)
        assert plan(torchard, lab_file, **with_agent) == ("change", None)
    finally:
        agent.terminate()
        agent.communicate()


@pytest.mark.parametrize(
    ("ssh", "says"),
    [
        (
            ", key: nowhere",
            "the private key {here}/nowhere does not exist; correct ssh.key",
        ),
        (", key: ~/no-such-key", "/no-such-key does not exist; correct ssh.key"),
        (", key: spoilt", "{here}/spoilt is not a readable private key"),
        (", key: token", "{here}/token is on a security key, which needs an agent; run `ssh-add"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(  # noqa: PLR0917  # fixtures
    lab, mac, torchard, tmp_path, ssh, says
):
    """With what to type or write; `~` is the home, and nothing of a library's is shown."""
    (tmp_path / "spoilt").write_text("nonsense", encoding="utf-8")
    name = b"sk-ssh-ed25519@openssh.com"
    blob = base64.b64encode(len(name).to_bytes(4, "big") + name).decode()
    (tmp_path / "token").write_text("nonsense", encoding="utf-8")
    (tmp_path / "token.pub").write_text(f"{name.decode()} {blob} x\n", encoding="utf-8")
    reason = plan(torchard, here(lab, mac, tmp_path, ssh), SSH_AUTH_SOCK="")[1]
    assert says.format(here=tmp_path) in reason
    assert "~" not in reason


def test_another_program_than_a_shell_is_shown_in_a_line(lab, mac, torchard, tmp_path):
    """What it printed, without its colours, and what to change; no kilobytes of our own command."""
    shell = mac.root / "bin/sh"
    kept = shell.rename(shell.with_name("sh-itself"))
    text = "#!/bin/sh\nprintf '\\033[31mWelcome to xonsh\\033[0m\\n'\nprintf '%s\\n' \"$@\" >&2\n"
    shell.write_text(f"{text}echo 'SyntaxError: printf' >&2\nexit 1\n", encoding="utf-8")
    shell.chmod(0o755)
    try:
        reason = plan(torchard, here(lab, mac, tmp_path))[1]
    finally:
        kept.rename(shell)
    assert "its login shell did not run the command that reads the Mac" in reason
    assert re.search(r'"Welcome to xonsh … .*SyntaxError: printf"', reason)
    assert "chsh -s /bin/zsh" in reason
    assert len(reason) < 600
