"""How Macs are reached: why not, said with what to type; through ssh_config; never by a prompt.

Nothing is changed on these Macs: every command here is a plan.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading

import asyncssh
import pytest

from simlab.lab import SimLab


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """Two Macs, and the locks of their lab."""
    with SimLab(tmp_path_factory.mktemp("reaching") / "lab", 2, simlab_depot.root) as lab:
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


@pytest.fixture
def mac(lab):
    """The first Mac; its faults end with the test."""
    yield lab.macs["studio-01"]
    lab.macs["studio-01"].set(fault=None)


@pytest.fixture
def described(lab):
    """The lab file's text; what a test changes of it ends with the test."""
    text = lab.lab_file.read_text(encoding="utf-8")
    yield text
    lab.lab_file.write_text(text, encoding="utf-8")


def plan(torchard, lab):
    """Plan the lab, and return the first Mac's state and reason; the other one is never held up."""
    done = torchard("plan", lab.lab_file, "--json", stdin="yes\n" * 9)
    assert (done.returncode, done.stderr) == (3, "")
    macs = json.loads(done.stdout)["macs"]
    assert macs["studio-02"]["state"] == "change"
    assert macs["studio-01"]["state"] == "unreachable"
    return macs["studio-01"]["reason"]


def test_a_closed_port_is_reported(lab, mac, torchard):
    """A Mac that refuses the connection: its address and port, and where to turn it on."""
    mac.set(fault="refuse")
    reason = plan(torchard, lab)
    assert reason.startswith(f"127.0.0.1:{mac.port} refused the connection; turn Remote Login on")


def test_a_key_that_the_mac_does_not_accept_is_reported(lab, mac, described, torchard):
    """A Mac that takes none of our keys: the command that gives it one."""
    key = lab.directory / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key))
    key.chmod(0o600)
    own = f"    ssh: {{port: {mac.port}}}"
    text = described.replace(own, f"    ssh: {{port: {mac.port}, key: stranger}}")
    lab.lab_file.write_text(text, encoding="utf-8")
    reason = plan(torchard, lab)
    assert f"127.0.0.1:{mac.port} accepts none of your keys" in reason
    assert f"`ssh-copy-id -i {key} -p {mac.port} " in reason


def test_a_key_with_a_passphrase_is_never_asked_for(lab, mac, described, torchard):
    """A key file that is locked: the agent is the way, and nothing is asked at the terminal."""
    key = lab.directory / "locked"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key), passphrase="secret")  # noqa: S106  # a test's
    key.chmod(0o600)
    own = f"    ssh: {{port: {mac.port}}}"
    text = described.replace(own, f"    ssh: {{port: {mac.port}, key: locked}}")
    lab.lab_file.write_text(text, encoding="utf-8")
    reason = plan(torchard, lab)
    assert f"the private key {key} has a passphrase; run `ssh-add {key}`" in reason


class Jump(asyncssh.SSHServer):
    """A host that one only passes through; it takes the lab's key."""

    def __init__(self, key):
        self.key = key
        self.asked = []

    def begin_auth(self, username):  # noqa: ARG002  # asyncssh names them
        return True

    def public_key_auth_supported(self):
        return True

    def validate_public_key(self, username, key):  # noqa: ARG002
        return key.public_data == self.key

    def connection_requested(self, dest_host, dest_port, *_origin):
        self.asked.append((dest_host, dest_port))
        return True


@pytest.fixture
def jump(lab):
    """A jump host that runs: its port, its public host key, and what went through it."""
    key = asyncssh.read_public_key(lab.directory / "id_ed25519.pub").public_data
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    server = Jump(key)
    started, ended = threading.Event(), asyncio.Event()

    async def serve():
        listener = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: server, server_host_keys=[host_key]
        )
        server.port = listener.get_port()
        server.loop = asyncio.get_running_loop()
        started.set()
        await ended.wait()
        listener.close()
        await listener.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    server.public = host_key.export_public_key().decode().strip()
    yield server
    server.loop.call_soon_threadsafe(ended.set)
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def through(lab, mac, described, jump, tmp_path):
    """Describe the Mac by nothing but its name: an ssh_config says the rest, with a jump host."""

    def describe(known):
        (tmp_path / "jump_hosts").write_text(known, encoding="utf-8")
        (tmp_path / "config").write_text(
            f"Host jump\n  HostName 127.0.0.1\n  Port {jump.port}\n  User anybody\n"
            f"  IdentityFile {lab.directory / 'id_ed25519'}\n"
            f"  UserKnownHostsFile {tmp_path / 'jump_hosts'}\n"
            f"Host studio-01\n  HostName 127.0.0.1\n  Port {mac.port}\n  ProxyJump jump\n",
            encoding="utf-8",
        )
        own = f"    address: 127.0.0.1\n    ssh: {{port: {mac.port}}}\n"
        assert own in described
        by_name = f"    ssh: {{config: {tmp_path / 'config'}}}\n"
        lab.lab_file.write_text(described.replace(own, by_name), encoding="utf-8")

    return describe


