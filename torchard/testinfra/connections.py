"""A program that lets ssh reach the Macs of a lab as Torchard does, until its stdin ends.

It writes an ssh_config for each Mac into a private folder, and prints one line of JSON: `macs` with
the path of each file, and `reasons` why another Mac cannot be reached. It is a process of its own,
because what reads a Mac's host key patches the standard library.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from torchard.errors import TorchardError
from torchard.lab.load import load_lab
from torchard.remote import host_keys, keyscan, openssh
from torchard.remote.host_block import render_host
from torchard.remote.inventory import connection_data
from torchard.remote.known_hosts_files import KnownHosts
from torchard.remote.ssh_config import Destination, use_lab_key
from torchard.remote.unreachable import explain_connect_error, require_config

if TYPE_CHECKING:
    from torchard.lab.model import MacHost


def write_config(mac: MacHost) -> Path:
    """Write the file with which `ssh -F FILE NAME` reaches a Mac. Raise TorchardError."""
    require_config(mac)
    data = connection_data(mac)
    destination = Destination(
        data["ssh_hostname"],
        data.get("ssh_user"),
        data.get("ssh_port"),
        data.get("ssh_key"),
        data.get("ssh_config_file"),
    )
    to = openssh.CONFIGURATIONS.evaluate(destination)
    if destination.key is not None:
        to = use_lab_key(to, destination.key)
    folder = openssh.CONFIGURATIONS.folder
    known = KnownHosts(to, data.get("ssh_known_hosts_file"), pinned=True)
    own, shared = known.own, known.shared
    if mac.ssh.fingerprint is not None:
        own, shared = (str(_record_pinned_key(mac, to.entry)),), ()
    # The rules and the included files of the general one follow; jump hosts use them, too.
    general = openssh.CONFIGURATIONS.find_file(destination.config).read_text(encoding="utf-8")
    file = folder / f"{mac.name}.mac"
    file.write_text(render_host(mac.name, to, own, shared) + general, encoding="utf-8")
    return file


def _record_pinned_key(mac: MacHost, entry: str) -> Path:
    """Write a known_hosts file with the key whose fingerprint the lab has."""
    key = keyscan.scan_host_key(mac)
    if isinstance(key, host_keys.HostKeyError):
        raise key
    if isinstance(key, str):
        raise TorchardError(key)
    file = openssh.CONFIGURATIONS.folder / f"{mac.name}.known_hosts"
    file.write_text(f"{entry} {key.get_name()} {key.get_base64()}\n", encoding="utf-8")
    return file


def main(lab_file: str) -> None:
    """Write the files, print where they are, and remove them when stdin ends."""
    macs: dict[str, str] = {}
    reasons: dict[str, str] = {}
    lab = load_lab(Path(lab_file))
    remote = [mac for mac in lab.macs.values() if mac.connection == "ssh"]
    try:
        openssh.CONFIGURATIONS.require_permission(remote)
        for mac in remote:
            try:
                macs[mac.name] = str(write_config(mac))
            except TorchardError as error:
                reasons[mac.name] = str(error)
            except Exception as error:  # noqa: BLE001  # it concerns this Mac alone
                reasons[mac.name] = explain_connect_error(error, mac)
        print(json.dumps({"macs": macs, "reasons": reasons}), flush=True)
        sys.stdin.read()
    except TorchardError as error:
        print(json.dumps({"error": str(error)}), flush=True)
    finally:
        openssh.CONFIGURATIONS.close()


if __name__ == "__main__":
    main(sys.argv[1])
