"""The depot: everything that the simulated Macs install, as files for a plain web server.

installers/   the installers, shaped as Miniconda's and Miniforge's
conda/        channels, one folder each: conda-forge and pytorch
wheels/       stub wheels, with their METADATA beside them
simple/       the index of the wheels
nightly/      wheels/ and simple/ of the nightly builds
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from simlab import channel, installer, pip, wheels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.abc import Traversable
    from pathlib import Path

CHANNEL = "conda-forge"
_STAMP = ".stamp.json"
_SOURCES = (".py", ".sh", ".yaml")
# What decides the bytes: the Macs and their ports do not.
_PARTS = (
    "channel", "conda", "depot", "installer", "nightly", "package", "pip", "python",
    "pytorch_channel", "stubs", "wheels",
)  # fmt: skip


@dataclass(frozen=True)
class Depot:
    """A depot that is there: `installers` as (file name, sha256).

    Miniconda's are found by an arch, Miniforge's by `miniforge-ARCH`.
    """

    root: Path
    installers: Mapping[str, tuple[str, str]]

    def installer(self, arch: str) -> Path:
        """Return the installer that is found by `arch`."""
        return self.root / "installers" / self.installers[arch][0]

    @property
    def channel(self) -> Path:
        """The folder of the simulated conda-forge."""
        return self.root / "conda" / CHANNEL


def build(directory: Path) -> Depot:
    """Return the depot in `directory`, built when it is not there or simlab has changed since.

    The same sources, interpreter and pip have the same digest. One process builds at a time.
    Raise PipError where this host has no pip.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        own = pip.find()
        digest = _digest(own)
        depot = _read(directory, digest)
        if depot is None:
            depot = _build(directory, own)
            content = {"digest": digest, "installers": depot.installers}
            (directory / _STAMP).write_text(json.dumps(content, indent=1), encoding="utf-8")
        return depot


def find_digest() -> str:
    """Return the digest of what a depot is built of here. Raise PipError if there is no pip."""
    return _digest(pip.find())


def _read(directory: Path, digest: str) -> Depot | None:
    try:
        stamp = json.loads((directory / _STAMP).read_text(encoding="utf-8"))
        if stamp["digest"] != digest:
            return None
        found = {arch: (str(file), str(sha)) for arch, (file, sha) in stamp["installers"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Depot(directory, found)


def _build(directory: Path, own: pip.Pip) -> Depot:
    (directory / _STAMP).unlink(missing_ok=True)
    for part in ("installers", "conda", "wheels", "simple", "nightly"):
        shutil.rmtree(directory / part, ignore_errors=True)
    wheels.write(directory)
    channel.write(directory / "conda" / "pytorch", channel.listed("pytorch"))
    root = directory / "conda" / CHANNEL
    channel.write(root, channel.conda_forge(own))
    (directory / "installers").mkdir()
    found = {}
    for release in installer.RELEASES:
        path = installer.write(release, directory / "installers", root)
        found[release.key] = (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    return Depot(directory, found)


def _digest(own: pip.Pip) -> str:
    """Return what decides the depot's bytes: simlab's sources, the interpreter and its pip."""
    digest = hashlib.sha256(f"{sys.executable} {sys.version} {own.digest}".encode())
    for path, content in sorted(_sources(resources.files("simlab"), "").items()):
        if path.split("/")[1].partition(".")[0] in _PARTS:
            digest.update(f"\0{path}\0".encode() + content)
    return digest.hexdigest()


def _sources(folder: Traversable, path: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for one in folder.iterdir():
        if one.is_dir() and one.name != "__pycache__":
            files |= _sources(one, f"{path}/{one.name}")
        elif one.name.endswith(_SOURCES):
            files[f"{path}/{one.name}"] = one.read_bytes()
    return files
