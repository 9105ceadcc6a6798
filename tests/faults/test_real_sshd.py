"""The main stories once more over OpenSSH's own sshd, where this machine has one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest
from faultlab import held, started
from realsshd import NO_SFTP, Sshd, missing

from simlab.lab import SimLab
from simlab.spec import MacSpec

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")
STARTUP = {"zsh": ".zshenv", "tcsh": ".cshrc"}
NOISY = next((shell for shell in STARTUP if shutil.which(shell)), None)
PLAIN = 'environments:\n  torch: {python: "3.12", pytorch: false, pip: [einops]}\n'


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot):
    """Macs of which only the folders are used; their own servers are asyncssh's."""
    spec = [MacSpec(name, "arm64", "15.1") for name in ("studio-01", "studio-02", "studio-04")]
    spec += [MacSpec("studio-03", "arm64", "15.1", shell=NOISY)] if NOISY else []
    with SimLab(tmp_path_factory.mktemp("sshd") / "lab", spec, simlab_depot.root) as lab:
        yield lab


@pytest.fixture(scope="module")
def mac(lab):
    return lab.macs["studio-01"]


@pytest.fixture(scope="module")
def sshd(lab, mac):
    """OpenSSH's server in front of that Mac."""
    server = Sshd(lab.directory / "sshd", lab.directory / "id_ed25519.pub", mac.root)
    with server.running():
        yield server


@pytest.fixture
def fresh(sshd):
    """The server, which has been asked nothing yet."""
    (sshd.directory / "asked").unlink(missing_ok=True)
    return sshd


@pytest.fixture(scope="module")
def described(lab, mac, sshd, torchard):
    """The text of a lab file that leads to the server, to be written below the lab; its locks."""
    text = lab.lab_file.read_text(encoding="utf-8")
    head, _, rest = text.partition("environments:\n")
    text = head + PLAIN + "groups:\n" + rest.partition("groups:\n")[2]
    text = text.replace(f"ssh: {{port: {mac.port}}}", f"ssh: {{port: {sshd.port}}}")
    text = re.sub(r"known_hosts: .*", "known_hosts: hosts", text).partition("  studio-02:\n")[0]
    lab.lab_file.write_text(text, encoding="utf-8")
    assert torchard("lock", lab.lab_file).returncode == 0
    return text


@pytest.fixture
def write(lab, described, sshd):
    """Write a lab file with changes, and its known_hosts; return the path."""

    def write(*changes, known=None):
        text = described
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        lab.lab_file.write_text(text, encoding="utf-8")
        hosts = lab.directory / "hosts"
        hosts.write_text(sshd.known() if known is None else known, encoding="utf-8")
        return lab.lab_file

    return write


def reason(torchard, lab_file, **environment):
    """Return why a plan did not reach the Mac."""
    done = torchard("plan", lab_file, "--json", **environment)
    assert (done.returncode, done.stderr) == (3, "")
    return json.loads(done.stdout)["macs"]["studio-01"]["reason"]


def test_an_unknown_key_is_recorded_once_it_is_compared(fresh, write, torchard, lab):
    """What is shown is what ssh-keygen prints; what is recorded is good enough for ssh itself."""
    lab_file = write(known="")
    assert f"is not known; it shows ED25519 {fresh.fingerprint()};" in reason(torchard, lab_file)
    chosen = ["--fingerprint", fresh.fingerprint()]
    done = torchard("keys", "trust", "studio-01", lab_file, *chosen)
    assert (done.returncode, done.stderr) == (0, "")
    assert fresh.asked == 0
    assert torchard("plan", lab_file).returncode == 2
    options = [f"UserKnownHostsFile={lab.directory}/hosts", "StrictHostKeyChecking=yes"]
    options += ["BatchMode=yes", f"IdentityFile={lab.directory}/id_ed25519", "IdentitiesOnly=yes"]
    words = [word for one in options for word in ("-o", one)]
    command = ["ssh", "-F", "none", *words, "-p", str(fresh.port), "127.0.0.1", "sw_vers"]
    ssh = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "15.1" in ssh.stdout, ssh.stderr


