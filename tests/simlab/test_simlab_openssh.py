"""The Macs to the OpenSSH client, which people and pyinfra's users have."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("ssh"), reason="this host has no OpenSSH client")


@pytest.fixture
def openssh(lab):
    """Return what runs ssh, scp or sftp with the lab's key and known hosts and nothing else."""

    def openssh(program, *arguments, stdin=b"", key="id_ed25519", known_hosts="known_hosts"):
        options = [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            f"IdentityFile={lab.directory / key}",
            f"UserKnownHostsFile={lab.directory / known_hosts}",
            "GlobalKnownHostsFile=/dev/null",
            "StrictHostKeyChecking=yes",
            "UpdateHostKeys=no",
        ]
        return subprocess.run(
            [program, "-F", "none", *[word for one in options for word in ("-o", one)], *arguments],
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return openssh


@pytest.fixture
def run(openssh, mac):
    """Return what runs a command on the Mac with ssh."""

    def run(*arguments, **options):
        return openssh("ssh", "-p", str(mac.port), "somebody@127.0.0.1", *arguments, **options)

    return run


def test_command_is_run(run, mac):
    """Both streams and the exit status arrive, and the command begins in the home."""
    done = run("uname -sm; pwd; echo no >&2; exit 9")
    assert done.returncode == 9
    assert done.stdout.decode().splitlines() == ["Darwin arm64", str(mac.home)]
    assert done.stderr.endswith(b"no\n")


def test_stdin_and_output_are_whole(run):
    """Three megabytes there and back are the same bytes."""
    data = bytes(range(256)) * 12_000
    assert run("cat", stdin=data).stdout == data
    digest = run("shasum -a 256 | cut -d ' ' -f 1", stdin=data).stdout.decode().strip()
    assert digest == hashlib.sha256(data).hexdigest()


def test_environment_is_bare(run, lab, mac):
    """A command gets the Mac's own PATH and home, and nothing that the client sends."""
    done = run("-o", "SendEnv=*", "-o", "SetEnv=LANG=C", "env")
    found = dict(line.split("=", 1) for line in done.stdout.decode().splitlines())
    assert found["PATH"] == f"{mac.root}/bin:{mac.root}/usr/sbin:{mac.root}/sbin"
    assert found["HOME"] == str(mac.home)
    kept = set(found) - {"PWD", "OLDPWD", "SHLVL", "_"}
    assert kept == {"HOME", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TORCHARD_ROOT", "USER"}


def test_there_is_no_terminal(run):
    """A terminal that is insisted on is refused, and a command runs without one."""
    done = run("-tt", "true")
    assert done.returncode == 255
    assert b"PTY allocation request failed" in done.stderr
    assert run("test -t 0 || test -t 1 || tty").stdout == b"not a tty\n"


def test_unknown_host_is_not_entered(run, lab):
    """Without the Mac's key in known_hosts, ssh goes no further."""
    done = run("true", known_hosts="none")
    assert done.returncode == 255
    assert b"Host key verification failed" in done.stderr


def test_changed_host_key_is_a_warning(run, mac):
    """A Mac with another host key is what OpenSSH warns of."""
    mac.set(fault="hostkey")
    done = run("true")
    assert done.returncode == 255
    assert b"REMOTE HOST IDENTIFICATION HAS CHANGED" in done.stderr
    mac.set(fault=None)
    assert run("true").returncode == 0


def test_another_key_is_denied(run, lab):
    """A key that the lab did not make opens nothing, and nothing else is offered."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", lab.directory / "stranger"],
        check=True,
    )
    done = run("true", key="stranger")
    assert done.returncode == 255
    assert b"Permission denied (publickey)" in done.stderr


def test_refusing_mac_and_cut_connection(run, mac):
    """A Mac that refuses, or cuts the connection, is 255 and the reason."""
    mac.set(fault="refuse")
    done = run("true")
    assert (done.returncode, b"Connection refused" in done.stderr) == (255, True)
    mac.set(fault={"drop_after": 0})
    assert run("echo never").stdout == b""
    assert run("echo again").stdout == b"again\n"


def test_files_pass(openssh, mac, tmp_path):
    """The clients scp and sftp put and get files, by paths below the home and by absolute ones."""
    (tmp_path / "there").write_bytes(b"\0\xff" * 50_000)
    port = str(mac.port)
    put = openssh("scp", "-P", port, tmp_path / "there", "x@127.0.0.1:by-scp")
    assert put.returncode == 0, put.stderr
    batch = f"rename by-scp moved\nget {mac.home}/moved {tmp_path}/back\nrm moved\n"
    got = openssh("sftp", "-P", port, "-b", "-", "x@127.0.0.1", stdin=batch.encode())
    assert got.returncode == 0, got.stderr
    assert (tmp_path / "back").read_bytes() == (tmp_path / "there").read_bytes()
    assert not (mac.home / "moved").exists()


def test_one_connection_carries_many_commands(openssh, lab, mac):
    """Several sessions share one connection, as with ControlMaster, and end apart."""
    socket = f"{lab.directory}/mux"
    to = ["-S", socket, "-p", str(mac.port), "x@127.0.0.1"]
    assert openssh("ssh", "-fNM", *to).returncode == 0
    try:
        for status in (0, 5):
            assert openssh("ssh", *to, f"exit {status}").returncode == status
    finally:
        assert openssh("ssh", "-O", "exit", *to).returncode == 0
