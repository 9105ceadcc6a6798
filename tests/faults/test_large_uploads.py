"""Large files reach a Mac by OpenSSH's own client, small ones as an archive; parts go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from realsshd import Sshd, missing

from simlab import macs
from simlab.spec import MacSpec

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")

# In a process of its own: a session patches the standard library for gevent.
CHILD = """
import getpass, json, os, sys
import torchard.session
import gevent
from pathlib import Path
from torchard.remote import archive, client, uploads

port, key, known, file, target, how = sys.argv[1:]
uploads.LARGE = 1 << 20
said = []
over = uploads.Uploads.put
uploads.Uploads.put = lambda *given: said.append("over the connection") or over(*given)
if how == "other key":
    form = uploads.Uploads._form_command
    def other(self, folder, key):
        words = form(self, folder, key)
        (folder / "known_hosts").write_text(open(known + ".other").read())
        return words
    uploads.Uploads._form_command = other
client.install_client()
one = client.Client()
one.connect(
    "127.0.0.1", port=int(port), username=getpass.getuser(), pkey=client.KeyFile(key),
    allow_agent=False, _pyinfra_ssh_known_hosts_file=known,
    _pyinfra_ssh_paramiko_connect_kwargs={"channel_timeout": 3},
)
begin = int(how) if how.isdecimal() else 0
progress = []
try:
    if how == "archive":
        files = [(Path(file), "whole"), (Path(key), "small")]
        one.put(archive.Archive(files, lambda *now: progress.append(now)), target)
    else:
        with uploads.WatchedFile(Path(file), progress.append, begin) as content:
            one.put(content, target)
except Exception as error:
    said.append(f"{type(error).__name__}: {error}")
one.close()
print(json.dumps([said, progress[-1:]]))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """OpenSSH's server in front of a simulated Mac, and a file of three megabytes."""
    folder = tmp_path_factory.mktemp("large")
    root = macs.build(folder, [MacSpec("mac-1", "arm64", "15.1")])["mac-1"]
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True
    )
    server = Sshd(folder / "sshd", folder / "key.pub", root)
    (folder / "known").write_text(server.known(), encoding="utf-8")
    other = (folder / "key.pub").read_text(encoding="utf-8")  # a key, but not the server's
    (folder / "known.other").write_text(f"torchard-verified {other}", encoding="utf-8")
    (folder / "file").write_bytes(os.urandom(3 << 20))
    with server.running():
        yield folder, server


@pytest.fixture
def upload(place):
    """Upload that file; return what went otherwise, and how far the progress came."""
    folder, server = place

    def run(target: Path, how: str = "") -> tuple[list[str], list[int]]:
        words = [str(server.port), folder / "key", folder / "known", folder / "file", target, how]
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *words],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said, progress = json.loads(done.stdout.splitlines()[-1])
        return said, progress

    return run


def test_a_large_file_goes_by_openssh(place, upload, tmp_path):
    """The connection itself sends nothing of it."""
    assert upload(tmp_path / "to it's") == ([], [3 << 20])
    assert (tmp_path / "to it's").read_bytes() == (place[0] / "file").read_bytes()


def test_what_was_sent_before_is_not_sent_again(place, upload, tmp_path):
    """The rest comes behind it."""
    whole = (place[0] / "file").read_bytes()
    (tmp_path / "to").write_bytes(whole[:1_000_000])
    assert upload(tmp_path / "to", "1000000")[0] == []
    assert (tmp_path / "to").read_bytes() == whole


def test_a_small_rest_goes_over_the_connection(place, upload, tmp_path):
    """By SFTP, behind what is there."""
    whole = (place[0] / "file").read_bytes()
    (tmp_path / "to").write_bytes(whole[:-1000])
    said, progress = upload(tmp_path / "to", str(len(whole) - 1000))
    assert (said, progress) == (["over the connection"], [len(whole)])
    assert (tmp_path / "to").read_bytes() == whole


def test_only_the_key_that_was_verified_is_accepted(place, upload, tmp_path):
    """Whatever a person's known hosts say. Then the verified connection sends the file."""
    assert upload(tmp_path / "to", "other key")[0] == ["over the connection"]
    assert (tmp_path / "to").read_bytes() == (place[0] / "file").read_bytes()


def test_what_the_host_says_of_a_full_disk_is_reported(upload):
    """SFTP has no word for it."""
    assert upload(Path("/dev/full"))[0] == ["OSError: No space left on device"]


def test_small_files_are_unpacked_by_the_tar_of_the_mac(place, upload, tmp_path):
    """They go over the connection, in one command."""
    folder, server = place
    before = server.asked
    said, progress = upload(tmp_path, "archive")
    assert (said, progress) == ([], [[1, (folder / "key").stat().st_size]])
    assert server.asked == before + 1
    assert (tmp_path / "whole").read_bytes() == (folder / "file").read_bytes()
    assert (tmp_path / "small").read_bytes() == (folder / "key").read_bytes()


def test_what_the_tar_of_the_mac_says_is_reported(upload, tmp_path):
    """Its first line has the reason."""
    said, _ = upload(tmp_path / "missing", "archive")
    assert said == ["OSError: No such file or directory"]


def test_an_upload_that_stalls_is_given_up(upload, tmp_path):
    """Nobody reads from that pipe."""
    os.mkfifo(tmp_path / "pipe")
    (said,) = upload(tmp_path / "pipe")[0]
    assert said.startswith("ReachError: 127.0.0.1")
    assert "did not answer for 3 seconds" in said
    os.close(os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK))  # lets the host's cat end
