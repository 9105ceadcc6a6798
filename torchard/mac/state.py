"""What one Mac has, as data. The probe reads it; tests write it by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torchard.json_schema import Count  # noqa: TC001  # msgspec reads the types of fields
from torchard.mac.sharing import Sharing  # noqa: TC001
from torchard.mac.volume import Volume  # noqa: TC001

Part = Literal["python", "history", "records"]
PrefixState = Literal["absent", "whole", "half", "foreign"]
VariableOwner = Literal["same", "other", "own"]
ShellFileState = Literal["absent", "file", "tangled", "closed", "outside", "odd"]


@dataclass(frozen=True)
class InstalledConda:
    """A conda package, by its record in conda-meta."""

    name: str
    version: str
    build: str
    sha256: str | None = None


@dataclass(frozen=True)
class InstalledDist:
    """A Python distribution, by the name of its dist-info directory."""

    name: str
    version: str


@dataclass(frozen=True)
class Packages:
    """What an environment had when Torchard built it, by the list that Torchard wrote then."""

    conda: tuple[InstalledConda, ...] = ()
    dists: tuple[InstalledDist, ...] = ()


@dataclass(frozen=True)
class OwnFiles:
    """Files that a person made in a generation: how many, their bytes, and the first names.

    A name that ends in a slash is a folder in which every file is the person's.
    """

    count: Count = 0
    bytes: Count = 0
    names: tuple[str, ...] = ()


NO_FILES = OwnFiles()


@dataclass(frozen=True)
class OwnReport:
    """What a person made in a generation.

    - `carried`: settings and documents, which the next generation gets.
    - `left`: what stays behind, such as programs that work only in this generation.
    - `unsaved`: what no other generation has.
    - `error`: why Torchard could not inspect it; empty if it could.
    """

    carried: OwnFiles = NO_FILES
    left: OwnFiles = NO_FILES
    unsaved: OwnFiles = NO_FILES
    error: str = ""


@dataclass(frozen=True)
class KeptFolders:
    """What a folder has of a person's, from generations that were removed.

    `place` is the folder as a person writes it, such as `~/.torchard/kept`.
    """

    place: str
    folders: Count
    files: Count
    bytes: Count


@dataclass(frozen=True)
class InstalledEnvironment:
    """A generation, an environment that a person made in PREFIX/envs, or the base of a prefix.

    - `path`: absolute.
    - `whole`: it has conda-meta/history. A generation also has a python and at least one record in
      conda-meta, and is where it was built.
    - `damaged`: an interrupted conda left `*.c~` records.
    - `conda`, `dists`: what is installed.
    - `stamp`: the JSON of a generation's `.torchard.json`; empty if it cannot be read, None if it
      does not exist.
    - `frozen`: conda refuses to change it (CEP 22).
    - `condarc`: the text of its own settings; None if it has none.
    - `made`: what was installed when Torchard built it; None if there is no list of that.
    - `missing`: the parts of a whole generation that it lacks.
    - `moved_from`: the path where it was built, if it has moved.
    - `own`: what a person made in it; None if the plan does not depend on that. A second command
      reads it.
    - `variables`: the variables in a generation's conda-meta/state, by name: `same` as Torchard set
      it, `other` if a person changed or unset it since, `own` if only a person set it.
    - `failed`: the day (YYYY-MM-DD, or empty) and the reason, if its last verification failed.
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
    own: OwnReport | None = None
    failed: tuple[str, str] | None = None
    variables: Mapping[str, VariableOwner] = field(default_factory=dict)

    @property
    def stamped_variables(self) -> Mapping[str, str]:
        """The variables that Torchard set, by its stamp."""
        found = (self.stamp or {}).get("variables")
        if not isinstance(found, Mapping):
            return {}
        return {name: value for name, value in found.items() if isinstance(value, str)}

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
    """What is at PREFIX/envs/NAME: a directory or a file has no `target`.

    `moved` says that the target is a generation in a former home, which does not exist any more.
    """

    name: str
    target: str | None
    moved: bool = False


@dataclass(frozen=True)
class RunLock:
    """The run that holds this Mac's run lock, `~/.torchard/lock`.

    - `token`: identifies the run; empty if the lock does not say.
    - `who`: the account and computer that started it, such as `ada@desk`.
    - `since`: when it took the lock, in seconds since the epoch.
    - `processes`: the pids of its processes that exist: of the run, and of its present step.
    - `elsewhere`: the other Mac that it runs on, if both Macs have this home. Torchard cannot see
      from here whether that run has ended.
    - `until`: when the lock ends, in seconds since the epoch, if none of its scripts works now and
      the run does not go on; None if one works, or if the lock has ended.
    - `is_ours`: whether the run is this one, or an earlier one of this controller that has ended.
    """

    token: str
    who: str
    since: int
    processes: tuple[int, ...] = ()
    elsewhere: str | None = None
    until: int | None = None
    is_ours: bool = False

    @property
    def is_busy(self) -> bool:
        """Tell whether the run goes on: it has a process, perhaps on another Mac, or a lease."""
        leased = self.until is not None and not self.is_ours
        return bool(self.processes) or self.elsewhere is not None or leased


@dataclass(frozen=True)
class ShellFile:
    """A file that a shell reads when it starts. Torchard reads only conda's block in it.

    - `path`: absolute, with links resolved.
    - `state`: `absent`, `file`, or why Torchard cannot change it: `tangled` (several blocks, or one
      without its end), `closed` (the account may not write to it), `outside` (a link that leads out
      of the home), `odd` (not a file, or a link to nothing).
    - `block`: conda's block with its first and last line, without the last line break.
    """

    path: str
    state: ShellFileState = "absent"
    block: str | None = None


