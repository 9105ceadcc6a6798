"""Several small files are one stream for the host's own tar."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import time
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from torchard.remote.archive import Archive
from torchard.remote.shell_upload import take_archive, unpack_through_shell

NAME = f"{'0' * 64}.4194304-0123456789abcdef-01234567"


@pytest.fixture
def files(tmp_path):
    """Three files, one of them empty, and the names that they get."""
    contents = {"a": b"a" * 513, "empty": b"", "large": os.urandom(300_000)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [(tmp_path / name, f"{NAME[: -len(name)]}{name}") for name in contents]


def unpack(archive, directory):
    """Give an archive to the command that a host runs."""
    script = take_archive(str(directory))
    content = b"".join(archive.read_pieces())
    return subprocess.run(
        ["/bin/sh", "-c", script], input=content, capture_output=True, check=False
    )


def test_the_files_arrive_whole_under_their_names(files, tmp_path):
    """They are of now, although a depot's files are older: old uploads are swept."""
    for path, _ in files:
        os.utime(path, (0, 0))
    target = tmp_path / "it's here"
    target.mkdir()
    done = unpack(Archive(files, lambda *_: None), target)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert sorted(path.name for path in target.iterdir()) == sorted(name for _, name in files)
    for path, name in files:
        assert (target / name).read_bytes() == path.read_bytes()
        assert (target / name).stat().st_mtime > time.time() - 3600
        assert (target / name).stat().st_uid == os.getuid()


def test_only_the_timeouts_of_the_lab_bound_a_slow_disk(files):
    """The host's tar may take longer than a minute for its last bytes."""
    streams = [MagicMock() for _ in range(3)]
    channel = streams[1].channel
    channel.status_event.wait = lambda seconds=None: seconds is None
    channel.recv_exit_status.return_value = 0
    client = SimpleNamespace(exec_command=lambda _command: streams)
    unpack_through_shell(client, Archive(files, lambda *_: None), "/there")
    channel.settimeout.assert_not_called()


def test_the_archive_has_nothing_of_this_computer(files):
    """No owner, no date and no attribute of a file leaves it."""
    content = io.BytesIO(b"".join(Archive(files, lambda *_: None).read_pieces()))
    with tarfile.open(fileobj=content) as archive:
        for member in archive:
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert (member.mtime, member.mode, member.isreg()) == (0, 0o644, True)
            assert member.pax_headers == {}


def test_progress_and_the_rate_count_the_bytes_of_files(files):
    """Each file is counted from its own beginning."""
    seen, taken = [], []
    for _ in Archive(files, lambda *said: seen.append(said), taken.append).read_pieces():
        pass
    assert [one for one in seen if one[1] in {513, 300_000}] == [(0, 513), (2, 300_000)]
    assert sum(taken) == 300_513


def test_a_file_that_becomes_shorter_ends_the_stream(files, monkeypatch):
    """Otherwise the next file would become a part of it."""
    path = files[0][0]

    def cut(number, _):
        if number == 0:
            os.truncate(path, 0)

    path.write_bytes(bytes(200_000))
    with pytest.raises(OSError, match="a became shorter while it was sent"):
        list(Archive(files, cut).read_pieces())


def test_what_tar_says_first_is_what_is_reported(files, tmp_path):
    """Its last line only says that there was an error."""
    done = unpack(Archive(files, lambda *_: None), tmp_path / "missing")
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert b"No such file or directory" in done.stderr


def test_an_archive_is_sent_once():
    """Nothing can be sent again from the middle of it."""
    archive = Archive([], lambda *_: None)
    assert archive.readable()
    assert archive.seek(0) == 0
    with pytest.raises(io.UnsupportedOperation):
        archive.seek(1)
