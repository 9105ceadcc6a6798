"""Upload files to a host: a large one by OpenSSH's own client, small ones as one archive.

For a large file, `ssh 'cat >FILE'` takes a third of paramiko's CPU and uses every core. It reads
the configuration that the connection was made by, and accepts no host key but the one that the
connection has verified. Where it cannot log in, SFTP is used, and so it is for a single small file.

An archive goes through `tar` over the open connection. That takes half of SFTP's CPU, and no login
of its own. `benchmarks/push.py` measures all of these.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import gevent
from paramiko import ChannelException, SFTPClient, SSHException

from torchard.remote import children, limits, openssh
from torchard.remote.quoting import as_whole_command
from torchard.remote.shell_upload import take_file, unpack_through_shell, upload_through_shell
from torchard.remote.unreachable import ReachError

if TYPE_CHECKING:
    from collections.abc import Callable

    from paramiko import PKey

    from torchard.remote.archive import Archive
    from torchard.remote.ssh_config import Destination

LARGE = 16 << 20  # bytes; for less, another key exchange costs more than it saves
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds: sshd frees a session a little after its end
_AT_ONCE = 32768  # bytes of one SFTP request
_TICK = 0.2  # seconds between two looks at how far ssh is
_ALIAS = "torchard-verified"  # under which ssh knows the key of the connection
_FAILED = 255  # ssh's own status for a failed connection


class WatchedFile(io.FileIO):
    """A file to upload from the byte `begin` on, as an earlier run has sent those before it.

    `report` gets how many of its bytes were read. `take` is called before so many bytes are sent,
    and waits until they may be; None if there is no limit.
    """

    def __init__(
        self,
        path: Path,
        report: Callable[[int], None],
        begin: int = 0,
        take: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(path)
        self.begin, self.report, self.take = begin, report, take
        self.seek(begin)

    @property
    def rest(self) -> int:
        """How many bytes of it are not read yet."""
        return os.fstat(self.fileno()).st_size - self.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read some bytes, report how far that is, and wait until they may be sent."""
        data = super().read(size) or b""
        self.report(self.tell())
        if self.take is not None:
            self.take(len(data))
        return data


class Uploads:
    """How files reach the host of one connection."""

    def __init__(self, client: Any, destination: Destination) -> None:
        self._client, self._destination = client, destination
        self._files: SFTPClient | None = None
        self._has_sftp = True
        self._has_ssh = True

    def put_by_ssh(self, file: IO[bytes], path: str, seconds: float) -> bool:
        """Upload a large file by OpenSSH's client; tell whether that is possible here.

        `seconds` are without any progress. Raise OSError with the host's message, EOFError if the
        connection ends, ReachError if it stalls.
        """
        if not isinstance(file, WatchedFile) or file.take is not None:
            return False
        file.seek(file.begin)  # pyinfra has set it to 0
        if file.rest < LARGE:
            return False
        if not self._has_ssh or self._client.is_routed:
            return False
        transport = self._client.get_transport()
        if transport is None:
            return False
        with tempfile.TemporaryDirectory(prefix="torchard-key-") as folder:
            words = self._form_command(Path(folder), transport.get_remote_server_key())
            command = as_whole_command(take_file(path, append=file.begin > 0))
            child = children.Child([*words, command], stdin=file)
            try:
                self._watch(child, file, seconds)
            finally:
                child.stop(0)
        place = os.lseek(file.fileno(), 0, os.SEEK_CUR)
        said = child.err.strip().rpartition("\n")[2]
        if child.status == 0:
            file.report(place)
            return True
        if child.status != _FAILED:
            raise OSError(said.rpartition(": ")[2] or f"cat ended with {child.status}")
        if place > file.begin:
            raise EOFError(said or "the connection ended")
        self._has_ssh = False  # such as a key of which only paramiko can ask an agent
        return False

    def _form_command(self, folder: Path, key: PKey) -> list[str]:
        known = folder / "known_hosts"
        known.write_text(f"{_ALIAS} {key.get_name()} {key.get_base64()}\n", encoding="ascii")
        options = {
            "UserKnownHostsFile": f'"{known}"',
            "GlobalKnownHostsFile": "/dev/null",
            "HostKeyAlias": _ALIAS,
            "CheckHostIP": "no",
            **({"IdentitiesOnly": "yes"} if self._destination.key else {}),
            **({"KnownHostsCommand": "none"} if self._client.has_known_hosts_command else {}),
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return openssh.CONFIGURATIONS.command(self._destination, "-T", *words)

    def _watch(self, child: children.Child, file: WatchedFile, seconds: float) -> None:
        """Wait until ssh ends; it reads our own open file, whose offset says how far it is."""
        place, since = file.begin, time.monotonic()
        while not child.wait(_TICK):
            now = os.lseek(file.fileno(), 0, os.SEEK_CUR)
            if now != place:
                place, since = now, time.monotonic()
                file.report(place)
            elif time.monotonic() - since > seconds:
                address = self._destination.host
                raise ReachError(limits.explain_stalled_connection(address, round(seconds)))

    def put_archive(self, archive: Archive, directory: str) -> None:
        """Upload several files to a directory over the connection. Raise OSError."""
        unpack_through_shell(self._client, archive, directory)

    def put(self, file: IO[bytes], path: str) -> None:
        """Upload an open file over the connection: by SFTP, or through `cat` without SFTP."""
        begin = getattr(file, "begin", 0)
        if self._has_sftp and self._files is None:
            self._open()
        file.seek(begin)
        if self._files is None:
            upload_through_shell(self._client, file, path, append=begin > 0)
            return
        try:
            if begin:
                _continue_file(self._files, file, path, begin)
            else:
                self._files.putfo(file, path)
        except (EOFError, SSHException):
            self.close()
            raise

    def _open(self) -> None:
        transport: Any = self._client.get_transport()
        for pause in (*_PAUSES, None):
            try:
                self._files = SFTPClient.from_transport(transport)
            except ChannelException:  # a session that has just ended may still count
                if pause is not None:
                    gevent.sleep(pause)
                    continue
            except (SSHException, EOFError):
                if not transport.is_active():
                    raise
            break
        self._has_sftp = self._files is not None

    def close(self) -> None:
        """End the session of SFTP; the next upload opens another one."""
        opened, self._files = self._files, None
        if opened is not None:
            with suppress(OSError, EOFError, SSHException):
                opened.close()


def _continue_file(files: SFTPClient, file: IO[bytes], path: str, begin: int) -> None:
    """Write the rest of a file behind what is there. Raise OSError."""
    with files.open(path, "r+b") as target:
        target.seek(begin)
        target.set_pipelined(True)
        while data := file.read(_AT_ONCE):
            target.write(data)
    size = os.fstat(file.fileno()).st_size
    if files.stat(path).st_size != size:
        raise OSError(f"it has another size than {size} bytes")
