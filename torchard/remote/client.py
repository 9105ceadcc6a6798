"""Connect to a host as `ssh` would, and only where its host key is known.

By itself, pyinfra reads ssh_config in its own way, asks, warns, or accepts any key. After
`install_client()` it does not, in `torchard` and in the `pyinfra` command alike.
"""

from __future__ import annotations

import inspect
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import paramiko
from paramiko import ChannelException, HostKeys, MissingHostKeyPolicy, SSHException
from paramiko.ssh_exception import IncompatiblePeer
from pyinfra.api import util as pyinfra_util
from pyinfra.api.util import get_file_io
from pyinfra.connectors import local as local_connector
from pyinfra.connectors import ssh as ssh_connector
from pyinfra.connectors.sshuserclient import client as ssh_client

from torchard.remote import dial, limits, open_files, openssh, output, ssh_config, unreachable
from torchard.remote.archive import Archive
from torchard.remote.host_keys import (
    ChangedHostKeyError,
    HostKeyError,
    OtherHostKeyError,
    RevokedHostKeyError,
    UnknownHostKeyError,
)
from torchard.remote.identities import Login
from torchard.remote.known_hosts import HostKey
from torchard.remote.known_hosts_files import KnownHosts
from torchard.remote.ssh_config import Destination, EffectiveConfig
from torchard.remote.transport import Transport
from torchard.remote.unreachable import ReachError
from torchard.remote.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from paramiko import PKey

_OPEN_FILES = 1024  # macOS begins with 256, of which each Mac takes some
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds: sshd frees a session a little after its end
_put_by_sftp = ssh_connector.SSHConnector._put_file  # noqa: SLF001


class KeyFile:
    """The path of the lab's private key. Torchard reads it; pyinfra never asks for a passphrase."""

    def __init__(self, path: str) -> None:
        self.path = str(Path(path).expanduser())


def install_client() -> None:
    """Make every connection of pyinfra in this process use this module's client."""
    open_files.raise_limit(_OPEN_FILES)
    connector: Any = ssh_connector
    connector.SSHClient = ssh_client.SSHClient = Client
    connector.get_private_key = lambda _state, key_filename, key_password: KeyFile(key_filename)  # noqa: ARG005
    connector.SSHConnector._put_file = _put_file  # noqa: SLF001
    connector.read_output_buffers = output.read_channel
    local_connector.run_local_process = output.run_local_process
    # pyinfra orders operations by line numbers. It would also read the source of each caller, which
    # takes longer than the rest of an operation.
    pyinfra_util.stack = partial(inspect.stack, 0)
    pyinfra_util.getframeinfo = partial(inspect.getframeinfo, context=0)


def _put_file(connector: Any, filename_or_io: Any, remote_location: str) -> None:
    """Upload a file as pyinfra's connector does, also without SFTP."""
    if not isinstance(connector.client, Client):  # connected before install_client()
        _put_by_sftp(connector, filename_or_io, remote_location)
        return
    with get_file_io(filename_or_io) as file:
        connector.client.put(file, remote_location)


def takes_archives(connector: Any) -> bool:
    """Tell whether a connection is Torchard's: pyinfra's own may be older than install_client()."""
    return isinstance(getattr(connector, "client", None), Client)


