"""Host keys that are not accepted, and how to record one that a person trusts."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Protocol

from paramiko import HostKeys, SSHException

from torchard.errors import TorchardError
from torchard.remote.inventory import KNOWN_HOSTS


class HostKey(Protocol):
    """A public key, as paramiko and `torchard.remote.known_hosts` have it."""

    @property
    def algorithm_name(self) -> str:
        """ED25519, ECDSA or RSA."""
        ...

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint, as `ssh-keygen -l` writes it."""
        ...

    def get_name(self) -> str:
        """Return the type, as `ssh-ed25519`."""
        ...

    def get_base64(self) -> str:
        """Return the key as a known_hosts file has it."""
        ...


class HostKeyError(SSHException):
    """A host's key is not accepted; no command was sent to it.

    `host` is its name in known_hosts, `[192.0.2.11]:2222`; `known_hosts` is the path of that file.
    """

    def __init__(self, host: str, key: HostKey, known_hosts: str) -> None:
        self.host, self.key, self.known_hosts = host, key, known_hosts
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        return f"the host key of {self.host} is not known; it shows {describe_key(self.key)}"


class UnknownHostKeyError(HostKeyError):
    """No file has a key of the host.

    `hashes`: names in the file are hashed. `authority` is the file that knows the host only by a
    certificate authority.
    """

    def __init__(
        self,
        host: str,
        key: HostKey,
        known_hosts: str,
        *,
        hashes: bool = False,
        authority: str | None = None,
    ) -> None:
        self.hashes, self.authority = hashes, authority
        super().__init__(host, key, known_hosts)

    def _sentence(self) -> str:
        if self.authority is None:
            return super()._sentence()
        return (
            f"{super()._sentence()}, and {self.authority} knows it by a certificate authority"
            " (@cert-authority) only, which Torchard cannot check"
        )


class OtherHostKeyError(HostKeyError):
    """The lab's ssh.fingerprint is another key."""

    def __init__(self, host: str, key: HostKey, known_hosts: str, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(host, key, known_hosts)

    def _sentence(self) -> str:
        return (
            f"the host key of {self.host} is not the lab's: it shows {describe_key(self.key)}, and"
            f" ssh.fingerprint is {self.wanted}; somebody may be in between, or the Mac was set up"
            " again: then write the fingerprint that the Mac itself prints"
        )


class RevokedHostKeyError(HostKeyError):
    """The host's key is revoked."""

    def _sentence(self) -> str:
        return (
            f"the host key of {self.host} is revoked in {self.known_hosts}: it shows"
            f" {describe_key(self.key)}; somebody may use a stolen key: ask who revoked it"
        )


class ChangedHostKeyError(HostKeyError):
    """A known_hosts file has another key of the host."""

    def __init__(self, host: str, key: HostKey, known_hosts: str, known: HostKey) -> None:
        self.known = known
        super().__init__(host, key, known_hosts)

    def _sentence(self) -> str:
        usual = self.known_hosts == str(Path(KNOWN_HOSTS).expanduser())
        where = [] if usual else ["-f", self.known_hosts]
        forget = shlex.join(["ssh-keygen", "-R", self.host, *where])
        return (
            f"the host key of {self.host} is not the one that is known: it shows"
            f" {describe_key(self.key)}, and {describe_key(self.known)} is known; somebody may be"
            f" in between, or the Mac was set up again: then run `{forget}`"
        )


def describe_key(key: HostKey) -> str:
    """Return a key's type and fingerprint, as `ssh-keygen -l` prints them."""
    return f"{key.algorithm_name} {key.fingerprint}"


def record_host_key(error: UnknownHostKeyError) -> None:
    """Add a key that a person trusts to the known_hosts file. Raise TorchardError.

    A lab can name that file. In `~/.ssh/authorized_keys`, the line would let the host log in here.

    One write appends one line, so that another program can add its own at the same time. The name
    is hashed if ssh would hash it, or if the file's other names are.
    """
    path = Path(error.known_hosts)
    _require_hosts_file(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(file, "r+b", buffering=0) as known:
            before = b"\n" + known.read()
            hashes = error.hashes or b"\n|1|" in before
            name = HostKeys.hash_host(error.host) if hashes else error.host
            line = f"{name} {error.key.get_name()} {error.key.get_base64()}\n"
            known.write(b"\n" * (not before.endswith(b"\n")) + line.encode())
    except OSError as problem:
        raise TorchardError(
            f"{path} cannot be written: {problem.strerror or problem}.",
            "Make yourself its owner, or name another file in ssh.known_hosts.",
        ) from problem


def _require_hosts_file(path: Path) -> None:
    """Raise TorchardError unless a file is the known_hosts of the account, or is named hosts."""
    usual = path == Path(KNOWN_HOSTS).expanduser()
    if path.is_fifo() or (not usual and "hosts" not in path.resolve().name):
        raise TorchardError(
            f"{path} does not look like a known_hosts file, so Torchard does not write into it.",
            "Name a file in ssh.known_hosts whose name contains `hosts`.",
        )
