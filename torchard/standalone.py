"""Miniconda and environments in a pyinfra deploy of your own, without a lab file.

    from torchard.api import environment, miniconda

    miniconda(accept_license=True)
    environment("torch", python="3.12", pip=["jupyterlab"])

The arguments are those of a lab file, and are checked in the same way. Lock files go to the folder
`locks/deploy` of the directory in which `pyinfra` was started.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyinfra
from pyinfra.api import DeployError

from torchard.errors import TorchardError
from torchard.lab.load import make_lab
from torchard.operations.block import block
from torchard.operations.environment import build_environment
from torchard.operations.miniconda import install_miniconda
from torchard.operations.sharing import share_prefix
from torchard.operations.verify import verify
from torchard.plan.blockers import find_blockers
from torchard.remote import client, pyinfra_output
from torchard.session.current_host import find_target
from torchard.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torchard.lab.model import MacHost
    from torchard.plan.target import Target

PREFIX = "~/miniconda3"
_MAC = "this-host"
_SETTINGS = "torchard settings of "  # and a prefix: what miniconda() got for a host
_workspaces: dict[str, Workspace] = {}


def miniconda(
    prefix: str = PREFIX,
    *,
    accept_license: bool = False,
    distribution: str | None = None,
    version: str | None = None,
    installer: Mapping[str, str] | None = None,
    shared: bool = False,
    **settings: Any,
) -> None:
    """Install Miniconda at a prefix, or adopt what is whole there.

    `accept_license` is your consent to the terms that the installer accepts unattended. Without it,
    a host that has no conda is blocked. `distribution` is `miniconda` or `miniforge`, `version` one
    of its versions. `installer` names another one by its `url` and `sha256`. `shared` lets all
    accounts of the host use the prefix. `settings` are other
    keys of a Mac in a lab file, such as `mirrors`; they hold for the environments of this prefix,
    too.

    Raise DeployError if the arguments are wrong.

    **Example:**

    .. code:: python

        miniconda(accept_license=True)
    """
    chosen = {
        "prefix": prefix,
        "distribution": distribution,
        "version": version,
        "installer": installer,
        "shared": shared or None,
    }
    pyinfra.host.connector_data[_SETTINGS + prefix] = {
        **settings,
        "accept_license": accept_license,
        "miniconda": {key: value for key, value in chosen.items() if value is not None},
    }
    found = _find_target(prefix, {})
    if found is not None:
        workspace, target = found
        if target.mac.miniconda.shared:
            share_prefix(name=f"Sharing {prefix}", mac=target.mac, workspace=workspace)
        install_miniconda(
            name=f"Miniconda {prefix}",
            mac=target.mac,
            installer=target.installer,
            workspace=workspace,
        )


def environment(
    name: str,
    *,
    python: str,
    prefix: str = PREFIX,
    pytorch: Mapping[str, Any] | bool | None = None,
    conda: Sequence[str] = (),
    pip: Sequence[str] = (),
) -> None:
    """Build the environment `name` below a prefix, verify it, and activate it.

    The arguments are the keys of an environment in a lab file. Without `pytorch`, it gets the
    newest PyTorch that fits the host; with False, none. Call `miniconda` for this prefix before,
    unless a whole conda is there.

    Raise DeployError if the arguments are wrong.

    **Example:**

    .. code:: python

        environment("torch", python="3.12", pytorch={"release": "2.8.0"}, pip=["einops"])
    """
    described: dict[str, Any] = {"python": python, "conda": list(conda), "pip": list(pip)}
    if pytorch is not None:
        described["pytorch"] = pytorch
    found = _find_target(prefix, {name: described})
    if found is None:
        return
    workspace, target = found
    lock = target.locks[name]
    built = build_environment(
        name=f"Environment {name}", mac=target.mac, lock=lock, workspace=workspace
    )
    verify(name=f"Verify {name}", mac=target.mac, lock=lock, after=built)


def _find_target(prefix: str, environments: Mapping[str, Any]) -> tuple[Workspace, Target] | None:
    """Return what the current host should become; None if it is blocked, or was not read."""
    # pyinfra has connected by now. What it runs from here on has Torchard's limits.
    client.install_client()
    pyinfra_output.sanitize_output()
    settings = pyinfra.host.connector_data.get(_SETTINGS + prefix)
    try:
        workspace, mac = _describe(environments, settings or {"miniconda": {"prefix": prefix}})
        target = find_target(workspace, mac)
    except TorchardError as error:
        raise DeployError(str(error)) from None
    if target is None:
        return None
    reasons = find_blockers(target)
    if settings is None and target.installer is not None:
        reasons = (f"there is no conda at {prefix}; call miniconda({prefix!r}) before",)
    if reasons:
        block(name=f"Blocked: {prefix}", reason="; ".join(reasons))
        return None
    return workspace, target


def _describe(
    environments: Mapping[str, Any], settings: Mapping[str, Any]
) -> tuple[Workspace, MacHost]:
    """Return the workspace of some arguments, which hosts share, and the current host's Mac."""
    local = {"connection": "local"} if pyinfra.host.name == "@local" else {}
    mac = {**settings, **local, "environments": list(environments)}
    data = {"environments": environments, "macs": {_MAC: mac}}
    key = json.dumps(data, sort_keys=True, default=str)
    if key not in _workspaces:
        _workspaces[key] = Workspace(make_lab(Path.cwd() / "deploy", data))
    workspace = _workspaces[key]
    return workspace, replace(workspace.find_mac(_MAC), name=pyinfra.host.name)
