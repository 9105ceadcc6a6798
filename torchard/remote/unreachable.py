"""Why could a Mac not be worked on? Errors of pyinfra and paramiko as sentences with a way out."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from paramiko import AuthenticationException, SSHException
from pyinfra.api.exceptions import ConnectError, PyinfraError

from torchard.errors import TorchardError
from torchard.redact import redact
from torchard.remote.errors import DeniedError, ReachError, dialling
from torchard.remote.host_keys import HostKeyError, UnknownHostKeyError
from torchard.resources import default_lab

if TYPE_CHECKING:
    from torchard.lab.model import MacHost

CONNECT_TIMEOUT = 10  # seconds


def instead_of_logs() -> None:
    """Silence what pyinfra and paramiko log: it is told here, in fewer words."""
    for name in ("pyinfra", "paramiko"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False


def reason(error: BaseException, mac: MacHost) -> str:
    """Say in a sentence why a Mac cannot be worked on, and what to do about it."""
    if isinstance(error, TorchardError):
        return str(error)
    if isinstance(error, ConnectError):
        # Its text is for pyinfra's log; what was caught just before it says more.
        return connecting(error.__context__ or error, mac)
    if isinstance(error, PyinfraError):
        return redact(str(error))
    if isinstance(error, ReachError):
        return str(error)
    if mac.connection == "ssh" and isinstance(error, (OSError, EOFError, SSHException)):
        return lost(mac)
    return f"{type(error).__name__}: {_text(error)}"


def lost(mac: MacHost) -> str:
    """Say that the connection was lost, and that this does no harm."""
    return (
        f"the connection to {_address(mac)} was lost; what is at work there goes on by itself, and"
        " the same command again waits for it and does the rest"
    )


def need_config(mac: MacHost) -> None:
    """Raise TorchardError where an ssh_config is not there: pyinfra would go on without it."""
    config = mac.ssh.config
    if config is not None and not Path(config).expanduser().is_file():
        raise TorchardError(f"the ssh_config {config} is not there; write another ssh.config")


def connecting(error: BaseException, mac: MacHost) -> str:
    """Say why there is no connection to a Mac, of what pyinfra's connector has caught."""
    address, text = _address(mac), _text(error)
    if isinstance(error, UnknownHostKeyError):
        return f"{text}; if that is the host's own, run `{_trust(mac)}`"
    if isinstance(error, HostKeyError):
        return text
    if isinstance(error, DeniedError):
        return f"{error}; run `{_ssh_copy_id(mac)}`" if not error.notes else str(error)
    if isinstance(error, ReachError):
        return str(error)
    if isinstance(error, AuthenticationException):
        return f"{address} takes none of your keys; run `{_ssh_copy_id(mac)}`"
    return dialling(error, address)


def _address(mac: MacHost) -> str:
    address = mac.address or mac.name
    return address if mac.ssh.port is None else f"{address}:{mac.ssh.port}"


def _login(mac: MacHost) -> str:
    address = mac.address or mac.name
    return address if mac.ssh.user is None else f"{mac.ssh.user}@{address}"


def _trust(mac: MacHost) -> str:
    lab = [] if mac.where.file in {"", str(default_lab())} else [mac.where.file]
    return shlex.join(["torchard", "keys", "trust", mac.name, *lab])


def _ssh_copy_id(mac: MacHost) -> str:
    words = ["ssh-copy-id", *(["-i", mac.ssh.key] if mac.ssh.key else [])]
    words += ["-p", str(mac.ssh.port)] if mac.ssh.port is not None else []
    return shlex.join([*words, _login(mac)])


def _text(error: BaseException) -> str:
    return redact(str(error)) or type(error).__name__
