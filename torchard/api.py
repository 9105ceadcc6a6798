"""What deploy.py, inventory/ and other people's pyinfra deploys may import.

The public API is what `__all__` lists here, the commands with their options and exit codes, the
keys of lab.yaml, and the JSON; every other module is private and may change in any release. What is
to be removed stays for at least one minor release, and warns (a DeprecationWarning here, a sentence
elsewhere) that names what to use instead. CHANGELOG.md lists it under *Deprecated* with the release
that removes it.

An inventory of your own:

    from torchard.api import make_inventory as _make_inventory

    globals().update(_make_inventory("lab.yaml"))

Operations of your own, after those of deploy.py:

    from pyinfra import host, local
    from pyinfra.operations import files
    from torchard.api import open_lab

    local.include("deploy.py")
    mac = open_lab(host.data.torchard_lab).find_mac(host.data.torchard_mac)
    if "torch" in mac.environments:
        files.directory(name="Models", path="/opt/models")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.lab.load import load_lab
from torchard.lab.model import SHELLS, Lab, MacHost, Shell
from torchard.mac.state import MacState
from torchard.operations.block import block
from torchard.operations.environment import build_environment
from torchard.operations.kernel import kernel
from torchard.operations.miniconda import install_miniconda
from torchard.operations.prune import prune
from torchard.operations.sharing import share_prefix
from torchard.operations.shell_file import shell_file
from torchard.operations.verify import verify
from torchard.plan import blockers, shell_init
from torchard.plan.target import Target
from torchard.remote import client, inventory, openssh, pyinfra_output
from torchard.session.current_host import find_target, read_state
from torchard.standalone import environment, miniconda
from torchard.workspace.workspace import Workspace, get_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "SHELLS",
    "Lab",
    "MacHost",
    "MacState",
    "Shell",
    "Target",
    "TorchardError",
    "Workspace",
    "block",
    "build_environment",
    "environment",
    "find_blockers",
    "find_target",
    "install_miniconda",
    "kernel",
    "make_inventory",
    "miniconda",
    "open_lab",
    "prune",
    "read_state",
    "share_prefix",
    "shell_file",
    "shell_file_path",
    "verify",
]


def make_inventory(path: str | Path) -> dict[str, list[Any]]:
    """Return pyinfra's groups of a lab: `macs` with every Mac and its data, and the lab's groups.

    From then on, every connection of pyinfra in this process is made as `ssh` would make it, and
    only to hosts whose key is known. What pyinfra prints is sanitized. Raise TorchardError if the
    lab file has errors, or if its ssh_config can run commands and TORCHARD_ALLOW_SSH_COMMANDS is
    not `1`.

    **Example:**

    .. code:: python

        globals().update(make_inventory("inventory/lab.yaml"))
    """
    client.install_client()
    pyinfra_output.sanitize_output()
    lab = load_lab(Path(path))
    openssh.CONFIGURATIONS.require_permission(lab.macs.values())
    return inventory.pyinfra_groups(lab)


def open_lab(path: str | Path, overrides: Mapping[str, object] | None = None) -> Workspace:
    """Read a lab file and its lock files, once in this process.

    `overrides` are settings that win over the file's, such as pyinfra's `--data`. Raise
    TorchardError if the lab file has errors.

    **Example:**

    .. code:: python

        workspace = open_lab(host.data.torchard_lab, inventory.get_override_data())
        mac = workspace.find_mac(host.data.torchard_mac)
    """
    return get_workspace(path, overrides)


def find_blockers(target: Target) -> tuple[str, ...]:
    """Return the reasons why a Mac must be left alone; none if the target can be reached.

    **Example:**

    .. code:: python

        blockers = find_blockers(target)
        if blockers:
            block(name="Blocked", reason="; ".join(blockers))
    """
    return blockers.find_blockers(target)


def shell_file_path(shell: Shell) -> str:
    """Return the file that a shell reads at its start, such as `~/.zshrc`.

    **Example:**

    .. code:: python

        path = shell_file_path("zsh")
        shell_file(name=f"Shell {path}", mac=mac, shell="zsh", workspace=workspace)
    """
    return shell_init.name_shell_file(shell)
