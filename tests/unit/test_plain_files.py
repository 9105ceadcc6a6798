"""A file that somebody else has prepared is neither waited for nor written through."""

from __future__ import annotations

import json
import os

import pytest

from torchard.binaries.summary import Summary
from torchard.depot import holder
from torchard.depot.connection import DownloadError, open_url
from torchard.lab.defaults import read_defaults
from torchard.lock import libraries
from torchard.lock.codec import read_lock
from torchard.lock.lockfile import LockFileError
from torchard.outputs import write_file
from torchard.plain_files import append_plain, create_plain, open_plain
from torchard.remote.identities import read_public_blob
from torchard.workspace.locks import write_lock


@pytest.fixture
def mine(tmp_path):
    """A file of a person's."""
    path = tmp_path / "mine"
    path.write_text("mine", encoding="utf-8")
    return path


@pytest.mark.parametrize("device", [None, "/dev/zero"])
def test_a_pipe_or_a_device_is_an_error(tmp_path, device):
    """Also behind a link. Nothing waits until somebody writes."""
    path = tmp_path / "file"
    if device is None:
        os.mkfifo(path)
    else:
        path.symlink_to(device)
    with pytest.raises(OSError, match="it is not a file"):
        open_plain(path)


def test_a_link_to_a_file_is_read_and_not_appended_to(tmp_path, mine):
    """Torchard makes no links in a depot."""
    link = tmp_path / "link"
    link.symlink_to(mine)
    with open_plain(link) as file:
        assert file.read() == b"mine"
    with pytest.raises(OSError, match="symbolic links"):
        append_plain(link)


def test_a_new_file_has_the_usual_mode(tmp_path):
    """A web server has to read a bundle."""
    mask = os.umask(0o022)
    try:
        for open_it in (create_plain, append_plain):
            path = tmp_path / open_it.__name__
            open_it(path).close()
            assert path.stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(mask)


def test_a_pipe_beside_a_lab_is_an_error(tmp_path):
    """As a lock, as the settings in group_data, as a key, or behind a file: URL."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LockFileError, match="it is not a file"):
        read_lock(tmp_path / "pipe")
    (problem,) = read_defaults(tmp_path / "pipe").problems
    assert problem.sentence == "cannot be read: it is not a file"
    assert read_public_blob(str(tmp_path / "pipe")) is None
    with pytest.raises(DownloadError, match="it is not a file"):
        open_url((tmp_path / "pipe").as_uri())


def lock(folder, link):
    link(folder / f".x.json.{os.getpid()}")
    write_lock(folder / "x.json", "[1]")
    return folder / "x.json"


def saved(folder, link):
    link(folder / f".plan.json.{os.getpid()}")
    write_file(folder / "plan.json", "[1]")
    return folder / "plan.json"


def summary(folder, link):
    link(folder / f"x.libraries.{os.getpid()}")
    libraries._keep(folder / "x.libraries", libraries._Kept("key", Summary()))
    return folder / "x.libraries"


def who_fetches(folder, link):
    link(folder / "x.holder")
    holder.write_holder(folder / "x.holder")
    return folder / "x.holder"


@pytest.mark.parametrize("write", [lock, saved, summary, who_fetches])
def test_no_link_is_followed_where_a_file_is_written(tmp_path, mine, write):
    """The names that are used meanwhile can be guessed."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = write(folder, lambda place: place.symlink_to(mine))
    assert mine.read_text(encoding="utf-8") == "mine"
    assert json.loads(path.read_bytes())
    assert not path.is_symlink()
