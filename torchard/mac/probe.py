"""The probe: one POSIX sh script that reads a Mac's state, and the parser of its answer. Pure.

Each line of an answer is a kind and its values, with tabs between them. A new fact is one line of
a script in this folder, one field of `MacState`, and its place in `_Reader`.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from torchard.errors import TorchardError
from torchard.mac.fields import LONGEST_FACT, LONGEST_NAME
from torchard.mac.fields import decode_text as _text
from torchard.mac.fields import read_failure as _failure
from torchard.mac.fields import read_number as _number
from torchard.mac.fields import read_object as _json
from torchard.mac.fields import read_time as _time
from torchard.mac.generations import locate_generations
from torchard.mac.paths import assign_root, shorten_mac_path
from torchard.mac.sharing import read_sharing
from torchard.mac.state import (
    CondaSetting,
    InstalledConda,
    InstalledDist,
    InstalledEnvironment,
    KeptFolders,
    KernelFile,
    Link,
    MacState,
    Packages,
    Part,
    PrefixState,
    RunLock,
    ShellFile,
    ShellFileState,
    VariableOwner,
)
from torchard.mac.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


# conda knows its block in a shell's file by these two lines (conda/core/initialize.py).
BLOCK_BEGIN = "# >>> conda initialize >>>"
BLOCK_END = "# <<< conda initialize <<<"
_PROBE = (
    *("tools.sh", "packages.sh", "prefix.sh", "places.sh", "environments.sh"),
    *("conda_settings.sh", "shell_files.sh", "kernels.sh", "sharing.sh", "probe.sh"),
)


class ProbeError(TorchardError):
    """The answer is cut short, or lacks what every Mac has."""


class UnfitError(ProbeError):
    """The answer is complete, and Torchard does not work on this host."""


class NotAMacError(UnfitError):
    """The host runs another system than macOS."""


class MissingToolError(UnfitError):
    """The Mac lacks a tool of macOS, so its answer is not reliable."""


@lru_cache(maxsize=16)
def read_part(name: str) -> str:
    """Return a shell file of this folder; scripts that change a Mac use some of them too."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def build_script(prefix: str, root: str = "~/.torchard", *, has_kernels: bool = False) -> str:
    """Return the shell script that reads a Mac's state; the paths may begin with `~/`.

    `has_kernels` says that the lab wants Jupyter kernels there.
    """
    values = {
        "PREFIX": prefix,
        "KERNELS": "yes" if has_kernels else "",
        "BLOCK_BEGIN": BLOCK_BEGIN,
        "BLOCK_END": BLOCK_END,
    }
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in values.items()]
    return "".join([*lines, assign_root(root), *map(read_part, _PROBE)])


def build_room_script() -> str:
    """Return the shell script that asks how much disk macOS can free; it writes nothing."""
    question = shlex.quote(read_part("room.js"))
    return f"SCRIPT={question}\n{read_part('tools.sh')}{read_part('room.sh')}"


def parse_room(lines: Iterable[str]) -> int:
    """Return the bytes that macOS can free by removing purgeable files; 0 if it does not say."""
    return max(map(_number, lines), default=0)


def parse(lines: Iterable[str]) -> MacState:
    """Parse the probe's answer. Raise ProbeError if it is cut short or not from a Mac.

    Lines before the answer, such as a banner, and lines of an unknown kind are skipped.
    """
    reader = None
    printed_at_start = ""
    for line in lines:
        kind, *fields = line.rstrip("\r\n").split("\t")
        if (kind, fields) == ("begin", []):
            reader = _Reader(printed_at_start)
        elif reader is None:
            printed_at_start = printed_at_start or line.strip()
        elif (kind, fields) == ("end", ["ok"]):
            return reader.build_state()
        else:
            reader.add(kind, fields)
    raise ProbeError(
        "its answer was cut short",
        "Run the command again; if that does not help, see its ssh log.",
    )


