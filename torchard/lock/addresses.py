"""The URLs of artefacts, which no lock file has. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.lab.channels import channel_url

if TYPE_CHECKING:
    from torchard.catalog.installers import Installer
    from torchard.lab.model import Mirrors
    from torchard.lock.lockfile import CondaPackage


def form_channel_url(channel: str, mirrors: Mirrors) -> str:
    """Return the URL of a channel or of its mirror, without a slash at its end."""
    mirror = mirrors.conda.get(channel)
    return mirror.rstrip("/") if mirror else channel_url(channel)


def form_conda_url(package: CondaPackage, mirrors: Mirrors) -> str:
    """Return the URL of a conda package."""
    return f"{form_channel_url(package.channel, mirrors)}/{package.subdir}/{package.file}"


def form_installer_url(installer: Installer, mirrors: Mirrors) -> str:
    """Return the URL of an installer. One that the lab itself names has no mirror."""
    if installer.own or mirrors.installers is None:
        return installer.url
    return f"{mirrors.installers.rstrip('/')}/{installer.file}"
