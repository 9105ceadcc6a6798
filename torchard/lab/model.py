"""A lab as data: what `lab.yaml` says, checked and with its defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Arch = Literal["arm64", "x86_64"]
Backend = Literal["auto", "mps", "cpu"]
Source = Literal["auto", "wheels", "conda-forge", "pytorch-channel"]
Shell = Literal["zsh", "bash"]
SHELLS: tuple[Shell, ...] = ("zsh", "bash")
COMPANIONS = ("torchvision", "torchaudio")


@dataclass(frozen=True)
class Position:
    """Where something stands in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Request:
    """What an environment asks of PyTorch.

    `release` is `stable`, `nightly` or an exact version; `companions` is a subset of COMPANIONS
    in that order, or None where nothing is said of them: all, as far as the source has any;
    `python` is `MAJOR.MINOR`.
    """

    python: str
    release: str = "stable"
    backend: Backend = "auto"
    source: Source = "auto"
    companions: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Environment:
    """One named conda environment. `pytorch` is None only where the lab says `pytorch: false`.

    `conda` holds conda match specs and `pip` PEP 508 requirements, both as written.
    """

    name: str
    python: str
    pytorch: Request | None
    conda: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    where: Position = Position("", 0, 0)
    item_positions: Mapping[str, Position] = field(default_factory=dict, compare=False)
    """Where each key or item of this environment stands, by path: `pip/0`, `conda`, `python`."""


@dataclass(frozen=True)
class Ssh:
    """How a Mac is reached over SSH; None leaves the choice to ssh_config or the agent.

    `fingerprint` is that of the Mac's host key; without one, the key stands in `known_hosts`.
    """

    user: str | None = None
    port: int | None = None
    key: str | None = None
    known_hosts: str | None = None
    config: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True)
class InstallerSource:
    """An installer that the lab names itself instead of the catalogue's."""

    url: str
    sha256: str


@dataclass(frozen=True)
class Miniconda:
    """Which conda distribution is wanted and where. `version` None: the newest that fits.

    `prefix` may begin with `~/`: the home of the account on the Mac.
    """

    distribution: str = "miniconda"
    version: str | None = None
    prefix: str = "~/miniconda3"
    installer: InstallerSource | None = None


@dataclass(frozen=True)
class Mirrors:
    """Other places to fetch from: URLs by conda channel, simple indexes, an installer prefix.

    `nightly` is the index of PyTorch's nightly builds.
    """

    conda: Mapping[str, str] = field(default_factory=dict)
    wheels: str | None = None
    nightly: str | None = None
    installers: str | None = None


@dataclass(frozen=True)
class MacHost:
    """One Mac of the lab with everything that its groups and the defaults give it.

    `arch` and `macos` are expectations; the Mac's own facts decide. `shells` is a subset of SHELLS
    in that order: those in which `conda activate` shall work. `accept_license` and
    `accept_anaconda_terms` say that the lab's owner accepts what an installer's `-b`, or the use of
    Anaconda's channels, takes for accepted. `frozen` closes its environments to conda. `prune` says
    that what Torchard made, and what is not among `environments` any more, is removed.
    """

    name: str
    connection: Literal["ssh", "local"] = "ssh"
    address: str | None = None
    arch: Arch | None = None
    macos: str | None = None
    groups: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    ssh: Ssh = Ssh()
    miniconda: Miniconda = Miniconda()
    channels: tuple[str, ...] = ("conda-forge",)
    mirrors: Mirrors = Mirrors()
    shells: tuple[Shell, ...] = ()
    accept_license: bool = False
    accept_anaconda_terms: bool = False
    prune: bool = False
    frozen: bool = False
    where: Position = Position("", 0, 0)


@dataclass(frozen=True)
class Lab:
    """A whole lab: every group lists its Macs, in the file's order."""

    path: Path
    environments: Mapping[str, Environment]
    groups: Mapping[str, tuple[str, ...]]
    macs: Mapping[str, MacHost]