@dataclass
class _Environment:
    """An environment, as far as its lines are parsed."""

    path: str
    whole: bool = False
    damaged: bool = False
    conda: list[InstalledConda] = field(default_factory=list)
    dists: list[InstalledDist] = field(default_factory=list)
    stamp: Mapping[str, Any] | None = None
    condarc: list[str] | None = None
    made: Literal["same", "other"] | None = None
    made_conda: list[InstalledConda] = field(default_factory=list)
    made_dists: list[InstalledDist] = field(default_factory=list)
    frozen: bool = False
    missing: list[Part] = field(default_factory=list)
    same_place: bool = False
    failed: Mapping[str, Any] | None = None
    variables: dict[str, VariableOwner] = field(default_factory=dict)

    def add(self, kind: str, fields: list[str]) -> None:
        match kind, fields:
            case (("whole" | "damaged" | "frozen" | "same_place"), _):
                setattr(self, kind, True)
            case "lacks", [part] if part in get_args(Part):
                self.missing.append(cast("Part", part))
            case (("conda" | "made_conda"), [name, version, build, sha256]):
                packages = self.conda if kind == "conda" else self.made_conda
                kept = [one[:LONGEST_NAME] for one in (name, version, build, sha256)]
                packages.append(InstalledConda(kept[0], kept[1], kept[2], kept[3] or None))
            case (("dist" | "made_dist"), [stem]):
                name, _, version = stem[:LONGEST_NAME].rpartition("-")
                dists = self.dists if kind == "dist" else self.made_dists
                dists.append(InstalledDist(name, version))
            case (("stamp" | "failed"), [text]):
                setattr(self, kind, _json(text))
            case "condarc", [""]:
                self.condarc = []
            case "condarc", [line] if self.condarc is not None:
                self.condarc.append(_text(line))
            case "made", [("same" | "other") as which]:
                self.made = which
            case "variable", [name, owner] if owner in get_args(VariableOwner):
                self.variables[name[:LONGEST_NAME]] = cast("VariableOwner", owner)

    def build(self) -> InstalledEnvironment:
        found = Packages(tuple(self.conda), tuple(self.dists))
        other = Packages(tuple(self.made_conda), tuple(self.made_dists))
        built = (self.stamp or {}).get("path", self.path)
        moved = built != self.path and not self.same_place
        return InstalledEnvironment(
            self.path,
            self.whole and not moved,
            self.damaged,
            found.conda,
            found.dists,
            self.stamp,
            self.frozen,
            None if self.condarc is None else "".join(f"{line}\n" for line in self.condarc),
            {None: None, "same": found, "other": other}[self.made],
            tuple(self.missing),
            str(built) if moved else None,
            failed=None if self.failed is None else _failure(self.failed),
            variables=self.variables,
        )


_PARTS = {
    "whole",
    "damaged",
    "frozen",
    "lacks",
    "same_place",
    "failed",
    "conda",
    "dist",
    "stamp",
    "condarc",
    "made",
    "made_conda",
    "made_dist",
    "variable",
}