def test_a_changed_key_is_given_no_command(fresh, write, torchard):
    """Nor is it logged in to: sshd takes no key from anybody."""
    key = fresh.directory / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    words = key.with_name("other.pub").read_text(encoding="utf-8").split()[:2]
    other = f"[127.0.0.1]:{fresh.port} {' '.join(words)}\n"
    logins = sum("Accepted" in line for line in fresh.log)
    lab_file = write(known=other)
    assert f"it shows ED25519 {fresh.fingerprint()}, and" in reason(torchard, lab_file)
    assert torchard("keys", "trust", lab_file, "--yes").returncode == 3
    assert fresh.asked == 0
    assert sum("Accepted" in line for line in fresh.log) == logins


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_key_of_another_type_that_is_known_has_not_changed(fresh, write, torchard, kind):
    """The server has three; any that is known will do, and nothing is recorded."""
    lab_file = write(known=fresh.known(kind))
    assert torchard("plan", lab_file).returncode == 2
    done = torchard("keys", "trust", lab_file)
    assert done.stdout == f"studio-01: {kind.upper()} {fresh.fingerprint(kind)} is known.\n"


def test_an_agent_has_the_key(fresh, write, torchard, lab, tmp_path):
    """A lab without a key and a home without one: the agent is asked, and no file or person."""
    key = tmp_path / "locked"
    shutil.copy(lab.directory / "id_ed25519", key)
    key.chmod(0o600)
    lab_file = write((f'      key: "{lab.directory}/id_ed25519"\n', ""))
    socket = tmp_path / "agent"
    alone = {"HOME": str(tmp_path), "SSH_AUTH_SOCK": ""}
    assert "there is no key to offer" in reason(torchard, lab_file, **alone)
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True)
    try:
        assert agent.stdout.readline()  # it listens
        with_agent = {"HOME": str(tmp_path), "SSH_AUTH_SOCK": str(socket)}
        add = {**os.environ, **with_agent}
        subprocess.run(["ssh-add", "-q", key], env=add, check=True, capture_output=True)
        key.unlink()
        done = torchard("plan", lab_file, **with_agent)
        assert done.returncode == 2, done.stdout + done.stderr
    finally:
        agent.terminate()
        agent.communicate()


def test_a_jump_host_is_passed_through(fresh, write, torchard, lab, tmp_path):
    """ProxyJump of an ssh_config, whose own key is known by its own file; it runs no command."""
    jump = Sshd(tmp_path / "jump", lab.directory / "id_ed25519.pub", None)
    with jump.running():
        (tmp_path / "jump_hosts").write_text("", encoding="utf-8")
        (tmp_path / "ssh_config").write_text(
            f"Host jump\n  HostName 127.0.0.1\n  Port {jump.port}\n"
            f"  IdentityFile {lab.directory / 'id_ed25519'}\n"
            f"  UserKnownHostsFile {tmp_path / 'jump_hosts'}\n"
            f"Host studio-01\n  HostName 127.0.0.1\n  Port {fresh.port}\n  ProxyJump jump\n",
            encoding="utf-8",
        )
        own = f"    address: 127.0.0.1\n    ssh: {{port: {fresh.port}}}\n"
        lab_file = write((own, f"    ssh: {{config: {tmp_path}/ssh_config}}\n"))
        assert f"ED25519 {jump.fingerprint()}" in reason(torchard, lab_file)
        trusted = torchard("keys", "trust", "studio-01", lab_file, "--yes")
        assert (trusted.returncode, trusted.stderr) == (0, "")
        assert fresh.asked == 0
        done = torchard("plan", lab_file)
        assert done.returncode == 2, done.stdout + done.stderr
    assert sum("Accepted publickey" in line for line in jump.log) >= 2
    assert fresh.asked > 0


def test_an_unknown_jump_host_gets_nothing(fresh, write, torchard, lab, tmp_path):
    """Though a person's own file says `StrictHostKeyChecking no`: no login, and no line for it."""
    jump = Sshd(tmp_path / "jump", lab.directory / "id_ed25519.pub", None)
    outer = Sshd(tmp_path / "outer", lab.directory / "id_ed25519.pub", None)
    hosts = tmp_path / "jump_hosts"
    hosts.write_text(outer.known(), encoding="utf-8")
    with jump.running(), outer.running():
        (tmp_path / "ssh_config").write_text(
            f"Host *\n  StrictHostKeyChecking no\n  HostName 127.0.0.1\n"
            f"  IdentityFile {lab.directory / 'id_ed25519'}\n"
            f"Host jump outer\n  UserKnownHostsFile {hosts}\n"
            f"Host jump\n  Port {jump.port}\nHost outer\n  Port {outer.port}\n"
            f"Host studio-01\n  Port {fresh.port}\n  ProxyJump outer,jump\n",
            encoding="utf-8",
        )
        own = f"    address: 127.0.0.1\n    ssh: {{port: {fresh.port}}}\n"
        lab_file = write((own, f"    ssh: {{config: {tmp_path}/ssh_config}}\n"))
        said = reason(torchard, lab_file)
        assert f"host key of [127.0.0.1]:{jump.port} is not known; it shows ED25519" in said
        assert jump.fingerprint() in said
        assert hosts.read_text(encoding="utf-8") == outer.known()
        assert not any("Accepted" in line for line in jump.log)
        assert fresh.asked == 0
        hosts.write_text(outer.known() + jump.known(), encoding="utf-8")
        done = torchard("plan", lab_file)
        assert done.returncode == 2, done.stdout + done.stderr
    assert fresh.asked > 0


