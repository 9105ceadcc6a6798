"""The known_hosts files that count for a host, and what they say about its key."""

from __future__ import annotations

import re
import stat
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from torchard.remote import children, openssh, ssh_config
from torchard.remote import known_hosts as files
from torchard.remote.host_keys import RevokedHostKeyError
from torchard.remote.inventory import KNOWN_HOSTS

if TYPE_CHECKING:
    from torchard.remote.dial import Route
    from torchard.remote.known_hosts import HostKey, Line
    from torchard.remote.ssh_config import EffectiveConfig

_LARGEST = 16 * 1024 * 1024  # bytes of a known_hosts file
_SECONDS = 30.0
_KRL = b"SSHKRL\n\0"  # how a key revocation list begins (PROTOCOL.krl of OpenSSH)
_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")  # three signatures by one type of key


class KnownHosts:
    """The known_hosts files that count for one host; `file` is where its key is recorded.

    `own` are the files that ssh calls the user's, `shared` the global ones.
    """

    def __init__(self, to: EffectiveConfig, named: str | None, *, pinned: bool) -> None:
        if named is not None:
            self.own: tuple[str, ...] = (str(Path(named).expanduser()),)
            self.shared: tuple[str, ...] = ()
        else:
            self.own = _paths(to.user_known_hosts)
            self.shared = _paths(to.global_known_hosts)
        paths = (*self.own, *self.shared)
        self.file = paths[0] if paths else str(Path(KNOWN_HOSTS).expanduser())
        self._to = to
        self._lines = () if pinned else tuple(line for path in paths for line in _lines(path))
        self._bare = to.hostname if to.alias is None else None

    def algorithms(self) -> set[str]:
        """Return the signature algorithms of the known keys."""
        names = [self._to.entry, *([self._bare] if self._bare else [])]
        types = files.list_known_types(self._lines, names[:1])
        types = types or files.list_known_types(self._lines, names)
        return {one for kind in types for one in (_RSA if kind == "ssh-rsa" else (kind,))}

    def check_key(self, key: HostKey, route: Route | None) -> files.Finding:
        """Check the key of the host against the files."""
        to, ip = self._to, None
        if to.check_ip and to.alias is None and route is not None and route.child is None:
            ip = ssh_config.name_entry(route.sock.getpeername()[0], to.port)
        return files.check_key(self._lines, to.entry, key, bare=self._bare, ip=ip)

    def require_not_revoked(self, revoked: str, key: HostKey) -> None:
        """Raise HostKeyError if the file of RevokedHostKeys has the key.

        If that file cannot be read, ssh accepts no key at all (sshconnect.c, verify_host_key).
        """
        path = openssh.expand(revoked, self._to)
        try:
            if not Path(path).is_file():
                raise FileNotFoundError(path)
            with Path(path).open("rb") as file:
                content = file.read(_LARGEST)
        except OSError:
            raise RevokedHostKeyError(self._to.entry, key, path) from None
        if content.startswith(_KRL):
            is_revoked = _is_in_krl(path, key)
        else:
            is_revoked = key.get_base64().encode() in content.split()
        if is_revoked:
            raise RevokedHostKeyError(self._to.entry, key, path)


def _is_in_krl(path: str, key: HostKey) -> bool:
    """Ask ssh-keygen whether a key revocation list has a key; no answer counts as yes."""
    with NamedTemporaryFile(
        "w", dir=openssh.CONFIGURATIONS.folder, suffix=".pub", encoding="utf-8"
    ) as file:
        file.write(f"{key.type} {key.get_base64()} host\n")
        file.flush()
        answer = children.run_program(["ssh-keygen", "-Q", "-f", path, file.name], _SECONDS)
    return answer is None or not re.search(r": ok$", answer[0].strip())


def _paths(text: str) -> tuple[str, ...]:
    exist = frozenset(one for one in ssh_config.join_words(text) if Path(one).is_file())
    return ssh_config.split_paths(text, exist)


def _lines(path: str) -> tuple[Line, ...]:
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    if not stat.S_ISREG(found.st_mode):
        return ()  # a pipe or a terminal may never end
    return _read_lines(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=32)
def _read_lines(path: str, _changed: int, _size: int) -> tuple[Line, ...]:
    try:
        with Path(path).open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ()
    return files.parse_lines(text, path)
