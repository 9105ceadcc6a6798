"""What a simulated Mac is, read from a spec file or made up from a number."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from simlab.faults import Fault, is_fault, list_faults
from simlab.sshd import read_sshd

if TYPE_CHECKING:
    from pathlib import Path

ARCHES = ("arm64", "x86_64")
SHELLS = ("sh", "bash", "zsh", "tcsh", "fish")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MACOS = re.compile(r"[1-9][0-9]?(?:\.[0-9]{1,2}){1,2}")
_HOME = re.compile(r"(?!\.|(bin|gnu|tmp|private|sbin|usr)$)[^/:\x00-\x1f]{1,60}")
_UUID = re.compile(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_FILE = re.compile(r"[A-Za-z0-9_.-]{0,80}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=[^\x00-\x1f]*")
_NETWORK = re.compile(r"|(?:nfs|smbfs|afpfs) [A-Za-z0-9@:/._-]{1,120}")


class SpecError(ValueError):
    """A spec that describes no lab; `str()` is a sentence for a person."""


@dataclass(frozen=True)
class MacSpec:
    """One simulated Mac.

    `rosetta` puts its shell under Rosetta; `mps` is True, False, or "lies": MPS calls itself
    available and its operations fail, as they do on a `virtual` Mac, a virtual machine. `fault` is
    what goes wrong: see `simlab.faults`.

    `shell` is the account's login shell, this machine's own one of that name, and reads what
    startup files lie in the home; whatever it prints of them comes before a command's output, and
    breaks SFTP. `banner` is shown before anybody has logged in. `home` is the name of the
    home's folder. `clock` is how many seconds `date` is ahead, or behind. `compat` sets
    SYSTEM_VERSION_COMPAT, by which macOS calls itself 10.16. `gnu` puts this machine's GNU tools
    first on the PATH, as Homebrew's can be; they know nothing of `clock` and `fault`.

    `sbin` is False for an account whose PATH lacks /usr/sbin and /sbin. `uuid` is the hardware's
    IOPlatformUUID and `boot` that of the time since the last start (kern.bootsessionuuid); both are
    made from the name where they are empty. `network_home` puts the home on a server's volume:
    a type (nfs, smbfs or afpfs), a blank, and the source, such as "smbfs //ann@server/homes".
    `purgeable` is how many bytes macOS would free for an important use, which df leaves out.
    `filevault` says whether FileVault is on, `sleeps` after how many minutes it sleeps (0: never),
    and `updates` how many updates macOS has found.
    `sudo` is True for an account that needs no password for it. What root owns is a folder that the
    account may not write to.
    `unloadable` is a library that imports what macOS lacks: libtorch_cpu.dylib, or torchvision's
    image.so.
    `hard_links` is False for a home on a volume without them, as SMB and exFAT are: `ln`, what
    python links, and conda's packages.

    `variables` are what the account's login shell exports (PYTHONPATH: /old). Each command has them
    where that is sh. Any other shell has them in the startup file that only login shells read, as
    zsh's .zprofile; a command over SSH, for which zsh reads .zshenv alone, has them not.
    `sshd` is how its sshd behaves: see `simlab.sshd.Sshd`.
    """

    name: str
    arch: str
    macos: str
    rosetta: bool = False
    mps: bool | str = True
    fault: Fault = None
    shell: str = "sh"
    banner: str = ""
    home: str = "home"
    clock: int = 0
    compat: bool = False
    gnu: bool = False
    virtual: bool = False
    sbin: bool = True
    uuid: str = ""
    boot: str = ""
    network_home: str = ""
    purgeable: int = 0
    hard_links: bool = True
    unloadable: str = ""
    filevault: bool = False
    sleeps: int = 0
    updates: int = 0
    sudo: bool = False
    sshd: Mapping[str, Any] = field(default_factory=dict, hash=False)
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)  # last, as shims read

    def __post_init__(self) -> None:
        """Raise SpecError for anything that no Mac can be."""
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise SpecError(
                f"{self.name!r} is not a host name: use a to z, A to Z, 0 to 9 and hyphens."
            )
        if self.arch not in ARCHES:
            raise SpecError(f"{self.name}: arch is {self.arch!r}; write arm64 or x86_64.")
        if not isinstance(self.macos, str) or not _MACOS.fullmatch(self.macos):
            raise SpecError(
                f"{self.name}: macos is {self.macos!r}; write a version such as '15.1'."
            )
        if not isinstance(self.rosetta, bool):
            raise SpecError(f"{self.name}: rosetta is {self.rosetta!r}; write true or false.")
        if self.rosetta and self.arch != "arm64":
            raise SpecError(f"{self.name}: only an arm64 Mac has Rosetta.")
        if not isinstance(self.mps, bool) and self.mps != "lies":
            raise SpecError(f"{self.name}: mps is {self.mps!r}; write true, false or lies.")
        if not is_fault(self.fault):
            raise SpecError(f"{self.name}: fault is {self.fault!r}; write {list_faults()}.")
        self._check_account()
        self._check_machine()

    def _check_machine(self) -> None:
        for key in ("uuid", "boot"):
            found = getattr(self, key) or _uuid(f"{key} of {self.name}")
            if not isinstance(found, str) or not _UUID.fullmatch(found):
                raise SpecError(f"{self.name}: {key} is {found!r}; write a UUID in capitals.")
            object.__setattr__(self, key, found)
        if not isinstance(self.network_home, str) or not _NETWORK.fullmatch(self.network_home):
            raise SpecError(
                f"{self.name}: network_home is {self.network_home!r}; write a type and a source,"
                " such as 'smbfs //ann@server/homes'."
            )
        for key in ("sleeps", "updates"):
            found = getattr(self, key)
            if type(found) is not int or found < 0:
                raise SpecError(f"{self.name}: {key} is {found!r}; write a whole number.")
        if type(self.purgeable) is not int or self.purgeable < 0:
            raise SpecError(f"{self.name}: purgeable is {self.purgeable!r}; write bytes.")
        if not isinstance(self.variables, Mapping) or not all(
            isinstance(value, str) and _VARIABLE.fullmatch(f"{name}={value}")
            for name, value in self.variables.items()
        ):
            raise SpecError(f"{self.name}: variables is {self.variables!r}; write NAME: text.")

    def _check_account(self) -> None:
        if self.shell not in SHELLS:
            raise SpecError(
                f"{self.name}: shell is {self.shell!r}; write one of {', '.join(SHELLS)}."
            )
        if not isinstance(self.banner, str):
            raise SpecError(f"{self.name}: banner is {self.banner!r}; write a text.")
        if not isinstance(self.home, str) or not _HOME.fullmatch(self.home):
            raise SpecError(f"{self.name}: home is {self.home!r}; write the name of a folder.")
        try:
            read_sshd(self.sshd)
        except ValueError as error:
            raise SpecError(f"{self.name}: {error}") from error
        if type(self.clock) is not int:
            raise SpecError(f"{self.name}: clock is {self.clock!r}; write a number of seconds.")
        if not isinstance(self.unloadable, str) or not _FILE.fullmatch(self.unloadable):
            raise SpecError(
                f"{self.name}: unloadable is {self.unloadable!r}; write the name of a library."
            )
        for key in ("compat", "gnu", "virtual", "sbin", "hard_links", "filevault", "sudo"):
            found = getattr(self, key)
            if not isinstance(found, bool):
                raise SpecError(f"{self.name}: {key} is {found!r}; write true or false.")

    def as_dict(self) -> dict[str, Any]:
        """Return what mac.json holds: plain JSON values under the field names."""
        return asdict(self)


def _uuid(words: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"simlab: {words}")).upper()


_PATTERN = (
    ("studio", "arm64", "15.1", False),
    ("studio", "arm64", "14.7", False),
    ("studio", "arm64", "13.6", False),
    ("library", "x86_64", "12.7", False),
    ("studio", "arm64", "15.1", True),
)


def default_spec(count: int) -> tuple[MacSpec, ...]:
    """Return `count` Macs: arm64 on macOS 15, 14, 13, Intel on 12, Rosetta on 15, and again."""
    if count < 1:
        raise SpecError(f"A lab of {count} Macs is not a lab; ask for at least one.")
    numbers = {"studio": 0, "library": 0}
    macs = []
    for index in range(count):
        room, arch, macos, rosetta = _PATTERN[index % len(_PATTERN)]
        numbers[room] += 1
        macs.append(MacSpec(f"{room}-{numbers[room]:02}", arch, macos, rosetta=rosetta))
    return tuple(macs)


def read_spec(path: Path) -> tuple[MacSpec, ...]:
    """Read a spec file, YAML or JSON. Raise SpecError with a sentence that names the file."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} is neither YAML nor JSON: {error}") from error
    try:
        return parse_spec(document)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def parse_spec(document: object) -> tuple[MacSpec, ...]:
    """Make Macs of a spec's document, {macs: [{name, arch, macos, …}]}. Raise SpecError."""
    if not isinstance(document, Mapping) or not isinstance(document.get("macs"), list):
        raise SpecError("a spec is {macs: [{name, arch, macos}, …]}.")
    _known("the spec", document, ("macs",))
    if not document["macs"]:
        raise SpecError("macs is empty; describe at least one Mac.")
    macs = tuple(_mac(number, entry) for number, entry in enumerate(document["macs"], 1))
    names = [mac.name for mac in macs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SpecError(f"{', '.join(twice)} is there twice; every Mac needs a name of its own.")
    return macs


def _mac(number: int, entry: object) -> MacSpec:
    if not isinstance(entry, Mapping):
        raise SpecError(f"Mac {number} is {entry!r}; write {{name: …, arch: …, macos: …}}.")
    who = entry.get("name", f"Mac {number}")
    _known(who, entry, tuple(MacSpec.__dataclass_fields__))
    for key in ("name", "arch", "macos"):
        if key not in entry:
            raise SpecError(f"{who} has no {key}.")
    if isinstance(entry["macos"], float | int):
        raise SpecError(f"{who}: macos is a number; put quotes around it: '{entry['macos']}'.")
    return MacSpec(**entry)


def _known(who: object, mapping: Mapping[Any, Any], keys: tuple[str, ...]) -> None:
    for key in mapping:
        if key not in keys:
            raise SpecError(f"{who} has an unknown key {key!r}; known are {', '.join(keys)}.")
