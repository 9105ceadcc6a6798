"""Which host keys are taken: the one that the lab names, and those that known_hosts has.

Left to itself, pyinfra asks, warns, or takes whatever key it is shown where an ssh_config says so.
With `hold()` it does none of that: neither for a Mac nor for the jump hosts on the way to it, and
neither under `torchard` nor under the `pyinfra` command.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramiko import BadHostKeyException, HostKeys, MissingHostKeyPolicy, SSHException
from paramiko.ssh_exception import IncompatiblePeer
from pyinfra.connectors import ssh as ssh_connector
from pyinfra.connectors.sshuserclient import client as ssh_client

from torchard.errors import TorchardError
from torchard.lab.hosts import KNOWN_HOSTS

if TYPE_CHECKING:
    from paramiko import PKey

_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")  # three signatures by one type of key
_ECDSA = tuple(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521))
_SIGNATURES = ("ssh-ed25519", *_ECDSA, *_RSA)


class HostKeyError(SSHException):
    """A host showed a key that is not taken; nothing was said to it.

    `host` is what known_hosts calls it, `[192.0.2.11]:2222`; `known_hosts` is the file.
    """

    def __init__(self, host: str, key: PKey, known_hosts: str) -> None:
        self.host, self.key, self.known_hosts = host, key, known_hosts
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        return f"the host key of {self.host} is not known; it shows {shown(self.key)}"


class UnknownHostKeyError(HostKeyError):
    """Nobody has said which key the host has."""


class OtherHostKeyError(HostKeyError):
    """The lab names another key."""

    def __init__(self, host: str, key: PKey, known_hosts: str, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(host, key, known_hosts)

    def _sentence(self) -> str:
        return (
            f"the host key of {self.host} is not the lab's: it shows {shown(self.key)}, and"
            f" ssh.fingerprint is {self.wanted}; somebody may be in between, or the Mac was set up"
            " anew: then write the fingerprint that the Mac itself prints"
        )


class ChangedHostKeyError(HostKeyError):
    """The file of known hosts has another key."""

    def __init__(self, host: str, key: PKey, known_hosts: str, known: PKey) -> None:
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


def shown(key: PKey) -> str:
    """Return a key's type and fingerprint, as `ssh-keygen -l` writes them."""
    return f"{key.algorithm_name} {key.fingerprint}"


def hold() -> None:
    """Let every connection of pyinfra in this process be held to the keys that are known."""
    ssh_connector.SSHClient = ssh_client.SSHClient = Client


class Client(ssh_client.SSHClient):
    """pyinfra's SSH client, which takes a key from nobody."""

    def connect(
        self,
        hostname: str,
        _pyinfra_ssh_strict_host_key_checking: str | None = None,
        **options: Any,
    ) -> None:
        """Connect as pyinfra does. Raise HostKeyError before anything is said to a stranger.

        What pyinfra's host data calls ssh_strict_host_key_checking is a fingerprint, or anything
        else: the key must be known.
        """
        said = _pyinfra_ssh_strict_host_key_checking or ""
        self._wanted = said if said.startswith("SHA256:") else None
        try:
            # "yes" is given, so that none of what an ssh_config says of it counts.
            super().connect(hostname, _pyinfra_ssh_strict_host_key_checking="yes", **options)
        except BadHostKeyException as error:
            self.close()
            self._again(hostname, said, options, error)
        except BaseException:
            self.close()  # pyinfra leaves that to the end of the process
            raise

    def set_missing_host_key_policy(self, _policy: object) -> None:
        """Have every host that known_hosts does not have judged by ours."""
        super().set_missing_host_key_policy(_Policy(self._wanted))

    def _again(
        self, hostname: str, said: str, options: dict[str, Any], error: BadHostKeyException
    ) -> None:
        """Connect where the key is known after all; what differs still has changed.

        paramiko knows the first of several keys that a file has for a host, where OpenSSH knows
        all. It asks for the known type first, but for RSA's under a name that no OpenSSH since 8.8
        answers to, and takes the other key that it is shown then for a changed one.
        """
        host = _entry(error.hostname, self._ssh_config["port"])
        if "sock" not in options and _has(self._host_keys, host, error.key):
            nowhere = {"_pyinfra_ssh_known_hosts_file": os.devnull}
            self.connect(hostname, error.key.fingerprint, **{**options, **nowhere})
            return
        known = set(self._host_keys.lookup(host).keys())
        known |= set(_RSA) if "ssh-rsa" in known else set()
        changed = ChangedHostKeyError(host, error.key, self._host_keys_filename, error.expected_key)
        if error.key.get_name() in known or {"sock", "disabled_algorithms"} & options.keys():
            raise changed from error
        others = [one for one in _SIGNATURES if one not in known]
        try:
            self.connect(hostname, said, **options, disabled_algorithms={"keys": others})
        except IncompatiblePeer:
            raise changed from error


class _Policy(MissingHostKeyPolicy):
    """Take the key whose fingerprint the lab names, and no other."""

    def __init__(self, wanted: str | None) -> None:
        self._wanted = wanted

    def missing_host_key(self, client: Any, hostname: str, key: PKey) -> None:
        file = client._host_keys_filename  # noqa: SLF001
        if self._wanted is None:
            raise UnknownHostKeyError(hostname, key, file)
        if self._wanted != key.fingerprint:
            raise OtherHostKeyError(hostname, key, file, self._wanted)


def _entry(hostname: str, port: int) -> str:
    return hostname if port == 22 else f"[{hostname}]:{port}"


def _has(known: HostKeys, host: str, key: PKey) -> bool:
    """Tell whether any line has this key for a host."""
    lines = HostKeys()
    for line in known._entries:  # type: ignore[attr-defined]  # noqa: SLF001  # lookup hides some
        lines.clear()
        lines._entries.append(line)  # type: ignore[attr-defined]  # noqa: SLF001
        if lines.check(host, key):
            return True
    return False


def record(error: UnknownHostKeyError) -> None:
    """Write a key that a person trusts into the file of known hosts. Raise TorchardError.

    One line is appended in one write, so that whoever else adds one loses nothing, and its name is
    hashed where the file's other names are.
    """
    path = Path(error.known_hosts)
    _readable(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(file, "r+b", buffering=0) as known:
            before = b"\n" + known.read()
            name = HostKeys.hash_host(error.host) if b"\n|1|" in before else error.host
            line = f"{name} {error.key.get_name()} {error.key.get_base64()}\n"
            known.write(b"\n" * (not before.endswith(b"\n")) + line.encode())
    except OSError as problem:
        raise TorchardError(
            f"{path} cannot be written: {problem.strerror or problem}.",
            "Let it be yours, or name another file in ssh.known_hosts.",
        ) from problem
    ssh_client.get_host_keys.cache.clear()


def _readable(path: Path) -> None:
    """Raise TorchardError where a line would hide from paramiko all that is written after it."""
    try:
        HostKeys(str(path))
    except OSError:
        return  # it is not there yet, or opening it tells why it cannot be written
    except Exception as error:
        line = shlex.quote(str(getattr(error, "line", error))[:60])
        raise TorchardError(
            f"{path} has a line that is no host key, and none after it is read: {line}",
            "Correct that line, or remove it.",
        ) from error
