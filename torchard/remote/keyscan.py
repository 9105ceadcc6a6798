"""Read the host key of a Mac, and check whether it is known, without a login."""

from __future__ import annotations

# isort: off
import pyinfra_cli  # noqa: F401  # patches the standard library for gevent: must come first
# isort: on

from typing import TYPE_CHECKING

from gevent.pool import Pool

from torchard.errors import TorchardError
from torchard.remote import client, host_keys, openssh
from torchard.remote.inventory import connection_data
from torchard.remote.unreachable import (
    CONNECT_TIMEOUT,
    explain_connect_error,
    require_config,
    silence_logs,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import PKey

    from torchard.lab.model import MacHost

AT_ONCE = 20  # connections


def scan_host_key(mac: MacHost) -> PKey | host_keys.HostKeyError | str:
    """Return a Mac's host key if it is known, else the error.

    Text is the reason why the Mac, or the jump host before it, is unreachable.
    """
    data = connection_data(mac)
    try:
        require_config(mac)
        return client.read_host_key(
            data["ssh_hostname"],
            username=data.get("ssh_user"),
            port=data.get("ssh_port"),
            timeout=CONNECT_TIMEOUT,
            _pyinfra_ssh_strict_host_key_checking=data["ssh_strict_host_key_checking"],
            _pyinfra_ssh_config_file=data.get("ssh_config_file"),
            _pyinfra_ssh_known_hosts_file=data.get("ssh_known_hosts_file"),
            _pyinfra_ssh_paramiko_connect_kwargs=data["ssh_paramiko_connect_kwargs"],
        )
    except host_keys.HostKeyError as error:
        return error
    except TorchardError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # any other error concerns this Mac alone
        return explain_connect_error(error, mac)


def scan_host_keys(macs: Sequence[MacHost]) -> list[PKey | host_keys.HostKeyError | str]:
    """Scan several Macs at once; return the answers in their order.

    Raise LabError if an ssh_config of the lab can run commands and the operator does not allow it.
    """
    openssh.CONFIGURATIONS.require_permission(macs)
    silence_logs()
    answers: list[PKey | host_keys.HostKeyError | str] = Pool(AT_ONCE).map(scan_host_key, macs)
    return answers
