"""Log in with a key: which keys a host is offered, in which order, and why others are not.

The order is that of OpenSSH's pubkey_prepare (sshconnect2.c): the agent's copies of the keys that
the configuration names, the agent's other keys, then the named keys' files.
"""

from __future__ import annotations

import base64
import binascii
import copy
import os
import shlex
import socket
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramiko import (
    AuthenticationException,
    BadAuthenticationType,
    ECDSAKey,
    Ed25519Key,
    Message,
    PasswordRequiredException,
    PKey,
    RSAKey,
    SSHException,
)
from paramiko.agent import AgentKey, AgentSSH
from paramiko.pkey import PublicBlob

from torchard.plain_files import open_plain
from torchard.remote import openssh, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paramiko import Transport

    from torchard.remote.ssh_config import EffectiveConfig

_AGENT_SECONDS = 60  # a person may have to confirm the use of a key, or touch it
_LARGEST = 64 * 1024  # bytes of a key file
_MAGIC = b"openssh-key-v1\0"


class Agent:
    """The keys of an agent at a socket; none if no agent answers there."""

    def __init__(self, path: str | None) -> None:
        made: Any = AgentSSH  # typed as if it could not connect
        self._agent = made()
        if not path:
            return
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_AGENT_SECONDS)
            connection.connect(path)
            self._agent._connect(connection)  # noqa: SLF001  # paramiko asks SSH_AUTH_SOCK only
        except (OSError, SSHException):
            connection.close()

    def identities(self) -> tuple[PKey, ...]:
        """Return its keys, which can sign while the connection is open."""
        return tuple(self._agent.get_keys())

    def close(self) -> None:
        """Close the connection."""
        self._agent._close()  # noqa: SLF001


class Login:
    """The `auth_strategy` of paramiko's connect: all that one host is offered."""

    def __init__(
        self,
        effective: EffectiveConfig,
        lab_key: str | None = None,
        password: str | None = None,
        *,
        with_agent: bool = True,
    ) -> None:
        """Collect what may be offered. Raise ReachError if the lab's own key cannot be."""
        self._to = effective
        self._lab_key, self._password, self._with_agent = lab_key, password, with_agent
        self._notes: list[str] = []
        self._paths = [openssh.expand(one, effective) for one in effective.identities]
        if lab_key is not None and not _has_key_file(lab_key):
            login = f"{effective.user}@{effective.hostname}"
            raise unreachable.ReachError(
                f"the private key {lab_key} does not exist; correct ssh.key in the lab, or run"
                f" `{shlex.join(['ssh-keygen', '-t', 'ed25519', '-f', lab_key])}` and then"
                f" `{shlex.join(['ssh-copy-id', '-i', lab_key, login])}`"
            )
        _require_keys(effective, password)

    def authenticate(self, transport: Transport) -> list[str]:
        """Offer one key after another. Raise ReachError with the reason if none is accepted."""
        address, user = self._to.address, self._to.user
        agent = Agent(self._agent_path())
        offered = 0
        try:
            for key in self._keys(agent):
                if self._offer_key(transport, key, offered + 1):
                    return []
                offered += 1
        finally:
            agent.close()
        if self._password is not None:
            more = transport.auth_password(user, self._password)
            if not more:
                return []
            raise unreachable.ReachError(unreachable.explain_more_than_a_key(address, more))
        if not offered:
            raise unreachable.ReachError(self._explain_no_key())
        raise unreachable.DeniedError(address, offered, self._notes)

    def _offer_key(self, transport: Transport, key: PKey, number: int) -> bool:
        """Offer one key; tell whether it is accepted. Raise ReachError if no other can follow."""
        address = self._to.address
        try:
            more = transport.auth_publickey(self._to.user, key)
        except BadAuthenticationType as error:
            self._require_key_login(transport, error)
            return False
        except (SSHException, OSError, EOFError, ValueError) as error:
            if not transport.is_active():
                raise unreachable.ReachError(self._ended(transport, number)) from error
            if "timeout" in str(error).lower():
                ended = unreachable.explain_ended_login(address, "it did not answer in time")
                raise unreachable.ReachError(ended) from error
            if not isinstance(error, AuthenticationException):  # as of an agent that refuses
                self._notes.append(f"a key could not be used: {error}")
            return False
        if more:
            raise unreachable.ReachError(unreachable.explain_more_than_a_key(address, more))
        return True

    def _require_key_login(self, transport: Transport, error: BadAuthenticationType) -> None:
        """Raise ReachError if the host accepts no key at all, as a locked Mac does."""
        address = self._to.address
        banner = (transport.get_banner() or b"").decode("utf-8", "replace")
        if unreachable.is_filevault_banner(banner):
            raise unreachable.ReachError(unreachable.explain_locked_mac(self._to)) from error
        if "publickey" not in error.allowed_types:
            asked = unreachable.explain_more_than_a_key(address, error.allowed_types)
            raise unreachable.ReachError(asked) from error

    def _ended(self, transport: Transport, number: int) -> str:
        """Explain why the host ended the connection when it was offered a key."""
        address = self._to.address
        said = getattr(transport, "goodbye", None)
        if said is None:
            return unreachable.explain_closed_after_login(address, self._to.user)
        if "too many" in said.lower():
            return unreachable.explain_too_many_keys(address, number, said)
        return unreachable.explain_ended_login(address, said)

    def _agent_path(self) -> str | None:
        """Return the agent's socket, as IdentityAgent or SSH_AUTH_SOCK names it."""
        said = self._to.agent
        if not self._with_agent or (said is not None and said.lower() == "none"):
            return None
        if said is None:
            return os.environ.get("SSH_AUTH_SOCK")
        if said.startswith("$"):
            return os.environ.get(said[1:].strip("{}"))
        return openssh.expand(said, self._to)

    def _keys(self, agent: Agent) -> Iterator[PKey]:
        """Yield the keys to offer, in order; note those that cannot be used."""
        by_agent = {key.asbytes(): key for key in agent.identities()}
        in_agent = [path for path in self._paths if read_public_blob(path) in by_agent]
        for path in in_agent:
            yield from self._with_certificates(by_agent[read_public_blob(path) or b""], path)
        if not self._to.identities_only:
            named = {read_public_blob(path) for path in in_agent}
            yield from (key for blob, key in by_agent.items() if blob not in named)
        for path in self._paths:
            if path not in in_agent and Path(path).is_file():
                yield from self._from_file(path)
        if self._to.pkcs11:
            self._notes.append(unreachable.suggest_token(self._to.pkcs11))

    def _from_file(self, path: str) -> Iterator[PKey]:
        add = unreachable.suggest_ssh_add(path)
        try:
            key = read_private_key(path, Path(path).stat().st_mtime_ns)
        except PasswordRequiredException:
            self._notes.append(f"the private key {path} has a passphrase; {add}")
            return
        except (SSHException, OSError, ValueError, IndexError) as error:
            name = Message(read_public_blob(path) or b"\0\0\0\0").get_text()
            if name.startswith("sk-"):
                self._notes.append(f"{path} is on a security key, which needs an agent; {add}")
            elif isinstance(error, OSError):
                self._notes.append(f"{path} cannot be read: {error.strerror}")
            elif path == self._lab_key or not path.endswith(".pub"):
                self._notes.append(f"{path} is not a readable private key")
            return
        yield from self._with_certificates(key, path)

    def _with_certificates(self, key: PKey, path: str) -> Iterator[PKey]:
        """Yield a key with each of its certificates, then the key alone."""
        named = [openssh.expand(one, self._to) for one in self._to.certificates]
        for certificate in (*named, f"{path.removesuffix('.pub')}-cert.pub"):
            try:
                blob = PublicBlob.from_file(certificate) if Path(certificate).is_file() else None
            except (SSHException, ValueError, OSError, IndexError):
                continue
            if blob is not None and _is_certificate_of(blob, key):
                # A file's key serves several hosts at once; an agent's cannot be copied.
                certified = key if isinstance(key, AgentKey) else copy.copy(key)
                certified.public_blob = blob
                yield certified
                certified.public_blob = None
        yield key

    def _explain_no_key(self) -> str:
        start = f"there is no key to offer to {self._to.address}: "
        if self._notes:
            return start + "; ".join(self._notes)
        more = "; Torchard does not use Kerberos" if self._to.gssapi else ""
        return f"{start}none in an agent, none in ~/.ssh; run `ssh-add`, or set ssh.key{more}"


