"""Host keys that are not taken, and how one is recorded once a person trusts it."""

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
        """Return the key as a file of known hosts has it."""
        ...


class HostKeyError(SSHException):
    """A host showed a key that is not taken; nothing was said to it.

    `host` is what known_hosts calls it, `[192.0.2.11]:2222`; `known_hosts` is the file.
    """

    def __init__(self, host: str, key: HostKey, known_hosts: str) -> None:
        self.host, self.key, self.known_hosts = host, key, known_hosts
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        return f"the host key of {self.host} is not known; it shows {shown(self.key)}"


class UnknownHostKeyError(HostKeyError):
    """Nobody has said which key the host has.

    `hashes` says that names are hashed where this one is recorded. `authority` is the file that
    knows the host by a certificate authority alone.
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
    """The lab names another key."""

    def __init__(self, host: str, key: HostKey, known_hosts: str, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(host, key, known_hosts)

    def _sentence(self) -> str:
        return (
            f"the host key of {self.host} is not the lab's: it shows {shown(self.key)}, and"
            f" ssh.fingerprint is {self.wanted}; somebody may be in between, or the Mac was set up"
            " anew: then write the fingerprint that the Mac itself prints"
        )


class RevokedHostKeyError(HostKeyError):
    """The key is one that must not be used any more."""

    def _sentence(self) -> str:
        return (
            f"the host key of {self.host} is revoked in {self.known_hosts}: it shows"
            f" {shown(self.key)}; somebody may use a stolen key: ask who revoked it"
        )


class ChangedHostKeyError(HostKeyError):
    """The file of known hosts has another key."""

    def __init__(self, host: str, key: HostKey, known_hosts: str, known: HostKey) -> None:
        self.known = known
        super().__init__(host, key, known_hosts)

    def _sentence(self) -> str:
        usual = self.known_hosts == str(Path(KNOWN_HOSTS).expanduser())
        where = [] if usual else ["-f", self.known_hosts]
        forget = shlex.join(["ssh-keygen", "-R", self.host, *where])
        return (
            f"the host key of {self.host} is not the one that is known: it shows"
            f" {shown(self.key)}, and {shown(self.known)} is known; somebody may be in between, or"
            f" the Mac was set up anew: then run `{forget}`"
        )


def shown(key: HostKey) -> str:
    """Return a key's type and fingerprint, as `ssh-keygen -l` writes them."""
    return f"{key.algorithm_name} {key.fingerprint}"


def record(error: UnknownHostKeyError) -> None:
    """Write a key that a person trusts into the file of known hosts. Raise TorchardError.

    One line is appended in one write, so that whoever else adds one loses nothing, and its name is
    hashed where ssh would hash it, or the file's other names are.
    """
    path = Path(error.known_hosts)
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
            "Let it be yours, or name another file in ssh.known_hosts.",
        ) from problem
