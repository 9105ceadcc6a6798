"""The state of one Mac as data, whoever read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Part = Literal["python", "history", "records"]
PrefixState = Literal["absent", "whole", "half", "foreign"]
ShellFileState = Literal["absent", "file", "tangled", "closed", "outside", "odd"]


@dataclass(frozen=True)
class InstalledConda:
    """A conda package as its conda-meta record tells it."""

    name: str
    version: str
    build: str
    sha256: str | None = None


@dataclass(frozen=True)
class InstalledDist:
    """A Python distribution as the name of its dist-info directory tells it."""

    name: str
    version: str


@dataclass(frozen=True)
class Packages:
    """What Torchard noted of an environment when it had made it."""

    conda: tuple[InstalledConda, ...] = ()
    dists: tuple[InstalledDist, ...] = ()


@dataclass(frozen=True)
class InstalledEnvironment:
    """A generation, a real environment directory that somebody made, or the base of a prefix.

    `path` is absolute. `whole` means that conda's own sign (conda-meta/history) is there; a
    generation also has a python, some record of a package, and lies where it was built: `missing`
    are its parts that are gone, and `moved_from` is the path that it was built at, if that is
    another. `damaged` says that an interrupted conda left `*.c~` records; `stamp` is our
    `.torchard.json`; `frozen` says that conda refuses to change it (CEP 22). `condarc` is the text
    of its own settings, None where it has none. `made` is what was there when it was made, None
    where nobody noted that. `own` are the files that a person made and that go over to the next
    generation (relative to it, see `mac.generations.CARRIED`), `own_large` those that are too
    large or cannot be read. `failed` is the day and the reason of the last verification, if that
    failed.
    """

    path: str
    whole: bool
    damaged: bool = False
    conda: tuple[InstalledConda, ...] = ()
    dists: tuple[InstalledDist, ...] = ()
    stamp: Mapping[str, Any] | None = None
    frozen: bool = False
    condarc: str | None = None
    made: Packages | None = None
    missing: tuple[Part, ...] = ()
    moved_from: str | None = None
    own: tuple[str, ...] = ()
    own_large: tuple[str, ...] = ()
    failed: tuple[str, str] | None = None

    @property
    def built_for(self) -> str | None:
        """The environment that its stamp names; None without a stamp that can be read."""
        return _text_of(self.stamp, "environment")

    @property
    def lock_digest(self) -> str | None:
        """The digest of the lock that its stamp names; None without a stamp that can be read."""
        return _text_of(self.stamp, "lock")

    @property
    def built_on(self) -> str | None:
        """The day in its stamp (YYYY-MM-DD, UTC); None where that is not a day."""
        day = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\b", _text_of(self.stamp, "date") or "")
        return day[0] if day else None

    @property
    def verification(self) -> Mapping[str, Any] | None:
        """What it was verified to be before it was activated; None if it never was."""
        found = (self.stamp or {}).get("verification")
        return found if isinstance(found, Mapping) else None

    @property
    def is_usable(self) -> bool:
        """Tell whether it can be activated as it is; `generation.py` checks that on the Mac."""
        verified = self.verification is not None and self.failed is None
        return self.whole and verified and not self.damaged


@dataclass(frozen=True)
class Link:
    """What stands at PREFIX/envs/NAME: `target` is None where it is a real directory or file.

    `moved` says that it leads into the generations of a home that is not there any more.
    """

    name: str
    target: str | None
    moved: bool = False


@dataclass(frozen=True)
class RunLock:
    """Who works on this Mac: `~/.torchard/lock`, times in seconds since the epoch.

    `token` tells one run from another, and is empty where nobody signed. `processes` are the
    numbers of its processes that are still there: the run's own, and that of the step it is at.
    `elsewhere` names the other Mac that the run is on, where both have this home: from here nobody
    can tell whether it has ended.
    """

    token: str
    who: str
    since: int
    processes: tuple[int, ...] = ()
    elsewhere: str | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether a process of the run is still there, or may be on another Mac."""
        return bool(self.processes) or self.elsewhere is not None


@dataclass(frozen=True)
class ShellFile:
    """A file that a shell reads when it starts, and conda's block in it: no more of it is read.

    `path` is where it really lies, behind links. `state` is `absent`, `file`, or what stands in the
    way of changing it: `tangled` (several blocks, or one without its end), `closed` (the account
    may not), `outside` (a link that leads out of the home) or `odd` (no file, or a link to none).
    `block` goes from the line that begins it to the one that ends it, without the last line break.
    """

    path: str
    state: ShellFileState = "absent"
    block: str | None = None


