"""The Macs over SSH: commands, files, and connections that go wrong."""

from __future__ import annotations

import asyncio
import os
import select

import asyncssh
import paramiko
import pytest

from simlab.lab import SimLab


def test_command_answers_with_both_streams_and_its_status(mac, ssh):
    """stdout, stderr and the exit status of a command arrive apart."""
    done = ssh(mac, "echo out; echo err >&2; pwd; exit 7")
    assert (done.stdout, done.stderr) == (f"out\n{mac.home}\n", "err\n")
    assert done.exit_status == 7


def test_signal_that_ended_a_command_is_reported(mac, ssh):
    """For a command that dies of a signal, the client gets the signal's name."""
    assert ssh(mac, "kill -TERM $$").exit_signal[0] == "TERM"


def test_shell_reads_its_commands(mac, ssh):
    """A session without a command is a shell that reads stdin."""
    assert ssh(mac, None, input="sw_vers -productVersion\nexit 3\n").stdout == "15.1\n"


def test_streams_are_whole(mac, ssh):
    """Megabytes pass in both directions, also where the command is slow to read."""
    assert len(ssh(mac, "head -c 8000000 /dev/zero", encoding=None).stdout) == 8_000_000
    counted = ssh(mac, "read first; wc -c", input="x\n" + "y" * 3_000_000)
    assert counted.stdout.strip() == "3000000"


def test_every_mac_answers_at_once(lab, connect):
    """All Macs run several commands each at the same time, and none is mixed up."""

    async def run():
        async def ask(mac, number):
            async with connect(mac) as connection:
                asked = [connection.run(f"uname -n; echo {number}-{i}") for i in range(4)]
                return [done.stdout for done in await asyncio.gather(*asked)]

        return await asyncio.gather(*(ask(mac, n) for n, mac in enumerate(lab.macs.values())))

    assert asyncio.run(run()) == [
        [f"{name}\n{number}-{i}\n" for i in range(4)] for number, name in enumerate(lab.macs)
    ]


def test_client_signal_reaches_the_command(mac, connect):
    """A signal that the client sends ends the command."""

    async def run():
        async with connect(mac) as connection:
            process = await connection.create_process("echo up; exec sleep 600")
            assert await process.stdout.readline() == "up\n"
            process.send_signal("INT")
            return await process.wait()

    assert asyncio.run(run()).exit_signal[0] == "INT"


def test_only_the_labs_key_is_let_in(mac, connect):
    """Neither another key nor a password opens a Mac."""

    async def enter(**options):
        async with connect(mac, **options):
            pass

    other = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(enter(client_keys=[other]))
    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(enter(client_keys=[], password="secret"))  # noqa: S106


def test_files_pass_over_sftp(lab, mac):
    """A paramiko client puts, reads, renames and links files; relative paths begin at the home."""
    client = paramiko.SSHClient()
    client.load_host_keys(str(lab.directory / "known_hosts"))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    key = str(lab.directory / "id_ed25519")
    client.connect(
        "127.0.0.1", mac.port, "anybody", key_filename=key, allow_agent=False, look_for_keys=False
    )
    try:
        files = client.open_sftp()
        assert files.normalize(".") == str(mac.home)
        with files.open("sftp-file", "wb") as file:
            file.write(b"abc" * 100_000)
        files.chmod("sftp-file", 0o600)
        files.posix_rename("sftp-file", str(mac.home / "sftp-other"))
        files.symlink("sftp-other", "sftp-link")
        with files.open("sftp-link", "rb") as file:
            assert file.read() == b"abc" * 100_000
        assert (mac.home / "sftp-other").stat().st_mode & 0o777 == 0o600
        assert (mac.home / "sftp-link").readlink().name == "sftp-other"
        with pytest.raises(FileNotFoundError):
            files.open("sftp-nothing")
    finally:
        client.close()


def test_refusing_mac_closes_its_port(lab, mac, ssh):
    """A Mac that refuses is connection refused; the others answer, and so does it later."""
    mac.set(fault="refuse")
    with pytest.raises(ConnectionRefusedError):
        ssh(mac, "true")
    assert ssh(lab.macs["studio-02"], "true").exit_status == 0
    mac.set(fault=None)
    assert ssh(mac, "true").exit_status == 0


def test_other_host_key_is_noticed(mac, ssh):
    """A Mac with another host key is refused by a client that keeps known_hosts."""
    mac.set(fault="hostkey")
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        ssh(mac, "true")
    mac.set(fault=None)
    assert ssh(mac, "true").exit_status == 0


def test_connection_drops_before_a_command(mac, ssh):
    """After N commands the next is never started, once; the one after it runs."""
    mac.set(fault={"drop_after": 2})
    assert [ssh(mac, f"echo {n} >>counted").exit_status for n in (1, 2)] == [0, 0]
    assert ssh(mac, "echo 3 >>counted").exit_status is None
    assert ssh(mac, "cat counted").stdout == "1\n2\n"


def test_fault_that_is_set_again_counts_again(mac, ssh):
    """Setting a fault begins its count from zero."""
    for _ in range(2):
        mac.set(fault={"drop_after": 0})
        assert ssh(mac, "true").exit_status is None
        assert ssh(mac, "true").exit_status == 0


def test_dropped_command_goes_on(mac, ssh):
    """A command whose connection is cut gets no SIGHUP and does its work."""
    for name in ("go", "done"):
        os.mkfifo(mac.home / name)
    mac.set(fault={"drop_during": 0})
    assert ssh(mac, "read word <go; echo $word and done >done").exit_status is None
    mac.run("echo heard >go", timeout=30)
    assert mac.run("cat done", timeout=30).stdout == "heard and done\n"


def test_client_that_goes_away_leaves_the_command(mac, connect):
    """A client that closes its connection leaves what it started running."""
    for name in ("leave", "left"):
        os.mkfifo(mac.home / name)

    async def start():
        async with connect(mac) as connection:
            process = await connection.create_process(
                "echo started; read word <leave; echo $word >left"
            )
            assert await process.stdout.readline() == "started\n"
            connection.abort()

    asyncio.run(start())
    mac.run("echo alone >leave", timeout=30)
    assert mac.run("cat left", timeout=30).stdout == "alone\n"


def test_end_of_the_lab_ends_what_runs(tmp_path, stub_depot, enter):
    """Stopping a lab leaves no process behind, whatever its group."""
    with SimLab(tmp_path / "lab", 1, depot=stub_depot) as lab:
        mac = lab.macs["studio-01"]
        os.mkfifo(mac.home / "held")
        held = os.open(mac.home / "held", os.O_RDONLY | os.O_NONBLOCK)

        async def start():
            async with enter(lab, mac) as connection:
                # In a process group of its own, as torchard's long steps could be.
                command = "set -m; (echo up; exec sleep 600) >held 2>&1 &"
                await connection.run(f"bash -c '{command}'", check=True)

        asyncio.run(start())
        assert _read(held) == b"up\n"
        assert lab.stop() == 0
    assert _read(held) == b""  # the process that had it open for writing is gone
    os.close(held)


def _read(fifo: int) -> bytes:
    ready, _, _ = select.select([fifo], [], [], 30)
    assert ready
    return os.read(fifo, 100)
