"""What simulated Macs do to a connection in the middle of it, and to what is written."""

from __future__ import annotations

import asyncio

import asyncssh
import pytest

from simlab import disk
from simlab.lab import SimLab
from simlab.spec import MacSpec

MB = 10**6
ROOM = 64 * MB


def push(connect, mac, name, content):
    """Write a file by SFTP, over a connection of its own."""

    async def run():
        async with (
            connect(mac) as connection,
            connection.start_sftp_client() as files,
            files.open(name, "wb") as file,
        ):
            await file.write(content)

    asyncio.run(run())


def test_an_answer_is_lost_when_its_command_is_done(mac, ssh):
    """The command after N others does its work to the end, and the client hears nothing."""
    mac.set(fault={"drop_answer": 1})
    assert ssh(mac, "echo 1 >answered").stdout == ""
    lost = ssh(mac, "echo heard; echo 2 >>answered")
    assert (lost.exit_status, lost.stdout) == (None, "")
    assert ssh(mac, "cat answered").stdout == "1\n2\n"


@pytest.mark.parametrize(
    ("request_number", "there"),
    [(0, None), (1, b"ab"), (2, b"abcd")],
    ids=["before it is opened", "while it is written", "when it is closed"],
)
def test_a_connection_drops_in_a_file(connect, mac, request_number, there):
    """Before, within or after what is pushed; the next file arrives."""
    mac.set(fault={"drop_sftp": request_number})
    with pytest.raises((asyncssh.Error, OSError)):
        push(connect, mac, "pushed", b"abcd")
    file = mac.home / "pushed"
    assert (file.read_bytes() if file.exists() else None) == there
    push(connect, mac, "pushed", b"efgh")
    assert file.read_bytes() == b"efgh"


@pytest.fixture(scope="module")
def small(tmp_path_factory, stub_depot):
    """A lab of one Mac with a disk of its own."""
    if not disk.possible():
        pytest.skip("this host lets nobody mount a file system of their own")
    mac = MacSpec("small", "arm64", "15.1", fault={"disk_full": ROOM})
    with SimLab(tmp_path_factory.mktemp("small") / "lab", [mac], depot=stub_depot) as lab:
        yield lab


def test_a_disk_that_is_full_is_full_for_everything(small, enter):
    """For a tool as for SFTP, at the byte that the fault says; df tells of room until then."""
    mac = small.macs["small"]
    free = "df -Pk ~ | awk 'NR == 2 { print $4 }'"
    assert int(mac.run(free).stdout) * 1024 > 50_000 * MB
    mac.set(fault={"disk_full": 3 * MB})
    filled = mac.run("dd if=/dev/zero of=tool bs=100000 count=40")
    assert filled.returncode != 0
    assert "No space left on device" in filled.stderr
    assert 3 * MB - 4096 <= (mac.home / "tool").stat().st_size <= 3 * MB + 4096
    assert int(mac.run(free).stdout) == 0
    with pytest.raises(asyncssh.SFTPError) as error:
        push(lambda one: enter(small, one), mac, "pushed", b"x" * MB)
    assert (error.value.code, error.value.reason) == (asyncssh.FX_FAILURE, "Failure")
    mac.set(fault={"disk_full": ROOM})
    push(lambda one: enter(small, one), mac, "pushed", b"x" * MB)
    assert (mac.home / "pushed").stat().st_size == MB


def test_a_lab_with_a_disk_needs_a_host_that_gives_one(monkeypatch):
    """Elsewhere it is refused in a sentence."""
    monkeypatch.setattr(disk, "possible", lambda: False)
    monkeypatch.delenv(disk._INSIDE, raising=False)
    with pytest.raises(disk.DiskError, match="needs a Linux whose users may mount"):
        disk.enter()