def test_a_jump_host_of_an_ssh_config_is_passed_through(lab, mac, through, jump, torchard):
    """A Mac behind ProxyJump is read as any other."""
    through(f"[127.0.0.1]:{jump.port} {jump.public}\n")
    done = torchard("plan", lab.lab_file, "--json")
    assert (done.returncode, done.stderr) == (2, "")
    assert jump.asked == [("127.0.0.1", mac.port)]


def test_the_key_of_a_jump_host_has_to_be_known_too(  # noqa: PLR0917  # fixtures
    lab, mac, through, jump, torchard, tmp_path
):
    """A jump host that nobody knows is neither taken nor asked about, and nothing passes it."""
    through("")
    reason = plan(torchard, lab)
    assert f"the host key of [127.0.0.1]:{jump.port} is not known" in reason
    assert f"`torchard keys trust studio-01 {lab.lab_file}`" in reason
    assert jump.asked == []
    assert (tmp_path / "jump_hosts").read_text(encoding="utf-8") == ""


def test_the_key_of_a_jump_host_is_recorded_before_the_macs(  # noqa: PLR0917  # fixtures
    lab, mac, through, jump, torchard, tmp_path
):
    """Each in the file that its next connection reads; after that, both are known."""
    through("")
    (lab.directory / "known_hosts").rename(tmp_path / "kept")
    try:
        done = torchard("keys", "trust", "studio-01", lab.lab_file, "--yes")
        again = torchard("keys", "trust", "studio-01", lab.lab_file)
        (line,) = (lab.directory / "known_hosts").read_text(encoding="utf-8").splitlines()
    finally:
        (tmp_path / "kept").replace(lab.directory / "known_hosts")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"key of (\S+) is ED25519", done.stdout) == [
        f"[127.0.0.1]:{jump.port}",
        f"[127.0.0.1]:{mac.port}",
    ]
    assert line.startswith(f"[127.0.0.1]:{mac.port} ssh-ed25519 ")
    recorded = (tmp_path / "jump_hosts").read_text(encoding="utf-8")
    assert recorded == f"[127.0.0.1]:{jump.port} {jump.public}\n"
    assert (again.returncode, again.stderr) == (0, "")
    assert re.fullmatch(r"studio-01: ED25519 \S+ is known\.\n", again.stdout)


def test_a_jump_host_whose_key_has_changed_is_not_passed(lab, mac, through, jump, torchard):
    """What to forget is the jump host's key, in the jump host's file; nothing passes it."""
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    through(f"[127.0.0.1]:{jump.port} {other}\n")
    reason = plan(torchard, lab)
    assert f"`ssh-keygen -R '[127.0.0.1]:{jump.port}' -f " in reason
    assert re.search(r"/jump_hosts` and `torchard keys trust \S+ \S+`\Z", reason), reason
    assert jump.asked == []


def test_a_missing_ssh_config_is_reported(lab, mac, described, torchard):
    """Otherwise pyinfra would go on without it, to another address than the one that is meant."""
    own = f"    ssh: {{port: {mac.port}}}"
    text = described.replace(own, f"    ssh: {{port: {mac.port}, config: nowhere}}")
    lab.lab_file.write_text(text, encoding="utf-8")
    assert re.search(r"^the ssh_config \S+/nowhere does not exist", plan(torchard, lab))


def test_what_a_mac_says_never_speaks_to_a_terminal(lab, mac, described, torchard):
    """`lock` asks a Mac whose class nobody knows; its answer is printed without escapes.

    A plan shows the words alone, whatever the Mac means to do to the screen.
    """
    lab.lab_file.write_text(re.sub(r" +(arch|macos): .*\n", "", described), encoding="utf-8")
    shell = mac.root / "bin/sh"
    kept = shell.rename(shell.with_name("sh-itself"))
    shell.write_text(
        "#!/bin/sh\nprintf '\\033]0;owned\\007a \\342\\200\\256word' >&2\nexit 1\n",
        encoding="utf-8",
    )
    shell.chmod(0o755)
    try:
        done = [torchard(command, lab.lab_file) for command in ("lock", "plan")]
    finally:
        kept.rename(shell)
    assert [one.returncode for one in done] == [1, 3]
    for one in done:
        assert 'it printed "a  word"' in one.stdout + one.stderr
        assert not {"\x1b", "\x07", "\u202e"} & set(one.stdout + one.stderr)