def test_a_server_of_one_session_without_sftp_is_enough(write, torchard, lab, tmp_path):
    """MaxSessions 1, and files go through the account's shell."""
    limits = ("MaxSessions 1", NO_SFTP)
    other = lab.macs["studio-02"]
    server = Sshd(tmp_path / "sshd", lab.directory / "id_ed25519.pub", other.root, *limits)
    with server.running():
        lab_file = write(known=server.known())
        text = re.sub(r"ssh: \{port: \d+\}", f"ssh: {{port: {server.port}}}", lab_file.read_text())
        lab_file.write_text(text, encoding="utf-8")
        done = torchard("apply", lab_file, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_transfer_without_an_answer_ends_whatever_signs_of_life_come(
    sshd, write, torchard, lab, tmp_path
):
    """The program for SFTP answers nothing, and sshd itself asks whether we are there."""
    signs = ("Subsystem sftp cat >/dev/null", "ClientAliveInterval 1", "ClientAliveCountMax 1000")
    root = lab.macs["studio-04"].root
    server = Sshd(tmp_path / "sshd", lab.directory / "id_ed25519.pub", root, *signs, NO_SFTP)
    with server.running():
        port = f"port: {sshd.port}}}"
        patient = f"port: {server.port}}}\n    timeouts: {{transfer: 3}}"
        lab_file = write((port, patient), known=server.known())
        done = torchard("apply", lab_file, "--yes", "--json")
    found = json.loads(done.stdout)["macs"]["studio-01"]
    assert f"127.0.0.1:{server.port} did not answer for 3 seconds" in found["reason"]


@pytest.mark.skipif(NOISY is None, reason="this machine's shells read no startup file")
def test_what_a_shell_prints_at_every_start_breaks_sftp(sshd, write, torchard, lab, tmp_path):
    """So a plan refuses it: sftp-server, too, is started by the account's shell."""
    noisy = lab.macs["studio-03"]
    startup = noisy.home / STARTUP[NOISY]
    server = Sshd(tmp_path / "sshd", lab.directory / "id_ed25519.pub", noisy.root)
    with server.running():
        lab_file = write((f"port: {sshd.port}", f"port: {server.port}"), known=server.known())
        options = [f"UserKnownHostsFile={lab.directory}/hosts", "BatchMode=yes"]
        options += [f"IdentityFile={lab.directory}/id_ed25519", "IdentitiesOnly=yes"]
        words = [word for one in options for word in ("-o", one)]
        command = ["sftp", "-F", "none", *words, "-P", str(server.port), "-b", "-", "127.0.0.1"]
        for line, status in (("echo hello", 3), ("echo hello >&2", 2)):
            startup.write_text(f"{line}\n", encoding="utf-8")
            sftp = subprocess.run(command, check=False, input=b"pwd\n", capture_output=True)
            assert (sftp.returncode == 0) == (status == 2), sftp.stderr
            assert torchard("plan", lab_file).returncode == status


def test_a_connection_that_drops_is_made_good_by_the_next_run(fresh, write, torchard, mac):
    """The Mac builds on alone; the next run waits for it, and the one after has nothing to do."""
    lab_file = write()
    with held(mac, "install_wheels.py") as stopped:
        with started("apply", lab_file, "--yes", "--json") as controller:
            stopped.wait()
            fresh.cut()
            printed, errors = controller.communicate(timeout=60)
        assert controller.returncode == 1, printed + errors
        said = json.loads(printed)["macs"]["studio-01"]["reason"]
        assert f"the connection to 127.0.0.1:{fresh.port} was lost" in said
    again = torchard("apply", lab_file, "--yes")
    assert again.returncode == 0, again.stdout + again.stderr
    done = torchard("plan", lab_file)
    assert done.returncode == 0, done.stdout + done.stderr
    verified = torchard("verify", lab_file)
    assert verified.returncode == 0, verified.stdout + verified.stderr