class _Reader:
    def __init__(self, printed_at_start: str) -> None:
        self.printed_at_start = printed_at_start
        self.facts: dict[str, str] = {}
        self.environments: list[_Environment] = []
        self.base: _Environment | None = None
        self.current: _Environment | None = None
        self.links: dict[str, Link] = {}
        self.depot: dict[str, int] = {}
        self.kept: tuple[int, int, int] | None = None
        self.lock: RunLock | None = None
        self.shell_files: dict[str, ShellFile] = {}
        self.kernels: dict[str, KernelFile] = {}
        self.activated: list[str] = []
        self.leftovers: list[str] = []
        self.settings: dict[tuple[str, str], list[str]] = {}
        self.final: set[tuple[str, str]] = set()
        self.missing: dict[str, str] = {}
        self.volumes: dict[str, Volume] = {}
        self.unmounted: list[str] = []
        self.guarded: tuple[str, bool] | None = None
        self.sharing: list[tuple[str, list[str]]] = []

    def add(self, kind: str, fields: list[str]) -> None:
        match kind, fields:
            case (("volume_home" | "volume_prefix" | "guarded" | "unmounted"), _):
                self._add_place(kind, fields)
            case (("conda_setting" | "conda_final"), _):
                self._add_setting(kind, fields)
            case (("access" | "kernel_access" | "sharing"), _):
                self.sharing.append((kind, fields))
            case (("environment" | "base"), [path]):
                self._begin(kind, _Environment(_text(path)))
            case _ if kind in _PARTS:
                if self.current is not None:
                    self.current.add(kind, fields)
            case "link", [name, target, *moved]:
                leads = None if target == "-" else _text(target)
                self.links[_text(name)] = Link(_text(name), leads, moved == ["moved"])
            case "shown", [name]:
                self.activated.append(name)
            case "leftover", [path]:
                self.leftovers.append(_text(path))
            case _:
                self._add_fact(kind, fields)

    def _add_fact(self, kind: str, fields: list[str]) -> None:
        match kind, fields:
            case "missing", [name, path]:
                self.missing[name] = _text(path)
            case "kept", [folders, files, size]:
                self.kept = _number(folders), _number(files), _number(size)
            case "depot", [sha256, size]:
                self.depot[sha256] = _number(size)
            case "lock", [owner, busy, elsewhere, until]:
                token, since, who = (*owner.split(" ", 2), "", "", "")[:3]
                self.lock = RunLock(
                    token,
                    who or "somebody",
                    _time(since),
                    tuple(map(_number, busy.split()[:_MOST_PROCESSES])),
                    elsewhere or None,
                    _number(until) or None,
                )
            case "shell_file", [name, state, path, block] if state in get_args(ShellFileState):
                known = cast("ShellFileState", state)
                self.shell_files[name] = ShellFile(_text(path), known, _text(block) or None)
            case "kernel", [name, path, text]:
                content = None if text == "-" else _text(text)
                self.kernels[_text(name)] = KernelFile(_text(path), content)
            case _, [value]:
                self.facts[kind] = value[:LONGEST_FACT]

    def _add_place(self, kind: str, fields: list[str]) -> None:
        match kind, fields:
            case (("volume_home" | "volume_prefix"), [type_, runs, source, inside]):
                self.volumes[kind] = Volume(
                    type_, _text(source), _text(inside), runs != "noexec", runs != "noowners"
                )
            case "guarded", [folder, access]:
                self.guarded = (_text(folder), access == "open")
            case "unmounted", [volume]:
                self.unmounted.append(_text(volume))

    def _add_setting(self, kind: str, fields: list[str]) -> None:
        match kind, fields:
            case "conda_setting", [file, key, value]:
                self.settings.setdefault((_text(file), key), []).append(value)
            case "conda_final", [file, key]:
                self.settings.setdefault((_text(file), key), [])
                self.final.add((_text(file), key))

    def _begin(self, kind: str, environment: _Environment) -> None:
        self.current = environment
        if kind == "base":
            self.base = environment
        else:
            self.environments.append(environment)

    def build_state(self) -> MacState:
        facts = self.facts
        if "uname" not in self.missing and facts.get("kernel") != "Darwin":
            raise NotAMacError(
                f"it runs {facts.get('kernel') or 'an unknown system'}, not macOS",
                "Torchard provisions only Macs, from a Mac or from Linux. Name a Mac instead.",
            )
        if self.missing:
            *names, last = self.missing
            tools = f"{', '.join(names)} and {last}" if names else last
            path = self.missing[last]
            raise MissingToolError(
                f"it has no {tools}: not on the account's PATH ({path or 'empty'}), and not in"
                " /usr/sbin or /sbin",
                "macOS comes with every tool that Torchard uses. Let the account's startup files,"
                " such as ~/.zshenv, keep /usr/bin:/bin:/usr/sbin:/sbin on its PATH.",
            )
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", facts.get("macos", "")):
            raise ProbeError(
                "its answer lacks the version of macOS",
                "Run `sw_vers -productVersion` on it: it must print one.",
            )
        prefix_state = facts.get("prefix_state")
        home = _text(facts.get("home", ""))
        if prefix_state not in get_args(PrefixState) or not home.startswith("/"):
            raise ProbeError(
                "its answer lacks its home, or the state of the prefix",
                "Run the command again; if that does not help, see what its shell prints at login.",
            )
        own, found = f"{home}/.torchard", _text(facts.get("root", ""))
        root = found or own
        return MacState(
            arch="arm64" if facts.get("arm64") == "1" else facts.get("machine", ""),
            translated=facts.get("translated") == "1",
            virtual=facts.get("virtual") == "1",
            macos=facts["macos"],
            home=home,
            sharing=None if root == own else read_sharing(root, self.sharing),
            user=_text(facts.get("user", "")),
            free=_number(facts.get("free", "")) * 1024,
            prefix=_text(facts.get("prefix", "")),
            prefix_state=cast("PrefixState", prefix_state),
            prefix_arch=_ARCHES.get(facts.get("prefix_subdir", "")),
            prefix_ours=_json(facts["prefix_mark"]) if "prefix_mark" in facts else None,
            prefix_made_for=_text(facts.get("prefix_made_for", "")) or None,
            other_prefix=_text(facts.get("other_prefix", "")) or None,
            conda_version=facts["conda_version"][:LONGEST_NAME]
            if "conda_version" in facts
            else None,
            links=self.links,
            environments={one.path: one.build() for one in self.environments},
            base=self.base.build() if self.base else None,
            last_activated=tuple(f"{locate_generations(root)}/{name}" for name in self.activated),
            leftovers=tuple(self.leftovers),
            links_kept="links_kept" in facts,
            depot=self.depot,
            kept=KeptFolders(shorten_mac_path(f"{root}/kept", home), *self.kept)
            if self.kept
            else None,
            lock=self.lock,
            clock=_time(facts.get("clock", "")),
            hardware=facts.get("hardware", ""),
            boot=facts.get("boot", ""),
            guarded=self.guarded,
            unmounted=tuple(dict.fromkeys(self.unmounted)),
            home_volume=self.volumes.get("volume_home"),
            prefix_volume=self.volumes.get("volume_prefix"),
            shell_files=self.shell_files,
            bash_reads=facts.get("bash_reads"),
            kernels=self.kernels,
            kernels_closed=_text(facts.get("unwritable_kernels", "")) or None,
            unwritable=tuple(
                dict.fromkeys(_text(facts[one]) for one in _UNWRITABLE if one in facts)
            ),
            world_writable=tuple(_text(facts[one]) for one in _WORLD_WRITABLE if one in facts),
            printed_at_start=self.printed_at_start,
            conda_settings=tuple(
                CondaSetting(file, key, tuple(values), (file, key) in self.final)
                for (file, key), values in self.settings.items()
            ),
        )


_WORLD_WRITABLE = ("world_writable_prefix", "world_writable_root")
_MOST_PROCESSES = 100
_UNWRITABLE = ("unwritable_prefix", "unwritable_home")
_ARCHES = {"osx-arm64": "arm64", "osx-64": "x86_64"}