def _has_key_file(key: str) -> bool:
    """Tell whether a key or its public half, which an agent can complete, is on this computer."""
    # Unlike pathlib's, this is also false for a name that is too long.
    return any(map(os.path.isfile, (key, f"{key}.pub")))


def _require_keys(effective: EffectiveConfig, password: str | None) -> None:
    """Raise ReachError if the configuration allows only logins without a key."""
    wanted = effective.authentications
    if password is None and (not effective.pubkey or (wanted and "publickey" not in wanted)):
        only = ", ".join(wanted) or "other means"
        raise unreachable.ReachError(
            f"the ssh configuration for {effective.address} allows a login by {only} only, and"
            " Torchard logs in with a key; allow publickey for this host (PubkeyAuthentication,"
            " PreferredAuthentications)"
        )


@lru_cache(maxsize=64)
def read_private_key(path: str, changed: int) -> PKey:  # noqa: ARG001  # part of the cache's key
    """Read a private key. Raise paramiko's errors, such as PasswordRequiredException."""
    if Path(path).stat().st_size > _LARGEST:
        raise SSHException("too large")
    error: Exception = SSHException("not a private key")
    for kind in (Ed25519Key, ECDSAKey, RSAKey):
        try:
            key: PKey = kind.from_private_key_file(path)
        except PasswordRequiredException:
            raise
        except (SSHException, ValueError, IndexError) as found:
            error = found
        else:
            return key
    raise error


def read_public_blob(path: str) -> bytes | None:
    """Return the public part of a key, which has no passphrase; None if it cannot be read.

    It is in a file beside the private key, or in it: see PROTOCOL.key of OpenSSH.
    """
    for place in (path, f"{path}.pub"):
        try:
            with open_plain(Path(place)) as file:
                text = file.read(_LARGEST)
            words = text.split()
            if b"BEGIN OPENSSH PRIVATE KEY" in text:
                data = base64.b64decode(b"".join(words[4:-4]))
                if not data.startswith(_MAGIC):
                    continue
                message = Message(data[len(_MAGIC) :])
                for _ in range(3):
                    message.get_string()  # the cipher, and how its key is made
                message.get_int()
                return message.get_string()
            if b"PRIVATE KEY" not in text and len(words) > 1:
                return base64.b64decode(words[1])
        except (OSError, binascii.Error, ValueError, IndexError):
            continue
    return None


def _is_certificate_of(blob: PublicBlob, key: PKey) -> bool:
    """Tell whether a certificate is for a key.

    A certificate has the key's own parts after the nonce (PROTOCOL.certkeys of OpenSSH).
    """
    plain, certificate = Message(key.asbytes()), Message(blob.key_blob)
    name, kind = plain.get_text(), certificate.get_text()
    certificate.get_string()
    return kind.startswith(name) and certificate.get_remainder().startswith(plain.get_remainder())
