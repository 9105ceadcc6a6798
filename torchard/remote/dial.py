"""Open the way to a host: a TCP connection, `ssh -W` through jump hosts, or a ProxyCommand.

OpenSSH dials jump hosts itself, so its keys, agents, Kerberos and certificates work there.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gevent.lock import BoundedSemaphore

from torchard.remote import children, errors, ssh_config
from torchard.remote import effective as openssh

if TYPE_CHECKING:
    from torchard.remote.ssh_config import Effective

AT_ONCE = 8  # logins in progress through one jump host: sshd's MaxStartups begins to refuse at 10
_PROXY_SECONDS = 30.0
_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_SAID_SECONDS = 2.0  # for a program that has closed its connection to say why

_turns: dict[str, BoundedSemaphore] = {}


class UnknownJumpError(errors.ReachError):
    """A jump host has a key that ssh does not know, or another than it knows."""


@dataclass
class Way:
    """An open way to a host, and the program that keeps it open, where one does."""

    sock: socket.socket
    child: children.Child | None = None

    def close(self) -> None:
        """Close the way, and wait for the program to end."""
        self.sock.close()
        if self.child is not None:
            self.child.stop()


def open_way(effective: Effective, config: str | None, seconds: float) -> Way:
    """Connect to where the host's SSH server answers. Raise ReachError with the reason.

    `config` is the lab's own ssh_config, which holds for jump hosts, too.
    """
    if effective.jump is not None:
        return _through_jump(effective, effective.jump, config)
    if effective.proxy_command is not None:
        return _through_command(effective, effective.proxy_command)
    try:
        return Way(_connect(effective, seconds))
    except OSError as error:
        raise errors.ReachError(errors.dialling(error, effective.address)) from error


def _connect(to: Effective, seconds: float) -> socket.socket:
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
        except OSError as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed or OSError("it has no address")


def _through_jump(to: Effective, jump: str, config: str | None) -> Way:
    hops = ssh_config.hops(jump, config)
    if len(hops) > ssh_config.MOST_HOPS:
        raise errors.ReachError(
            f"{to.address} is behind {len(hops)} jump hosts; {ssh_config.MOST_HOPS} is the most"
        )
    words = openssh.CONFIGURATIONS.command(hops[-1], "-W", to.target)
    with ExitStack() as turns:
        # In one order everywhere, so that two never wait for each other.
        for name in sorted({hop.host for hop in hops}):
            turns.enter_context(_turns.setdefault(name, BoundedSemaphore(AT_ONCE)))
        seconds = ssh_config.CONNECT_SECONDS * (len(hops) + 1.0) + _PROXY_SECONDS
        way, said = _start(words, seconds)
    if way is not None:
        return way
    if "Host key verification failed" in said or "REMOTE HOST IDENTIFICATION" in said:
        raise UnknownJumpError(errors.through_jump(said, jump, to.address))
    raise errors.ReachError(errors.through_jump(said, jump, to.address))


def _through_command(to: Effective, command: str) -> Way:
    if to.passes_descriptor:
        raise errors.ReachError(
            f"the ssh configuration for {to.address} uses ProxyUseFdpass, which Torchard cannot;"
            " let the ProxyCommand pass the connection itself (`nc` without -F)"
        )
    line = openssh.expanded(command, to)
    words = [os.environ.get("SHELL") or "/bin/sh", "-c", f"exec {line}"]  # as ssh runs it
    way, said = _start(words, _PROXY_SECONDS)
    if way is None:
        raise errors.ReachError(errors.through_command(said, line, to.address))
    return way


def _start(words: list[str], seconds: float) -> tuple[Way | None, str]:
    """Start a program that passes a connection on; wait until the server behind it speaks.

    Return the way, or None and what the program wrote to stderr.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            os.set_blocking(theirs.fileno(), True)  # as any program expects of its stdin
            child = children.Child(words, theirs)
    except BaseException:
        ours.close()
        raise
    way = Way(ours, child)
    try:
        ours.settimeout(seconds)
        begins = ours.recv(1, socket.MSG_PEEK)
        said = ""
    except OSError as error:
        begins, said = b"", "" if isinstance(error, ConnectionError) else "it took too long"
    except BaseException:
        way.sock.close()
        child.stop(0)
        raise
    if begins:
        return way, ""
    way.sock.close()
    child.stop(0 if said else _SAID_SECONDS)
    return None, child.err or said
