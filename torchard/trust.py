"""Which host key does a Mac show, and is it known? Asked without logging in to it."""

from __future__ import annotations

# isort: off
import pyinfra_cli  # noqa: F401  # patches the standard library for gevent: must come first
# isort: on

from typing import TYPE_CHECKING, Any, NoReturn

from gevent.pool import Pool

from torchard import hostkeys
from torchard.errors import TorchardError
from torchard.lab.hosts import connection
from torchard.reason import CONNECT_TIMEOUT, connecting, instead_of_logs, need_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import PKey, Transport

    from torchard.lab.model import MacHost

AT_ONCE = 20  # connections


class _EnoughError(Exception):
    """The key is known, and a login would be next."""


class _NoLogin:
    """Stands where paramiko would be told how to log in."""

    def authenticate(self, transport: Transport) -> NoReturn:
        raise _EnoughError(transport.get_remote_server_key())


def look(mac: MacHost) -> PKey | hostkeys.HostKeyError | str:
    """Return the key that a Mac shows, where it is known; else what is wrong with it.

    Text is the reason why the Mac, or the jump host before it, could not be asked.
    """
    data = connection(mac)
    options: dict[str, Any] = {"timeout": CONNECT_TIMEOUT, "auth_strategy": _NoLogin()}
    if "ssh_port" in data:
        options["port"] = data["ssh_port"]
    try:
        need_config(mac)
        hostkeys.Client().connect(
            data["ssh_hostname"],
            data["ssh_strict_host_key_checking"],
            _pyinfra_ssh_config_file=data.get("ssh_config_file"),
            _pyinfra_ssh_known_hosts_file=data["ssh_known_hosts_file"],
            **options,
        )
    except _EnoughError as known:
        key: PKey = known.args[0]
        return key
    except hostkeys.HostKeyError as error:
        return error
    except TorchardError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this Mac's alone
        return connecting(error, mac)
    raise AssertionError("nobody logs in")


def look_at(macs: Sequence[MacHost]) -> list[PKey | hostkeys.HostKeyError | str]:
    """Ask several Macs at once; return what each of them shows, in their order."""
    instead_of_logs()
    hostkeys.hold()  # for the jump hosts, which pyinfra's own client would connect to
    answers: list[PKey | hostkeys.HostKeyError | str] = Pool(AT_ONCE).map(look, macs)
    return answers