class Client(ssh_client.SSHClient):  # type: ignore[misc]  # pyinfra has no types for it
    """pyinfra's SSH client. It goes where ssh would, and accepts known host keys only."""

    _route: dial.Route | None = None
    _uploads: Uploads
    _login_seconds = _answer_seconds = 60  # as in lab.model.Timeouts
    failure: str | None = None
    """Why Torchard gave the connection up, if it did."""

    def connect(
        self,
        hostname: str,
        _pyinfra_ssh_strict_host_key_checking: str | None = None,
        _pyinfra_ssh_config_file: str | None = None,
        _pyinfra_ssh_known_hosts_file: str | None = None,
        _pyinfra_ssh_paramiko_connect_kwargs: dict[str, int] | None = None,
        *,
        jump: str | None = None,
        auth_strategy: Any = None,
        **options: Any,
    ) -> None:
        """Connect as `ssh HOSTNAME` does. Raise HostKeyError before a login at an unknown host.

        The host data ssh_strict_host_key_checking may be a fingerprint. With any other value, the
        key must be known. In ssh_paramiko_connect_kwargs, auth_timeout is for all until the login
        has ended, and channel_timeout for each later answer.
        """
        seconds = _pyinfra_ssh_paramiko_connect_kwargs or {}
        self._login_seconds = seconds.get("auth_timeout", self._login_seconds)
        self._answer_seconds = seconds.get("channel_timeout", self._answer_seconds)
        key = options.get("pkey")
        path = key.path if isinstance(key, KeyFile) else None
        user, port = options.get("username"), options.get("port")
        destination = Destination(hostname, user, port, path, _pyinfra_ssh_config_file, jump)
        self._uploads = Uploads(self, destination)
        to = openssh.CONFIGURATIONS.evaluate(destination)
        if path is not None:
            to = ssh_config.use_lab_key(to, path)
        said = _pyinfra_ssh_strict_host_key_checking or ""
        wanted = said if said.startswith("SHA256:") else None
        login = auth_strategy or Login(
            to,
            path,
            options.get("password"),
            with_agent=options.get("allow_agent", True) or bool(path),
        )
        self._to, self._wanted = to, wanted
        self._known = KnownHosts(to, _pyinfra_ssh_known_hosts_file, pinned=wanted is not None)
        try:
            self._dial(destination, options.get("timeout") or ssh_config.CONNECT_SECONDS)
            self._enter(login)
        except BaseException:
            self.close()  # pyinfra closes it at the end of the process only
            raise

    def _dial(self, destination: Destination, seconds: float) -> None:
        self._seconds = min(seconds, self._login_seconds)
        try:
            self._route = dial.open_route(
                self._to, destination.config, self._seconds, self._login_seconds
            )
        except dial.UnknownJumpError:
            _check_hops(self._to, destination, self._seconds)
            raise

    def _enter(self, login: Any) -> None:
        """Log in over the open route. Raise ReachError with the reason."""
        to = self._to
        self._host_keys = HostKeys()  # the policy below checks the key
        self.set_missing_host_key_policy(_Policy(self))
        timer = gevent.Timeout.start_new(self._login_seconds)
        try:
            self._log_in(login)
        except gevent.Timeout as error:
            if error is not timer:
                raise
            raise ReachError(self._explain_slow_login()) from None
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
                raise ReachError(unreachable.explain_missing_banner(to.address, before)) from error
            if goodbye:
                raise ReachError(unreachable.explain_ended_login(to.address, goodbye)) from error
            if isinstance(error, EOFError | OSError):
                raise ReachError(unreachable.explain_early_end(to.address, error)) from error
            raise
        finally:
            timer.close()

    def _log_in(self, login: Any) -> None:
        to, sock = self._to, self._route.sock if self._route else None
        paramiko.SSHClient.connect(  # not pyinfra's, which reads ssh_config itself
            self,
            to.hostname,
            to.port,
            to.user,
            sock=sock,
            timeout=self._seconds,
            banner_timeout=self._seconds,
            transport_factory=self._transport_to,
            auth_strategy=login,
        )

    def _explain_slow_login(self) -> str:
        transport: Any = self.get_transport()
        agreed = transport is not None and transport.initial_kex_done
        doing = "the answer to a login" if agreed else "its SSH server to agree on keys"
        return limits.explain_slow_login(self._to.address, doing, self._login_seconds)

    def set_missing_host_key_policy(self, _policy: object) -> None:
        """Use our own policy for every host, whatever the caller passes."""
        paramiko.SSHClient.set_missing_host_key_policy(self, _Policy(self))

    def _transport_to(self, sock: Any, **options: Any) -> Transport:
        """Return a transport that offers what ssh would offer, the known keys' algorithms first."""
        made, to = Transport(sock, **options), self._to
        made.auth_timeout = self._login_seconds
        allowed = made.get_security_options()
        known = self._known.algorithms()
        keys = ssh_config.find_common(to.host_key_algorithms, allowed.key_types)
        first = [one for one in keys if one in known]
        for name, chosen, what in (
            ("key_types", [*first, *(one for one in keys if one not in first)], "host keys"),
            ("kex", ssh_config.find_common(to.kex, allowed.kex), "key exchanges"),
            ("ciphers", ssh_config.find_common(to.ciphers, allowed.ciphers), "ciphers"),
            ("digests", ssh_config.find_common(to.macs, allowed.digests), "MACs"),
        ):
            if not chosen:
                made.close()
                raise ReachError(unreachable.explain_no_common_algorithm(to.address, what))
            setattr(allowed, name, tuple(chosen))
        plain: Any = made
        pubkeys = ssh_config.find_common(to.pubkey_algorithms, plain._preferred_pubkeys)  # noqa: SLF001
        plain._preferred_pubkeys = tuple(pubkeys) or plain._preferred_pubkeys  # noqa: SLF001
        return made

    def parse_config(self, *_: object, **__: object) -> None:
        """Prevent pyinfra from reading ssh_config: ssh alone reads it."""
        raise AssertionError("ssh_config is read by ssh alone")

    def require_known_key(self, key: PKey) -> None:
        """Raise HostKeyError unless this is the host's known key."""
        to, shows = self._to, HostKey(key.get_name(), key.asbytes())
        file = self._known.file
        if self._wanted is not None:
            if self._wanted != shows.fingerprint:
                raise OtherHostKeyError(to.entry, shows, file, self._wanted)
            return
        if to.revoked is not None:
            self._known.require_not_revoked(to.revoked, shows)
        found = self._known.check_key(shows, self._route)
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
        """Run a command; if the host allows no more sessions, free one and try again."""
        transport: Any = self.get_transport()
        try:
            return self._execute(command, *more, **options)
        except ReachError:
            raise
        except (SSHException, EOFError, OSError) as error:
            if transport.is_active() or transport.opened:
                raise
            closed = unreachable.explain_closed_after_login(self._to.address, self._to.user)
            raise ReachError(closed) from error

    def _execute(self, command: str, *more: Any, **options: Any) -> Any:
        def start() -> Any:
            return super(Client, self).exec_command(command, *more, **options)

        for pause in _PAUSES:
            try:
                return self._do_while_heard(start)
            except ChannelException:
                self._uploads.close()
                gevent.sleep(pause)
        try:
            return self._do_while_heard(start)
        except ChannelException as error:
            raise ReachError(unreachable.explain_too_few_sessions(self._to.address)) from error

    def put(self, file: Any, path: str) -> None:
        """Upload an open file, or an Archive to a directory. Raise OSError."""
        if isinstance(file, Archive):
            self._do_while_heard(lambda: self._uploads.put_archive(file, path))
        elif not self._uploads.put_by_ssh(file, path, self._answer_seconds):
            self._do_while_heard(lambda: self._uploads.put(file, path))

    @property
    def has_known_hosts_command(self) -> bool:
        """Whether the configuration has a program that prints known keys; OpenSSH 8.1 cannot."""
        return self._to.known_hosts_command is not None

    @property
    def is_routed(self) -> bool:
        """Whether a program passes the connection on: a jump host's, or a ProxyCommand."""
        return self._route is not None and self._route.child is not None

    def _do_while_heard(self, act: Callable[[], Any]) -> Any:
        """Do something as long as the host goes on with it; then give the connection up.

        A write to a connection that takes no byte never ends by itself, and neither does the wait
        for a program that never answers. Raise ReachError.
        """
        transport: Any = self.get_transport()
        if transport is None:  # given up, or closed
            raise ReachError(self.failure or f"{self._to.address} is not connected any more")
        results: list[Any] = []
        errors: list[Exception] = []

        def try_it() -> None:
            try:
                results.append(act())
            except Exception as error:  # noqa: BLE001  # raised again below
                errors.append(error)

        transport.heard = time.monotonic()
        job = gevent.spawn(try_it)
        try:
            while not job.ready():
                left = transport.heard + self._answer_seconds - time.monotonic()
                if left <= 0:
                    break
                job.join(left)
        finally:
            job.kill(block=False)
        if errors:
            raise errors[0]
        if results:
            return results[0]
        self.failure = limits.explain_stalled_connection(self._to.address, self._answer_seconds)
        self.close()
        raise ReachError(self.failure)

    def close(self) -> None:
        """Close the connection, and the route to it."""
        super().close()  # first: a connection that takes no byte blocks the end of a session
        self._uploads.close()
        route, self._route = self._route, None
        if route is not None:
            route.close()