@dataclass(frozen=True)
class Volume:
    """Where a directory lies, as `mount` says it.

    `kind` is macOS's name of the file system, `source` what is mounted, and `inside` the path of
    the directory within it, which begins with a slash or is empty. `executes` is False where it is
    mounted `noexec`.
    """

    kind: str
    source: str
    inside: str = ""
    executes: bool = True

    @property
    def is_network(self) -> bool:
        """Tell whether other Macs may have the same directory."""
        return self.kind in {"nfs", "smbfs", "afpfs"}

    @property
    def has_hard_links(self) -> bool:
        """Tell whether a file may have two names there: not on SMB, FAT and exFAT."""
        return self.kind not in {"smbfs", "exfat", "msdos"}

    @property
    def address(self) -> str:
        """What names the directory on every Mac that has it: without the name that mounted it."""
        source = self.source.rstrip("/")
        if source.startswith("//"):
            server, slash, share = source[2:].partition("/")
            source = f"//{server.rpartition('@')[2].lower()}{slash}{share}"
        else:
            server, colon, share = source.partition(":")
            source = f"{server.lower()}:{share}" if colon else source
        return f"{source}{self.inside}"


@dataclass(frozen=True)
class CondaSetting:
    """One key of a settings file of conda that a build or a later `conda install` depends on.

    `file` is its path on the Mac. `values` are those of a list, or the one; `?` stands for a value
    that could hold a password, and `anaconda` for an address of Anaconda's. `final` says that the
    file marks the key `#!final`, so that nothing overrides it.
    """

    file: str
    key: str
    values: tuple[str, ...] = ()
    final: bool = False


@dataclass(frozen=True)
class MacState:
    """Everything the probe reads in one command. A Mac without Miniconda is a valid state.

    `prefix_state` is `absent`, `whole` (a finished conda, whoever installed it), `half` (what an
    interrupted installer leaves) or `foreign` (something that is no conda prefix); `prefix_ours`
    is the mark Torchard left in a prefix it installed. `prefix_made_for` is the path that a prefix
    was installed at and moved away from, `other_prefix` one that shows generations of ours as well.
    `environments` is keyed by absolute path; `base` is that of a whole prefix itself, and
    `last_shown` names the generations that bear a stamp by theirs, the one that an apply showed
    last first.

    `arch` is the hardware's; `translated` says that the shell runs under Rosetta, and `virtual`
    that the Mac is a virtual machine (macOS 10.15 and older do not say). `free` counts bytes on the
    volume of the home. `depot` maps the sha256 of each file in the Mac's depot to its size in
    bytes. `clock` counts seconds since the epoch, and is 0 where nobody read it. `hardware` is the
    Mac's IOPlatformUUID and `boot` its kern.bootsessionuuid; each is empty where macOS does not
    say. `home_volume` and `prefix_volume` are where the home and the prefix lie. `unmounted` are
    volumes that the prefix or our own directory needs and that are not there. `guarded` is a folder
    that macOS guards and that the prefix lies in, and whether Torchard has been let in. `room` is
    what is free once macOS has removed purgeable files, in bytes: None where nobody asked, as
    nobody does while `free` is enough, and 0 where macOS does not say. `shell_files` has
    `.zshrc` and `.bash_profile`; `bash_reads` is what bash reads where there is no .bash_profile,
    if that is there. `unwritable` are directories that the account would have to write to, and
    cannot; `noise` is the first line that its shell prints at every start, before any command.
    `conda_settings` are those of the system, the base and the account.
    """

    arch: str
    translated: bool
    macos: str
    home: str
    user: str
    free: int
    prefix: str
    prefix_state: PrefixState
    prefix_arch: str | None = None
    prefix_ours: Mapping[str, Any] | None = None
    prefix_made_for: str | None = None
    other_prefix: str | None = None
    conda_version: str | None = None
    links: Mapping[str, Link] = field(default_factory=dict)
    environments: Mapping[str, InstalledEnvironment] = field(default_factory=dict)
    base: InstalledEnvironment | None = None
    last_shown: tuple[str, ...] = ()
    depot: Mapping[str, int] = field(default_factory=dict)
    lock: RunLock | None = None
    clock: int = 0
    hardware: str = ""
    boot: str = ""
    home_volume: Volume | None = None
    prefix_volume: Volume | None = None
    unmounted: tuple[str, ...] = ()
    guarded: tuple[str, bool] | None = None
    room: int | None = None
    shell_files: Mapping[str, ShellFile] = field(default_factory=dict)
    bash_reads: str | None = None
    unwritable: tuple[str, ...] = ()
    noise: str = ""
    virtual: bool = False
    conda_settings: tuple[CondaSetting, ...] = ()

    @property
    def subdir(self) -> str:
        """What conda calls the platform of this Mac."""
        return "osx-arm64" if self.arch == "arm64" else "osx-64"

    @property
    def installer_sha256(self) -> str | None:
        """The sha256 of the installer that Torchard made the prefix with, None for a person's."""
        return _text_of(self.prefix_ours, "sha256")

    @property
    def is_prefix_moved(self) -> bool:
        """Tell whether a Miniconda of ours has moved since it was installed: conda cannot run."""
        moved = self.prefix_state == "whole" and self.prefix_made_for is not None
        return moved and self.installer_sha256 is not None


def _text_of(values: Mapping[str, Any] | None, key: str) -> str | None:
    value = (values or {}).get(key)
    return value if isinstance(value, str) else None
