"""Whose host key is taken: the lab's, or a known one. A Mac with another is not talked to."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import asyncssh
import pytest
from paramiko import HostKeys

from simlab import keys
from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """Two Macs, and the locks of their lab."""
    with SimLab(tmp_path_factory.mktemp("keys") / "lab", 2, simlab_depot.root) as lab:
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


@pytest.fixture
def mac(lab):
    """The first Mac, which counts its commands; what a test changes of it ends with the test."""
    mac = lab.macs["studio-01"]
    mac.set(fault={"drop_after": 10**6})
    yield mac
    mac.set(fault=None)


@pytest.fixture
def known(lab):
    """The lab's file of known hosts; what a test changes of it ends with the test."""
    path = lab.directory / "known_hosts"
    text = path.read_text(encoding="utf-8")
    yield path
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def with_ssh(lab, mac, tmp_path):
    """Write a lab in which the first Mac has more settings of ssh."""

    def write(more):
        text = lab.lab_file.read_text(encoding="utf-8")
        own = f"    ssh: {{port: {mac.port}}}"
        assert own in text
        other = tmp_path / "lab.yaml"
        other.write_text(text.replace(own, f"{own[:-1]}, {more}}}"), encoding="utf-8")
        (tmp_path / "locks").symlink_to(lab.directory / "locks")
        return other

    return write


def public(mac, name=keys.HOST_KEY):
    """Return a Mac's host key: its line in a file of known hosts, and its fingerprint."""
    key = asyncssh.read_public_key(mac.root / f"{name}.pub")
    kind, text = key.export_public_key().decode().split()[:2]
    return f"[127.0.0.1]:{mac.port} {kind} {text}\n", f"ED25519 {key.get_fingerprint()}"


def asked(mac):
    """Tell whether a Mac was given any command since it began to count."""
    return (mac.root / "commands").exists()


def plan(torchard, lab_file):
    """Plan the first Mac; return its state and the reason."""
    done = torchard("plan", lab_file, "--json", "--limit", "studio-01", stdin="yes\n" * 9)
    assert done.stderr == ""
    found = json.loads(done.stdout)["macs"]["studio-01"]
    return found["state"], found["reason"]


