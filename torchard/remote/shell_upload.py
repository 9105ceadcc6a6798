"""Upload a file through the account's shell, for a host whose sshd has no SFTP."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from torchard.remote.quoting import for_any_shell

if TYPE_CHECKING:
    from paramiko import SSHClient

_AT_ONCE = 128 * 1024  # bytes
_SECONDS = 60.0  # without any progress


def take_file(path: str, *, append: bool = False) -> str:
    """Return the script that writes its stdin to a file, or behind what is in it."""
    return f"cat {'>>' if append else '>'} {shlex.quote(path)}"


def upload_through_shell(
    client: SSHClient, file: IO[bytes], path: str, *, append: bool = False
) -> None:
    """Write the rest of an open file to a path on the host, or behind what is there.

    Raise OSError with the host's message.
    """
    stdin, stdout, stderr = client.exec_command(for_any_shell(take_file(path, append=append)))
    channel = stdout.channel
    with stdin, stdout, stderr:
        channel.settimeout(_SECONDS)
        with suppress(OSError):  # it ended early, and says why
            while data := file.read(_AT_ONCE):
                channel.sendall(data)
            channel.shutdown_write()
        if not channel.status_event.wait(_SECONDS):
            raise TimeoutError("it does not say whether the file was written")
        said = stderr.read(4096).decode("utf-8", "replace").strip()
        status = channel.recv_exit_status()
    if status != 0:
        raise OSError(said.rpartition(": ")[2] or f"cat ended with {status}")
