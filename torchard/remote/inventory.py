"""A lab as pyinfra's inventory: its groups, its hosts, and how to reach each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torchard.lab.model import Lab, MacHost

LOCAL = "@local"
KNOWN_HOSTS = "~/.ssh/known_hosts"


def pyinfra_groups(lab: Lab) -> dict[str, list[Any]]:
    """Return pyinfra's groups: `macs` with every host and its data, and each group's host names.

    A Mac that is local is pyinfra's `@local`, and has a group of its own name, so that
    `--limit NAME` finds it.
    """
    groups: dict[str, list[Any]] = {
        "macs": [(host_name(mac), _data(mac, lab)) for mac in lab.macs.values()]
    }
    for group, names in lab.groups.items():
        groups[group] = [host_name(lab.macs[name]) for name in names]
    for mac in lab.macs.values():
        if mac.connection == "local":
            groups[mac.name] = [LOCAL]
    return groups


def host_name(mac: MacHost) -> str:
    """Return what pyinfra calls a Mac."""
    return LOCAL if mac.connection == "local" else mac.name


def _data(mac: MacHost, lab: Lab) -> dict[str, Any]:
    data: dict[str, Any] = {"torchard_mac": mac.name, "torchard_lab": str(lab.path)}
    return data if mac.connection == "local" else {**data, **connection_data(mac)}


def connection_data(mac: MacHost) -> dict[str, Any]:
    """Return pyinfra's host data for the SSH connection to a Mac."""
    ssh = mac.ssh
    said = {
        "ssh_hostname": mac.address,
        "ssh_port": ssh.port,
        "ssh_user": ssh.user,
        "ssh_key": _expanded(ssh.key),
        # With a fingerprint in the lab, no file of known hosts counts.
        "ssh_known_hosts_file": os.devnull if ssh.fingerprint else _expanded(ssh.known_hosts),
        "ssh_config_file": _expanded(ssh.config),
        # pyinfra's own default accepts the key of a Mac that it meets for the first time. Without
        # `torchard.remote.client.install_client()` it knows no fingerprints, and does not connect.
        "ssh_strict_host_key_checking": ssh.fingerprint or "yes",
        "ssh_paramiko_connect_kwargs": {
            "auth_timeout": mac.timeouts.login,
            "channel_timeout": mac.timeouts.transfer,
        },
    }
    return {key: value for key, value in said.items() if value is not None}


def _expanded(path: str | None) -> str | None:
    return None if path is None else str(Path(path).expanduser())
