"""A lab as data: the environments, groups and Macs of a checked `lab.yaml`.

Each setting of `schemas/lab.schema.json` is a field of MacHost: `build.py` fills it by its name.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # msgspec reads the types when it converts
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

Arch = Literal["arm64", "x86_64"]
Backend = Literal["auto", "mps", "cpu"]
SourceName = Literal["wheels", "conda-forge", "pytorch-channel"]
Source = Literal["auto", SourceName]
Shell = Literal["zsh", "bash"]
SHELLS: tuple[Shell, ...] = ("zsh", "bash")
COMPANIONS = ("torchvision", "torchaudio")
OWN_ROOT = "~/.torchard"  # Torchard's own directory on a Mac
USUAL_PYTHON = "3.12"  # of examples, and of questions that name none


@dataclass(frozen=True)
class Position:
    """A place in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Request:
    """What an environment asks of PyTorch.

    `python` is `MAJOR.MINOR`. `release` is `stable`, `nightly`, an exact version, or a series
    such as `2.6` for its newest release that fits. `companions` is a subset of COMPANIONS in that
    order, or None for all that the source offers.
    """

    python: str
    release: str = "stable"
    backend: Backend = "auto"
    source: Source = "auto"
    companions: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Environment:
    """One named conda environment. `pytorch` is None only where the lab says `pytorch: false`.

    `conda` holds conda match specs and `pip` PEP 508 requirements, both as written. conda sets the
    `variables` while the environment is active. `kernel` is the name that Jupyter shows; None if
    it is not a Jupyter kernel.
    """

    name: str
    python: str
    pytorch: Request | None
    conda: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    kernel: str | None = None
    where: Position = Position("", 0, 0)
    item_positions: Mapping[str, Position] = field(default_factory=dict, compare=False)
    """The position of each key and item, by path: `pip/0`, `conda`, `python`."""


@dataclass(frozen=True)
class Ssh:
    """How to reach a Mac over SSH; None leaves the choice to ssh_config or the agent.

    `fingerprint` is that of the Mac's host key; without one, Torchard looks in `known_hosts`.
    """

    user: str | None = None
    port: int | None = None
    key: str | None = None
    known_hosts: str | None = None
    config: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True)
class InstallerSource:
    """An installer that the lab file names instead of one of the catalogue's."""

    url: str
    sha256: str


@dataclass(frozen=True)
class Miniconda:
    """Which conda distribution to install and where. `version` None means the newest that fits.

    `prefix` may begin with `~/`, the home of the account on the Mac. `shared` says that all its
    accounts use it; Torchard's own files are then beside it.
    """

    distribution: str = "miniconda"
    version: str | None = None
    prefix: str = "~/miniconda3"
    installer: InstallerSource | None = None
    shared: bool = False

    @property
    def root(self) -> str:
        """Torchard's own directory on the Mac; it may begin with `~/`."""
        folder = self.prefix.rpartition("/")[0]
        return f"{folder}/.torchard" if self.shared else OWN_ROOT


@dataclass(frozen=True)
class Mirrors:
    """Mirrors to fetch from, as URLs. `conda` is keyed by the channel's name or URL.

    `wheels` and `nightly` are simple indexes, the latter of PyTorch's nightly builds. `installers`
    is a folder of conda's installers.
    """

    conda: Mapping[str, str] = field(default_factory=dict)
    wheels: str | None = None
    nightly: str | None = None
    installers: str | None = None


@dataclass(frozen=True)
class WheelIndex:
    """A further wheel index, from which some packages come and no others.

    `url` may have `{torch}` in it. If it ends in `.html`, it is one page with links to wheels.
    """

    url: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Delivery:
    """How a Mac gets its packages.

    `push`: the controller sends them over SSH. `pull`: the Mac fetches them from the addresses of
    the packages. `url`: the Mac fetches them from a bundle that a web server has at `url`.
    """

    way: Literal["push", "pull", "url"] = "push"
    url: str = ""

    @property
    def place(self) -> str:
        """Where the Mac fetches from itself, for people; empty if files are pushed to it."""
        return {"push": "", "pull": "the internet", "url": urlsplit(self.url).netloc}[self.way]


@dataclass(frozen=True)
class Transfers:
    """What the pushes to all Macs with the same values share.

    `parallel` is how many files are sent at once, `rate` megabytes a second in all, None for no
    bound.
    """

    parallel: int = 20
    rate: int | None = None


@dataclass(frozen=True)
class Keep:
    """How much stays of what Torchard can do without: its bounds.

    `logs` and `asides` are numbers of files and of Minicondas on the Mac. `uploads` are hours.
    `depot` are gigabytes on the controller.
    """

    logs: int = 100
    asides: int = 1
    uploads: int = 1
    depot: int = 100


@dataclass(frozen=True)
class Timeouts:
    """How many seconds Torchard waits for a Mac.

    `wake` is for one that does not answer, as if it slept. `login` includes jump hosts. `transfer`
    and `step` are without a sign of life, the others in all. `lease` is how long the run lock lasts
    after a step, until the run goes on.
    """

    wake: int = 0
    login: int = 60
    probe: int = 60
    transfer: int = 60
    step: int = 900
    verification: int = 600
    lease: int = 600


@dataclass(frozen=True)
class MacHost:
    """One Mac of the lab, with the settings of its groups and the defaults merged into its own.

    `arch` and `macos` are expectations; the Mac's own facts decide. `shells` is a subset of SHELLS,
    in that order, in which `conda activate` must work. `accept_license` is the owner's consent to
    the terms that an installer's `-b` accepts, `accept_anaconda_terms` to those of Anaconda's
    channels. `frozen` lets conda refuse changes to the environments. `prune` removes environments
    that Torchard built and `environments` no longer names. `delivery` is how it gets its packages.
    `transfers` bounds what is pushed, `keep` what else stays there. `has_kernels` says that one of
    the environments is to be a Jupyter kernel.
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
    indexes: Mapping[str, WheelIndex] = field(default_factory=dict)
    shells: tuple[Shell, ...] = ()
    accept_license: bool = False
    accept_anaconda_terms: bool = False
    prune: bool = False
    frozen: bool = False
    delivery: Delivery = Delivery()
    transfers: Transfers = Transfers()
    keep: Keep = Keep()
    timeouts: Timeouts = Timeouts()
    has_kernels: bool = False
    where: Position = Position("", 0, 0)


@dataclass(frozen=True)
class Lab:
    """A whole lab: every group lists its Macs, in the file's order."""

    path: Path
    environments: Mapping[str, Environment]
    groups: Mapping[str, tuple[str, ...]]
    macs: Mapping[str, MacHost]