def pyinfra(lab_file, *arguments):
    """Run the stock command on the first Mac."""
    return subprocess.run(
        [sys.executable, "-m", "pyinfra", "--limit", "studio-01", "inventory/lab.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "TORCHARD_LAB": str(lab_file), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_unknown_key_is_shown_and_the_mac_is_given_no_command(lab, mac, known, torchard):
    """Its fingerprint is for comparing; the key is neither asked about nor written anywhere."""
    known.write_text("", encoding="utf-8")
    state, reason = plan(torchard, lab.lab_file)
    assert state == "unreachable"
    assert f"host key of [127.0.0.1]:{mac.port} is not known; it shows {public(mac)[1]};" in reason
    assert f"`torchard keys trust studio-01 {lab.lab_file}`" in reason
    stock = pyinfra(lab.lab_file, "--data", "ssh_strict_host_key_checking=no", "deploy.py", "-y")
    assert stock.returncode == 1
    assert f"is not known; it shows {public(mac)[1]}" in stock.stderr
    assert known.read_text(encoding="utf-8") == ""
    assert not asked(mac)


def test_any_key_that_is_known_will_do(lab, mac, known, torchard):
    """As to ssh, where a file has several of one type: an address may have been another's once."""
    line, _ = public(mac, keys.OTHER_HOST_KEY)
    known.write_text(line + public(mac)[0], encoding="utf-8")
    assert plan(torchard, lab.lab_file)[0] == "change"
    done = torchard("keys", "trust", "studio-01", lab.lab_file)
    assert (done.returncode, done.stdout) == (0, f"studio-01: {public(mac)[1]} is known.\n")


def test_a_changed_key_is_shown_and_the_mac_is_given_no_command(lab, mac, known, torchard):
    """Both fingerprints, and the command that forgets the old key; neither tool goes on."""
    line, was = public(mac, keys.OTHER_HOST_KEY)
    known.write_text(line, encoding="utf-8")
    for command in ("plan", "apply", "verify"):
        more = ["--yes"] if command == "apply" else []
        done = torchard(command, lab.lab_file, "--json", "--limit", "studio-01", *more)
        assert done.returncode == 3
        reason = json.loads(done.stdout)["macs"]["studio-01"]["reason"]
        assert f"it shows {public(mac)[1]}, and {was} is known" in reason
        assert f"`ssh-keygen -R '[127.0.0.1]:{mac.port}' -f {known}`" in reason
    stock = pyinfra(lab.lab_file, "deploy.py", "-y")
    assert stock.returncode == 1
    assert f"it shows {public(mac)[1]}, and {was} is known" in stock.stderr
    assert not asked(mac)


def test_the_labs_fingerprint_is_enough(mac, known, with_ssh, torchard):
    """No known_hosts has to know the Mac, under neither command."""
    known.write_text("", encoding="utf-8")
    lab_file = with_ssh(f'fingerprint: "{public(mac)[1].split()[1]}"')
    assert plan(torchard, lab_file) == ("change", None)
    assert asked(mac)
    stock = pyinfra(lab_file, "deploy.py", "--dry")
    assert stock.returncode == 0, stock.stderr
    assert "[studio-01] Connected" in stock.stderr
    assert known.read_text(encoding="utf-8") == ""
    trusted = torchard("keys", "trust", "studio-01", lab_file)
    assert (trusted.returncode, trusted.stderr) == (0, "")
    assert trusted.stdout == f"studio-01: {public(mac)[1]} is known.\n"


def test_the_labs_fingerprint_counts_more_than_known_hosts(mac, known, with_ssh, torchard):
    """A key that is not the lab's is refused though known_hosts has it; no command is sent."""
    assert public(mac)[0] in known.read_text(encoding="utf-8")
    wanted = public(mac, keys.OTHER_HOST_KEY)[1].split()[1]
    lab_file = with_ssh(f'fingerprint: "{wanted}"')
    state, reason = plan(torchard, lab_file)
    said = f"it shows {public(mac)[1]}, and ssh.fingerprint is {wanted}"
    assert state == "unreachable"
    assert said in reason
    stock = pyinfra(lab_file, "deploy.py", "-y")
    assert stock.returncode == 1
    assert said in stock.stderr
    trusted = torchard("keys", "trust", "studio-01", lab_file, "--yes")
    assert trusted.returncode == 3
    assert said in trusted.stderr
    assert not asked(mac)


@pytest.mark.parametrize("setting", ["no", "accept-new", "ask"])
def test_no_ssh_config_makes_an_unknown_key_a_known_one(  # noqa: PLR0917  # fixtures
    mac, known, with_ssh, torchard, tmp_path, setting
):
    """StrictHostKeyChecking of an ssh_config is for ssh; nothing is asked under pyinfra either."""
    known.write_text("", encoding="utf-8")
    config = tmp_path / "config"
    config.write_text(f"Host *\n  StrictHostKeyChecking {setting}\n", encoding="utf-8")
    lab_file = with_ssh(f"config: {config}")
    assert plan(torchard, lab_file)[0] == "unreachable"
    stock = pyinfra(lab_file, "deploy.py", "-y")
    assert stock.returncode == 1
    assert f"host key of [127.0.0.1]:{mac.port} is not known" in stock.stderr
    assert known.read_text(encoding="utf-8") == ""
    assert not asked(mac)


def test_a_key_is_recorded_for_those_who_agree(lab, mac, known, torchard):
    """Both Macs are shown and recorded, nobody logs in, and the plan goes on; again is nothing."""
    known.write_text("# ours\nelsewhere ssh-ed25519 AAAA", encoding="utf-8")
    names = [lab.macs[name] for name in ("studio-01", "studio-02")]
    done = torchard("keys", "trust", "studio-*", lab.lab_file, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    for one in names:
        assert f"host key of [127.0.0.1]:{one.port} is {public(one)[1]}.\n" in done.stdout
    head, text = "# ours\nelsewhere ssh-ed25519 AAAA\n", known.read_text(encoding="utf-8")
    assert text.startswith(head)
    # Their names are hashed where this machine's ssh_config says so, as Debian's does.
    found = HostKeys(str(known))
    assert len(text.splitlines()) == 4
    for one in names:
        address, _, key = public(one)[0].split()
        assert found.lookup(address)["ssh-ed25519"].get_base64() == key
    assert not asked(mac)
    assert plan(torchard, lab.lab_file)[0] == "change"
    again = torchard("keys", "trust", lab.lab_file)
    assert again.returncode == 0
    assert again.stdout == "".join(f"{one.name}: {public(one)[1]} is known.\n" for one in names)


def test_a_file_that_is_made_is_the_owners_alone(mac, with_ssh, torchard):
    """As ssh makes it: the file for nobody else to read, in a folder of the same kind."""
    lab_file = with_ssh("known_hosts: made/by/hosts")
    fingerprint = public(mac)[1].split()[1]
    done = torchard("keys", "trust", "studio-01", lab_file, "--fingerprint", fingerprint)
    assert (done.returncode, done.stderr) == (0, "")
    made = lab_file.parent / "made/by/hosts"
    assert made.stat().st_mode & 0o777 == 0o600
    assert made.parent.stat().st_mode & 0o777 == 0o700


def test_another_fingerprint_than_that_of_the_known_key_is_an_error(lab, torchard):
    """Exit 3: what the person has compared is not what Torchard would accept."""
    wrong = "SHA256:" + "A" * 43
    done = torchard("keys", "trust", "studio-01", lab.lab_file, "--fingerprint", wrong)
    assert (done.returncode, done.stdout) == (3, "")
    said = f"another fingerprint than that of the known key, {public(lab.macs['studio-01'])[1]}."
    assert said in done.stderr


def test_what_is_not_a_fingerprint_is_an_error_before_a_mac_is_asked(lab, torchard):
    """Such as one that was cut off."""
    done = torchard("keys", "trust", "studio-01", lab.lab_file, "--fingerprint", "SHA256:abc")
    assert (done.returncode, done.stdout) == (1, "")
    assert "'SHA256:abc' is not a fingerprint." in done.stderr


def test_a_fingerprint_that_is_not_the_macs_records_nothing(lab, mac, known, torchard):
    """One fingerprint is given for the wrong Mac: exit 3."""
    known.write_text("", encoding="utf-8")
    wrong = public(mac, keys.OTHER_HOST_KEY)[1].split()[1]
    done = torchard("keys", "trust", "studio-01", lab.lab_file, "--fingerprint", wrong)
    assert done.returncode == 3
    assert "you gave another fingerprint" in done.stderr
    assert known.read_text(encoding="utf-8") == ""


def test_a_changed_key_is_never_recorded(lab, mac, known, torchard):
    """To accept it, a person removes the old one first: exit 3, both fingerprints, and how."""
    line, was = public(mac, keys.OTHER_HOST_KEY)
    known.write_text(line, encoding="utf-8")
    done = torchard("keys", "trust", "studio-01", lab.lab_file, "--yes")
    assert done.returncode == 3
    assert f"it shows {public(mac)[1]}, and {was} is known" in done.stderr
    assert re.search(r"ssh-keygen -R .+` and `torchard keys trust studio-01 ", done.stderr)
    assert known.read_text(encoding="utf-8") == line


def test_nothing_is_recorded_where_nobody_can_be_asked(lab, mac, known, torchard):
    """Without a terminal every Mac's key is shown, with what to type: exit 1."""
    known.write_text("", encoding="utf-8")
    done = torchard("keys", "trust", lab.lab_file, stdin="y\ny\n")
    assert done.returncode == 1
    for name in ("studio-01", "studio-02"):
        fingerprint = public(lab.macs[name])[1].split()[1]
        assert f"{name}: not recorded" in done.stderr
        assert f"give --fingerprint {fingerprint}, or --yes" in done.stderr
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in done.stdout
    assert known.read_text(encoding="utf-8") == ""


def test_names_in_a_hashed_file_stay_hashed(lab, mac, known, torchard):
    """OpenSSH, too, finds the Mac in it, and nobody else does."""
    known.write_text("elsewhere ssh-ed25519 " + public(mac)[0].split()[2] + "\n", encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", known], check=True, capture_output=True)
    assert torchard("keys", "trust", "studio-01", lab.lab_file, "--yes").returncode == 0
    text = known.read_text(encoding="utf-8")
    assert [line[:3] for line in text.splitlines()] == ["|1|", "|1|"]
    found = ["ssh-keygen", "-F", f"[127.0.0.1]:{mac.port}", "-f", known]
    assert subprocess.run(found, check=False, capture_output=True).returncode == 0
    assert plan(torchard, lab.lab_file)[0] == "change"


def test_a_broken_line_hides_nothing(lab, mac, known, torchard):
    """As to ssh: a key behind it is recorded, and found."""
    broken = "elsewhere ssh-ed25519 AAAAC\n"
    known.write_text(broken, encoding="utf-8")
    done = torchard("keys", "trust", "studio-01", lab.lab_file, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert known.read_text(encoding="utf-8").startswith(broken)
    assert plan(torchard, lab.lab_file)[0] == "change"


def test_a_mac_that_is_off_is_reported(lab, mac, torchard):
    """The other one is recorded all the same: exit 3."""
    mac.set(fault="refuse")
    done = torchard("keys", "trust", lab.lab_file)
    assert done.returncode == 3
    assert f"studio-01: unreachable: 127.0.0.1:{mac.port} refused the connection" in done.stderr
    assert "studio-02: ED25519 SHA256:" in done.stdout


class Server(asyncssh.SSHServer):
    def begin_auth(self, username):  # noqa: ARG002  # asyncssh names it
        return True


@pytest.fixture
def of_two_keys(with_ssh, tmp_path):
    """A host with an ED25519 and an RSA key: its port, the RSA key, and a lab that names it."""
    both = [asyncssh.generate_private_key(kind) for kind in ("ssh-ed25519", "ssh-rsa")]
    ready, end = threading.Event(), asyncio.Event()
    at = {}

    async def serve():
        signatures = ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"]  # as OpenSSH since 8.8
        listener = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Server,
            server_host_keys=both,
            signature_algs=signatures,
        )
        at.update(port=listener.get_port(), loop=asyncio.get_running_loop())
        ready.set()
        await end.wait()
        listener.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    yield at["port"], both[1].export_public_key().decode().strip()
    at["loop"].call_soon_threadsafe(end.set)
    thread.join(20)


def test_a_mac_that_is_known_by_its_rsa_key_has_not_changed(of_two_keys, torchard, tmp_path):
    """It shows that key when asked for it, whatever else it has."""
    port, rsa = of_two_keys
    (tmp_path / "hosts").write_text(f"[127.0.0.1]:{port} {rsa}\n", encoding="utf-8")
    lab_file = tmp_path / "two.yaml"
    lab_file.write_text(
        f"macs: {{old: {{address: 127.0.0.1, ssh: {{port: {port}, known_hosts: hosts}}}}}}\n",
        encoding="utf-8",
    )
    done = torchard("keys", "trust", lab_file)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"old: RSA SHA256:\S+ is known\.\n", done.stdout)
