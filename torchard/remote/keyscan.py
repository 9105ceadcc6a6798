"""Which host key does a Mac show, and is it known? Asked without logging in to it."""

from __future__ import annotations

# isort: off
import pyinfra_cli  # noqa: F401  # patches the standard library for gevent: must come first
# isort: on

from typing import TYPE_CHECKING

from gevent.pool import Pool

from torchard.errors import TorchardError
from torchard.remote import client, host_keys
from torchard.remote.inventory import connection
from torchard.remote.unreachable import CONNECT_TIMEOUT, connecting, instead_of_logs, need_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import PKey

    from torchard.lab.model import MacHost

AT_ONCE = 20  # connections


def look(mac: MacHost) -> PKey | host_keys.HostKeyError | str:
    """Return the key that a Mac shows, where it is known; else what is wrong with it.

    Text is the reason why the Mac, or the jump host before it, could not be asked.
    """
    data = connection(mac)
    try:
        need_config(mac)
        return client.look(
            data["ssh_hostname"],
            username=data.get("ssh_user"),
            port=data.get("ssh_port"),
            timeout=CONNECT_TIMEOUT,
            _pyinfra_ssh_strict_host_key_checking=data["ssh_strict_host_key_checking"],
            _pyinfra_ssh_config_file=data.get("ssh_config_file"),
            _pyinfra_ssh_known_hosts_file=data.get("ssh_known_hosts_file"),
        )
    except host_keys.HostKeyError as error:
        return error
    except TorchardError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this Mac's alone
        return connecting(error, mac)


def look_at(macs: Sequence[MacHost]) -> list[PKey | host_keys.HostKeyError | str]:
    """Ask several Macs at once; return what each of them shows, in their order."""
    instead_of_logs()
    answers: list[PKey | host_keys.HostKeyError | str] = Pool(AT_ONCE).map(look, macs)
    return answers
