"""Connect to a host as `ssh` would, and only where its host key is known.

Left to itself, pyinfra reads ssh_config in its own way, asks, warns, or takes whatever key it is
shown. With `hold()` it does none of that, under `torchard` as under the `pyinfra` command.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import paramiko
from paramiko import ChannelException, HostKeys, MissingHostKeyPolicy, SFTPClient, SSHException
from paramiko.ssh_exception import IncompatiblePeer
from pyinfra.api.util import get_file_io
from pyinfra.connectors import ssh as ssh_connector
from pyinfra.connectors.sshuserclient import client as ssh_client

from torchard.remote import dial, errors, open_files, ssh_config
from torchard.remote import effective as openssh
from torchard.remote.errors import ReachError
from torchard.remote.host_keys import (
    ChangedHostKeyError,
    HostKeyError,
    OtherHostKeyError,
    RevokedHostKeyError,
    UnknownHostKeyError,
)
from torchard.remote.identities import Login
from torchard.remote.known_files import KnownFiles
from torchard.remote.known_hosts import HostKey
from torchard.remote.shell_upload import upload_through_shell
from torchard.remote.ssh_config import Ask, Effective
from torchard.remote.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import PKey

_OPEN_FILES = 1024  # macOS begins with 256, of which each Mac takes some
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds: sshd frees a session a little after its end


class KeyFile:
    """The private key that the lab names, by its path: ours to read, and no prompt of pyinfra's."""

    def __init__(self, path: str) -> None:
        self.path = str(Path(path).expanduser())


def hold() -> None:
    """Let every connection of pyinfra in this process be made as here."""
    open_files.allow(_OPEN_FILES)
    connector: Any = ssh_connector
    connector.SSHClient = ssh_client.SSHClient = Client
    connector.get_private_key = lambda _state, key_filename, key_password: KeyFile(key_filename)  # noqa: ARG005
    connector.SSHConnector._put_file = _put_file  # noqa: SLF001


def _put_file(connector: Any, filename_or_io: Any, remote_location: str) -> None:
    """Push a file as pyinfra's connector does, also where there is no SFTP."""
    with get_file_io(filename_or_io) as file:
        connector.client.put(file, remote_location)