class _Policy(MissingHostKeyPolicy):
    """Let the client check every host key."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def missing_host_key(self, client: Any, hostname: str, key: PKey) -> None:  # noqa: ARG002
        self._client.require_known_key(key)


class _KnownKeyError(Exception):
    """The key is known, and a login would be next: its only argument is the key."""


class NoLogin:
    """An `auth_strategy` of paramiko that never logs in."""

    def authenticate(self, transport: paramiko.Transport) -> None:
        """Stop with the host's key, which is known."""
        raise _KnownKeyError(transport.get_remote_server_key())


def read_host_key(hostname: str, **options: Any) -> PKey:
    """Return a host's key if it is known. Raise HostKeyError if it is not.

    There is no login at the host itself; ssh logs in to the jump hosts before it.
    """
    client = Client()
    try:
        client.connect(hostname, auth_strategy=NoLogin(), **options)
    except _KnownKeyError as known:
        key: PKey = known.args[0]
        return key
    raise AssertionError("NoLogin never logs in")


def _check_hops(to: EffectiveConfig, destination: Destination, seconds: float) -> None:
    """Raise HostKeyError for the first jump host whose key is not accepted."""
    for hop in ssh_config.split_hops(to.jump or "", destination.config):
        options = {"username": hop.user, "port": hop.port, "timeout": seconds, "jump": hop.jump}
        read_host_key(hop.host, _pyinfra_ssh_config_file=hop.config, **options)
