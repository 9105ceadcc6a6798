"""What is written into a known_hosts file; the rest of it stays."""

from __future__ import annotations

import os
import threading

import pytest
from paramiko import ECDSAKey, HostKeys

from torchard.errors import TorchardError
from torchard.remote.host_keys import UnknownHostKeyError, record_host_key


def unknown(path, host="192.0.2.11"):
    return UnknownHostKeyError(host, ECDSAKey.generate(), str(path))


def test_programs_that_write_at_the_same_time_lose_nothing(tmp_path):
    """Every line is one write at the end of the file."""
    path = tmp_path / "known_hosts"
    many = [unknown(path, f"192.0.2.{number}") for number in range(40)]
    threads = [threading.Thread(target=record_host_key, args=[one]) for one in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    known = HostKeys(str(path))
    assert all(known.check(one.host, one.key) for one in many)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 40


def test_a_link_to_the_file_stays(tmp_path):
    """A link stays a link, and the file keeps its mode."""
    real = tmp_path / "my_hosts"
    real.write_text("# mine", encoding="utf-8")
    real.chmod(0o644)
    (tmp_path / "known_hosts").symlink_to(real)
    one = unknown(tmp_path / "known_hosts", "[192.0.2.11]:2222")
    record_host_key(one)
    assert (tmp_path / "known_hosts").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o644
    assert real.read_text(encoding="utf-8") == (
        f"# mine\n[192.0.2.11]:2222 ecdsa-sha2-nistp256 {one.key.get_base64()}\n"
    )


def test_a_file_that_cannot_be_written_is_reported(tmp_path):
    """With what to do instead; a folder in its place is one example."""
    (tmp_path / "known_hosts").mkdir()
    with pytest.raises(
        TorchardError, match="known_hosts cannot be written: Is a directory"
    ) as error:
        record_host_key(unknown(tmp_path / "known_hosts"))
    assert "ssh.known_hosts" in str(error.value)


@pytest.mark.parametrize("name", ["authorized_keys", ".zprofile", "rc"])
def test_a_file_that_means_something_else_is_not_written(name, tmp_path):
    """A lab can name it, also by a link; in authorized_keys, the key of a host could log in."""
    (tmp_path / "known_hosts").symlink_to(name)
    for path in (tmp_path / name, tmp_path / "known_hosts"):
        with pytest.raises(TorchardError, match="does not look like a known_hosts file"):
            record_host_key(unknown(path, "no-pty"))
    assert not (tmp_path / name).exists()
    os.mkfifo(tmp_path / "hosts")
    with pytest.raises(TorchardError, match="does not look like a known_hosts file"):
        record_host_key(unknown(tmp_path / "hosts"))


def test_the_accounts_own_file_is_written_wherever_it_leads(tmp_path, monkeypatch):
    """Nobody but its owner chose that place."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/known_hosts").symlink_to(tmp_path / "keys")
    record_host_key(unknown(tmp_path / ".ssh/known_hosts"))
    assert (tmp_path / "keys").read_text(encoding="utf-8").startswith("192.0.2.11 ecdsa-")
