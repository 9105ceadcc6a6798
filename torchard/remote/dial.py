"""Open a route to a host: a TCP connection, `ssh -W` through jump hosts, or a ProxyCommand.

OpenSSH itself dials jump hosts, so its keys, agents, Kerberos and certificates work there.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gevent.lock import BoundedSemaphore

from torchard.remote import children, openssh, ssh_config, unreachable

if TYPE_CHECKING:
    from torchard.remote.ssh_config import EffectiveConfig

AT_ONCE = 8  # logins in progress through one jump host: sshd's MaxStartups begins to refuse at 10
_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_IDLE_SECONDS, _PROBE_SECONDS, _PROBES = 30, 10, 3  # of TCP's own keepalive
_SAID_SECONDS = 2.0  # for a program to say why it closed its connection

_turns: dict[str, BoundedSemaphore] = {}


class UnknownJumpError(unreachable.ReachError):
    """A jump host's key is unknown to ssh, or not the one that it knows."""


@dataclass
class Route:
    """An open route to a host, and the program that keeps it open, if any."""

    sock: socket.socket
    child: children.Child | None = None

    def close(self) -> None:
        """Close the route, and wait for the program to end."""
        self.sock.close()
        if self.child is not None:
            self.child.stop()


def open_route(
    effective: EffectiveConfig, config: str | None, seconds: float, through_seconds: float
) -> Route:
    """Connect to the host's SSH server. Raise ReachError with the reason.

    `config` is the lab's own ssh_config, which jump hosts use, too. `seconds` is for a connection
    without a program in between, `through_seconds` for one through jump hosts or a ProxyCommand.
    """
    if effective.jump is not None:
        return _through_jump(effective, effective.jump, config, through_seconds)
    if effective.proxy_command is not None:
        return _through_command(effective, effective.proxy_command, through_seconds)
    try:
        return Route(_connect(effective, seconds))
    except OSError as error:
        raise unreachable.ReachError(
            unreachable.explain_dial_error(error, effective.address)
        ) from error


def _connect(to: EffectiveConfig, seconds: float) -> socket.socket:
    """Try each address of a name in turn; raise the last error."""
    family = _FAMILIES.get(to.family, socket.AF_UNSPEC)
    failed: OSError | None = None
    for kind, _, _, _, place in socket.getaddrinfo(
        to.hostname, to.port, family, socket.SOCK_STREAM
    ):
        sock = socket.socket(kind, socket.SOCK_STREAM)
        try:
            sock.settimeout(seconds)
            if to.bind_address is not None:
                sock.bind((to.bind_address, 0))
            sock.connect(place)
            # Each of our commands is one small packet; Nagle holds it back by some 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _notice_dead_peer(sock)
        except OSError as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed or OSError("it has no address")


def _notice_dead_peer(sock: socket.socket) -> None:
    """Let the system end a connection whose other end has gone, as TCP alone does not.

    Each system knows other options, and each is one of TCP's own.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": _IDLE_SECONDS,  # Linux's name, and then that of macOS
        "TCP_KEEPALIVE": _IDLE_SECONDS,
        "TCP_KEEPINTVL": _PROBE_SECONDS,
        "TCP_KEEPCNT": _PROBES,
        "TCP_USER_TIMEOUT": (_IDLE_SECONDS + _PROBES * _PROBE_SECONDS) * 1000,
    }
    for name, value in options.items():
        number = getattr(socket, name, None)
        if number is not None:
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, number, value)


def _through_jump(to: EffectiveConfig, jump: str, config: str | None, seconds: float) -> Route:
    hops = ssh_config.split_hops(jump, config)
    if len(hops) > ssh_config.MOST_HOPS:
        raise unreachable.ReachError(
            f"{to.address} is behind {len(hops)} jump hosts; {ssh_config.MOST_HOPS} is the most"
        )
    words = openssh.CONFIGURATIONS.command(hops[-1], "-W", to.target)
    with ExitStack() as turns:
        # Always in the same order, so that two never wait for each other.
        for name in sorted({hop.host for hop in hops}):
            turns.enter_context(_turns.setdefault(name, BoundedSemaphore(AT_ONCE)))
        route, said = _start(words, seconds)
    if route is not None:
        return route
    if "Host key verification failed" in said or "REMOTE HOST IDENTIFICATION" in said:
        raise UnknownJumpError(unreachable.explain_jump_error(said, jump, to.address))
    raise unreachable.ReachError(unreachable.explain_jump_error(said, jump, to.address))


def _through_command(to: EffectiveConfig, command: str, seconds: float) -> Route:
    if to.passes_descriptor:
        raise unreachable.ReachError(
            f"the ssh configuration for {to.address} uses ProxyUseFdpass, which Torchard does"
            " not support; let the ProxyCommand pass the connection itself (`nc` without -F)"
        )
    line = openssh.expand(command, to)
    words = [os.environ.get("SHELL") or "/bin/sh", "-c", f"exec {line}"]  # as ssh runs it
    route, said = _start(words, seconds)
    if route is None:
        raise unreachable.ReachError(unreachable.explain_command_error(said, line, to.address))
    return route


def _start(words: list[str], seconds: float) -> tuple[Route | None, str]:
    """Start a program that passes a connection on; wait until the server behind it answers.

    Return the route, or None and what the program wrote to stderr.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            os.set_blocking(theirs.fileno(), True)  # as any program expects of its stdin
            child = children.Child(words, theirs)
    except BaseException:
        ours.close()
        raise
    route = Route(ours, child)
    try:
        ours.settimeout(seconds)
        begins = ours.recv(1, socket.MSG_PEEK)
        said = ""
    except OSError as error:
        begins, said = b"", "" if isinstance(error, ConnectionError) else "it took too long"
    except BaseException:
        route.sock.close()
        child.stop(0)
        raise
    if begins:
        return route, ""
    route.sock.close()
    child.stop(0 if said else _SAID_SECONDS)
    return None, child.err or said