@dataclass(frozen=True)
class KernelFile:
    """The kernel.json of a Jupyter kernel that is called torchard-NAME.

    `text` is its content if Torchard wrote it; None for a person's, which is not read.
    """

    path: str
    text: str | None = None


@dataclass(frozen=True)
class CondaSetting:
    """One key in a settings file of conda that a build or a later `conda install` depends on.

    - `file`: the path on the Mac.
    - `values`: the one value, or those of a list. `?` replaces a value that could contain a
      password, and `anaconda` an address of Anaconda's.
    - `final`: the file marks the key as `#!final`, so that nothing overrides it.
    """

    file: str
    key: str
    values: tuple[str, ...] = ()
    final: bool = False


@dataclass(frozen=True)
class MacState:
    """Everything that the probe reads with one command. A Mac may have no Miniconda.

    The Mac and the account:

    - `arch`: of the hardware, `arm64` or `x86_64`; `translated`: the shell runs under Rosetta.
    - `virtual`: it is a virtual machine. macOS 10.15 and older do not say so.
    - `macos`: the version, such as `15.1`.
    - `hardware`: IOPlatformUUID; `boot`: kern.bootsessionuuid. Empty if macOS does not say.
    - `home`, `user`: of the account; `sharing`: of a prefix that accounts share, else None.
    - `clock`: seconds since the epoch, 0 if it was not read.
    - `free`: bytes that df counts on the volume of `root`. `room`: bytes that would be free if
      macOS removed purgeable files; None if Torchard did not ask, because `free` is enough, and 0
      if macOS does not say.
    - `home_volume`, `prefix_volume`: the volumes of `root`, which is in the home, and the prefix.
    - `unmounted`: volumes that are not mounted, and that the prefix or `~/.torchard` is on.
    - `guarded`: the folder that macOS protects and that the prefix is in, and whether Torchard has
      access to it.
    - `kernels`: the account's Jupyter kernels called torchard-NAME, by NAME; `kernels_closed`: a
      folder in which the account may not make one.
    - `unwritable`: directories that Torchard needs and that the account may not write to.
    - `world_writable`: the prefix and `~/.torchard`, if every account may write there.
    - `printed_at_start`: the first line that the account's shell prints at every start.
    - `shell_files`: `.zshrc` and `.bash_profile`, by name; `bash_reads`: the file that bash reads
      if there is no .bash_profile, if that exists.

    Miniconda:

    - `prefix`: the absolute path where the lab wants it.
    - `prefix_state`: `absent`; `whole`, installed by Torchard or a person; `half`, left by an
      interrupted installer; `foreign`, anything else.
    - `prefix_arch`: the architecture that it was built for; `conda_version`: None if not known.
    - `prefix_ours`: the JSON of the mark that Torchard leaves in a prefix that it installs.
    - `prefix_made_for`: the path where it was installed, if it has moved since.
    - `other_prefix`: another prefix that has links to generations of this account.
    - `conda_settings`: settings of conda in the files of the system, the base and the account.

    Environments and artefacts:

    - `links`: what is in PREFIX/envs, by name. `torchard.mac.environments` explains each one.
    - `links_kept`: a run was stopped while it replaced the Miniconda, and the next run restores the
      links. `links` has them too.
    - `environments`: generations and other environments, by absolute path; `base`: that of a whole
      prefix.
    - `last_activated`: the paths of stamped generations, the one activated last first.
    - `leftovers`: what a stopped run left in `~/.torchard`, relative to that.
    - `depot`: the bytes of each file in the Mac's depot, by sha256.
    - `kept`: what `~/.torchard/kept` has; None without it.
    - `lock`: the run that holds the run lock.
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
    links_kept: bool = False
    environments: Mapping[str, InstalledEnvironment] = field(default_factory=dict)
    base: InstalledEnvironment | None = None
    last_activated: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    depot: Mapping[str, int] = field(default_factory=dict)
    kept: KeptFolders | None = None
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
    kernels: Mapping[str, KernelFile] = field(default_factory=dict)
    kernels_closed: str | None = None
    unwritable: tuple[str, ...] = ()
    world_writable: tuple[str, ...] = ()
    printed_at_start: str = ""
    virtual: bool = False
    conda_settings: tuple[CondaSetting, ...] = ()
    sharing: Sharing | None = None

    @property
    def root(self) -> str:
        """Torchard's own directory: generations, depot, logs and the run lock."""
        return self.sharing.root if self.sharing else f"{self.home}/.torchard"

    @property
    def subdir(self) -> str:
        """The platform, as conda names it."""
        return "osx-arm64" if self.arch == "arm64" else "osx-64"

    @property
    def installer_sha256(self) -> str | None:
        """The sha256 of the installer that Torchard made the prefix with, None for a person's."""
        return _text_of(self.prefix_ours, "sha256")

    @property
    def has_kept_links(self) -> bool:
        """Tell whether the links will still be there when Miniconda is installed."""
        return self.prefix_state == "whole" or self.links_kept

    @property
    def is_prefix_moved(self) -> bool:
        """Tell whether a Miniconda of ours has moved since it was installed: conda cannot run."""
        moved = self.prefix_state == "whole" and self.prefix_made_for is not None
        return moved and self.installer_sha256 is not None


def _text_of(values: Mapping[str, Any] | None, key: str) -> str | None:
    value = (values or {}).get(key)
    return value if isinstance(value, str) else None
