"""Upload files through the account's shell, over the connection that is open."""

from __future__ import annotations

import shlex
from typing import IO, TYPE_CHECKING

from torchard.remote.quoting import as_whole_command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paramiko import SSHClient

    from torchard.remote.archive import Archive

_AT_ONCE = 128 * 1024  # bytes


def take_file(path: str, *, append: bool = False) -> str:
    """Return the script that writes its stdin to a file, or behind what is in it."""
    return f"cat {'>>' if append else '>'} {shlex.quote(path)}"


def take_archive(directory: str) -> str:
    """Return the script that unpacks its stdin into a directory; it prints what went wrong first.

    Both bsdtar and GNU tar know these options. The files get the account's owner, and are of now.
    """
    unpack = f'env -i PATH="$PATH" LC_ALL=C tar -x -o -m -f - -C {shlex.quote(directory)}'
    return f"said=$({unpack} 2>&1) || {{ printf '%s\\n' \"$said\" | head -n 1 >&2; exit 1; }}"


def upload_through_shell(
    client: SSHClient, file: IO[bytes], path: str, *, append: bool = False
) -> None:
    """Write the rest of an open file to a path on the host, or behind what is there.

    Raise OSError with the host's message.
    """
    pieces = iter(lambda: file.read(_AT_ONCE), b"")
    _send(client, take_file(path, append=append), pieces)


def unpack_through_shell(client: SSHClient, archive: Archive, directory: str) -> None:
    """Write the files of an archive to a directory on the host. Raise OSError with its message."""
    _send(client, take_archive(directory), archive.read_pieces())


def _send(client: SSHClient, script: str, pieces: Iterable[bytes]) -> None:
    """Run a script that reads these bytes. Raise OSError with what it says if it fails.

    The client ends the wait for it, after the `timeouts` of the lab.
    """
    stdin, stdout, stderr = client.exec_command(as_whole_command(script))
    channel = stdout.channel
    with stdin, stdout, stderr:
        for data in pieces:
            try:
                channel.sendall(data)
            except OSError:  # it ended early, and says why
                break
        else:
            channel.shutdown_write()
        channel.status_event.wait()
        said = stderr.read(4096).decode("utf-8", "replace").strip()
        status = channel.recv_exit_status()
    if status != 0:
        reason = said.rpartition("\n")[2].rpartition(": ")[2]
        raise OSError(reason or f"its command ended with {status}")