class Client(ssh_client.SSHClient):  # type: ignore[misc]  # pyinfra has no types for it
    """pyinfra's SSH client, which goes where ssh would and takes a key from nobody."""

    _way: dial.Way | None = None
    _files: SFTPClient | None = None
    _has_sftp = True

    def connect(
        self,
        hostname: str,
        _pyinfra_ssh_strict_host_key_checking: str | None = None,
        _pyinfra_ssh_config_file: str | None = None,
        _pyinfra_ssh_known_hosts_file: str | None = None,
        *,
        jump: str | None = None,
        auth_strategy: Any = None,
        **options: Any,
    ) -> None:
        """Connect as `ssh HOSTNAME` does. Raise HostKeyError before anything is said to a stranger.

        What pyinfra's host data calls ssh_strict_host_key_checking is a fingerprint, or anything
        else: the key must be known.
        """
        key = options.get("pkey")
        path = key.path if isinstance(key, KeyFile) else None
        user, port = options.get("username"), options.get("port")
        ask = Ask(hostname, user, port, path, _pyinfra_ssh_config_file, jump)
        to = openssh.CONFIGURATIONS.ask(ask)
        if path is not None:
            to = ssh_config.with_lab_key(to, path)
        said = _pyinfra_ssh_strict_host_key_checking or ""
        wanted = said if said.startswith("SHA256:") else None
        login = auth_strategy or Login(
            to,
            path,
            options.get("password"),
            with_agent=options.get("allow_agent", True) or bool(path),
        )
        self._to, self._wanted = to, wanted
        self._known = KnownFiles(to, _pyinfra_ssh_known_hosts_file, pinned=wanted is not None)
        try:
            self._enter(ask, options.get("timeout") or ssh_config.CONNECT_SECONDS, login)
        except BaseException:
            self.close()  # pyinfra leaves that to the end of the process
            raise

    def _enter(self, ask: Ask, seconds: float, login: Any) -> None:
        to = self._to
        try:
            self._way = dial.open_way(to, ask.config, seconds)
        except dial.UnknownJumpError:
            _look_at_hops(to, ask, seconds)
            raise
        self._host_keys = HostKeys()  # ours are judged by the policy
        self.set_missing_host_key_policy(_Policy(self))
        try:
            paramiko.SSHClient.connect(  # not pyinfra's, which reads ssh_config itself
                self,
                to.hostname,
                to.port,
                to.user,
                sock=self._way.sock,
                timeout=seconds,
                banner_timeout=seconds,
                transport_factory=self._transport_to,
                auth_strategy=login,
            )
        except IncompatiblePeer as error:
            raise ReachError(
                f"{to.address} and Torchard's SSH library (paramiko) have no algorithm in common"
                f" that the ssh configuration allows: {error}"
            ) from error
        except (HostKeyError, ReachError):
            raise
        except (SSHException, EOFError, OSError) as error:
            transport: Any = self.get_transport()
            goodbye = getattr(transport, "goodbye", None)
            if "protocol banner" in str(error) or "protocol version" in str(error):
                before = "\n".join(transport.before)
                raise ReachError(errors.before_banner(to.address, before)) from error
            if goodbye:
                raise ReachError(errors.ended_by_host(to.address, goodbye)) from error
            if isinstance(error, EOFError | OSError):
                raise ReachError(errors.ended_early(to.address, error)) from error
            raise

    def set_missing_host_key_policy(self, _policy: object) -> None:
        """Have every host judged by ours, whatever is asked for."""
        paramiko.SSHClient.set_missing_host_key_policy(self, _Policy(self))

    def _transport_to(self, sock: Any, **options: Any) -> Transport:
        """Return a transport that asks for what ssh would ask for, its known keys first."""
        made, to = Transport(sock, **options), self._to
        allowed = made.get_security_options()
        known = self._known.algorithms()
        keys = _common(to.host_key_algorithms, allowed.key_types)
        first = [one for one in keys if one in known]
        for name, chosen, what in (
            ("key_types", [*first, *(one for one in keys if one not in first)], "host keys"),
            ("kex", _common(to.kex, allowed.kex), "key exchanges"),
            ("ciphers", _common(to.ciphers, allowed.ciphers), "ciphers"),
            ("digests", _common(to.macs, allowed.digests), "MACs"),
        ):
            if not chosen:
                made.close()
                raise ReachError(errors.no_common(to.address, what))
            setattr(allowed, name, tuple(chosen))
        plain: Any = made
        pubkeys = _common(to.pubkey_algorithms, plain._preferred_pubkeys)  # noqa: SLF001
        plain._preferred_pubkeys = tuple(pubkeys) or plain._preferred_pubkeys  # noqa: SLF001
        return made

    def parse_config(self, *_: object, **__: object) -> None:
        """Refuse pyinfra's own reading of ssh_config: ssh alone reads it."""
        raise AssertionError("ssh_config is read by ssh alone")

    def judge(self, key: PKey) -> None:
        """Raise HostKeyError unless the host may show this key."""
        to, shows = self._to, HostKey(key.get_name(), key.asbytes())
        file = self._known.file
        if self._wanted is not None:
            if self._wanted != shows.fingerprint:
                raise OtherHostKeyError(to.entry, shows, file, self._wanted)
            return
        if to.revoked is not None:
            self._known.need_not_revoked(to.revoked, shows)
        found = self._known.judge(shows, self._way)
        where = found.line.file if found.line else file
        if found.verdict == "revoked":
            raise RevokedHostKeyError(to.entry, shows, where)
        if found.verdict == "changed" and found.line is not None:
            known = found.line.host_key() or shows
            raise ChangedHostKeyError(to.entry, shows, where, known)
        if found.verdict == "unknown":
            authority = found.by_authority.file if found.by_authority else None
            raise UnknownHostKeyError(
                to.entry, shows, file, hashes=to.hash_known_hosts, authority=authority
            )

    def exec_command(self, command: str, *more: Any, **options: Any) -> Any:
        """Run a command; where the host allows no more sessions, free ours and try again."""
        transport: Any = self.get_transport()
        try:
            return self._execute(command, *more, **options)
        except ReachError:
            raise
        except (SSHException, EOFError, OSError) as error:
            if transport.is_active() or transport.opened:
                raise
            closed = errors.closed_after_login(self._to.address, self._to.user)
            raise ReachError(closed) from error

    def _execute(self, command: str, *more: Any, **options: Any) -> Any:
        for pause in _PAUSES:
            try:
                return super().exec_command(command, *more, **options)
            except ChannelException:
                self._close_files()
                gevent.sleep(pause)
        try:
            return super().exec_command(command, *more, **options)
        except ChannelException as error:
            raise ReachError(errors.too_few_sessions(self._to.address)) from error

    def put(self, file: Any, path: str) -> None:
        """Push an open file: by SFTP, or through `cat` where the host has none. Raise OSError."""
        if self._has_sftp and self._files is None:
            self._open_files()
        if self._files is None:
            upload_through_shell(self, file, path)
            return
        try:
            self._files.putfo(file, path)
        except (EOFError, SSHException):
            self._close_files()
            raise

    def _open_files(self) -> None:
        transport: Any = self.get_transport()
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

    def _close_files(self) -> None:
        opened, self._files = self._files, None
        if opened is not None:
            with suppress(OSError, EOFError, SSHException):
                opened.close()

    def close(self) -> None:
        """Close the connection, and the way to it."""
        self._close_files()
        super().close()
        way, self._way = self._way, None
        if way is not None:
            way.close()


class _Policy(MissingHostKeyPolicy):
    """Leave every host key to the client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def missing_host_key(self, client: Any, hostname: str, key: PKey) -> None:  # noqa: ARG002
        self._client.judge(key)


def _common(wanted: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Return what both know, in the order that is wanted."""
    same = {"curve25519-sha256": "curve25519-sha256@libssh.org"}  # two names of one exchange
    names = [one if one in ours else same.get(one, one) for one in wanted]
    return list(dict.fromkeys(one for one in names if one in ours)) if wanted else list(ours)


class _EnoughError(Exception):
    """The key is known, and a login would be next."""


class NoLogin:
    """Stands where paramiko would be told how to log in."""

    def authenticate(self, transport: paramiko.Transport) -> None:
        """Stop there, with the key that is known."""
        raise _EnoughError(transport.get_remote_server_key())


def look(hostname: str, **options: Any) -> PKey:
    """Return the key that a host shows, where it is known. Raise HostKeyError where it is not.

    Nobody logs in to the host; to reach it, ssh logs in to the jump hosts before it.
    """
    client = Client()
    try:
        client.connect(hostname, auth_strategy=NoLogin(), **options)
    except _EnoughError as known:
        key: PKey = known.args[0]
        return key
    raise AssertionError("nobody logs in")


def _look_at_hops(to: Effective, ask: Ask, seconds: float) -> None:
    """Raise HostKeyError for the first jump host whose key is not taken."""
    for hop in ssh_config.hops(to.jump or "", ask.config):
        options = {"username": hop.user, "port": hop.port, "timeout": seconds, "jump": hop.jump}
        look(hop.host, _pyinfra_ssh_config_file=hop.config, **options)
