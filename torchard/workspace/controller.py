"""Examine this computer: the programs, the depot and the network that a lab needs of it."""

from __future__ import annotations

import os
import platform
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

import uv

from torchard import programs
from torchard.catalog.installers import Installer, choose_installer
from torchard.depot.connection import BrokenOffError, explain_connection, open_url
from torchard.depot.depot import Depot
from torchard.errors import TorchardError
from torchard.lock.addresses import form_channel_url, form_installer_url
from torchard.lock.index import find_default_index
from torchard.plan.findings import Finding
from torchard.redact import redact
from torchard.render.words import size
from torchard.resources import shorten_local_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from torchard.catalog.rows import Catalogue
    from torchard.lab.model import MacHost

_LIMITS = programs.Limits(seconds=20, memory=256 << 20, file=1 << 20, output=1 << 16)
_LITTLE = 10 * 10**9  # bytes: less than a lab of two classes fetches with PyTorch and Jupyter
_MOST_SERVERS = 20
_INDEX = "the wheel index"
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def examine_computer() -> Iterator[Finding]:
    """Yield what this computer has of what every lab needs, without the network."""
    yield Finding("good", "python", f"Python {platform.python_version()}")
    yield _examine_program("uv", [os.fspath(uv.find_uv_bin()), "--version"])
    ssh = programs.find_program("ssh")
    if ssh is None:
        text = (
            "this computer has no ssh; install OpenSSH's client (macOS has it; on Debian:"
            " `apt install openssh-client`)"
        )
        yield Finding("problem", "ssh", text)
    else:
        yield _examine_program("ssh", [ssh, "-V"])
    yield _examine_depot(Depot().root)
    yield from _examine_certificates()
    for scheme, proxy in sorted(getproxies().items()):
        if scheme in {"http", "https", "all"}:
            url = proxy if "://" in proxy else f"http://{proxy}"
            yield Finding("good", "proxy", f"{scheme}: {redact(url)}")


def list_servers(macs: Sequence[MacHost], catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return the servers that these Macs' artefacts come from: a URL of each, and what it is."""
    return list(dict(_list_urls(macs, catalogue)).items())[:_MOST_SERVERS]


def examine_server(server: tuple[str, str]) -> Finding:
    """Say whether a server can be reached from here. It may take as long as a connection may."""
    url, what = server
    try:
        if what == _INDEX:  # without one in the lab, uv's or pip's own settings name it
            url = f"{(url or find_default_index()).rstrip('/')}/"
        if urlsplit(url).scheme == "file" and url.endswith("/"):
            return Finding("good", "network", f"{what} is the folder {redact(url)}")
        open_url(url, "HEAD").close()
    except BrokenOffError as error:
        cause = explain_connection(str(error))
        clause = f"{cause.what} ({error}). {cause.instead}" if cause else f"{error}. Try it again."
        return Finding("problem", "network", f"{what} cannot be reached: {clause}")
    except TorchardError as error:
        return Finding("problem", "network", f"{what} cannot be reached: {error}")
    return Finding("good", "network", f"{what} answers")


def _examine_program(name: str, words: Sequence[str]) -> Finding:
    try:
        done = programs.run(words, _LIMITS, programs.reaching_environment())
    except (OSError, programs.LimitError) as error:
        return Finding("problem", name, f"{name} cannot be started: {redact(str(error))}")
    said = (done.out or done.err).strip().partition("\n")[0]
    if done.status != 0:
        return Finding("problem", name, f"{name} does not run: {redact(said)}; install it again")
    return Finding("good", name, said)


def _examine_depot(root: Path) -> Finding:
    place = shorten_local_path(root)
    folder = next(one for one in (root, *root.parents) if one.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        text = f"the depot {place} cannot be written; set TORCHARD_DEPOT to another folder"
        return Finding("problem", "depot", text)
    free = shutil.disk_usage(folder).free
    if free < _LITTLE:
        text = (
            f"only {size(free)} are free for the depot {place}, and PyTorch for two classes of Macs"
            " may need more; free some space, or set TORCHARD_DEPOT to a folder on another disk"
        )
        return Finding("warning", "depot", text)
    return Finding("good", "depot", f"{place}, {size(free)} free")


def _examine_certificates() -> Iterator[Finding]:
    for name in _CERTIFICATES:
        value = os.environ.get(name)
        if not value:
            continue
        if os.access(value, os.R_OK):
            yield Finding("good", "certificate", f"{name} is {value}")
        else:
            text = f"{name} names {value}, which cannot be read; correct it, or unset it"
            yield Finding("problem", "certificate", text)


def _list_urls(macs: Iterable[MacHost], catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield a URL that each source of artefacts has, and the source in words."""
    for mac in macs:
        for channel in mac.channels:
            url = form_channel_url(channel, mac.mirrors)
            yield f"{url}/noarch/repodata.json", f"the channel {redact(channel)}"
        yield mac.mirrors.wheels or "", _INDEX
        arch, macos = mac.arch or "arm64", mac.macos or "15.0"
        installer = choose_installer(arch, macos, mac.miniconda, catalogue)
        if isinstance(installer, Installer):
            yield form_installer_url(installer, mac.mirrors), f"the installer {installer.file}"
