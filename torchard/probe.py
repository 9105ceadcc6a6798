"""The probe: one POSIX sh script that reads a Mac, and the reading of what it answers. Pure."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.mac import (
    InstalledConda,
    InstalledDist,
    InstalledEnvironment,
    Link,
    MacState,
    RunLock,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX_STATES = ("absent", "whole", "half", "foreign")


class ProbeError(TorchardError):
    """The host's answer is no state of a Mac: cut short, or not a Mac at all."""


@lru_cache(maxsize=1)
def _body() -> str:
    return resources.files("torchard").joinpath("probe.sh").read_text(encoding="utf-8")


def script(prefix: str) -> str:
    """Return the shell script that reads a Mac's state; `prefix` may begin with `~/`."""
    return f"PREFIX={shlex.quote(prefix)}\n{_body()}"


def parse(lines: Iterable[str]) -> MacState:
    """Read the probe's answer. Raise ProbeError when it is cut short or not from a Mac."""
    reader = _Reader()
    for line in lines:
        reader.take(line)
    return reader.state()


class _Reader:
    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self.environments: dict[str, InstalledEnvironment] = {}
        self.links: dict[str, Link] = {}
        self.depot: dict[str, int] = {}
        self.lock: RunLock | None = None
        self.shell_block = False
        self.current: str | None = None

    def take(self, line: str) -> None:
        kind, _, rest = line.rstrip("\r").partition("\t")
        handler = getattr(self, f"_take_{kind}", None)
        if handler is not None:
            handler(rest.split("\t"))
        elif rest or kind in _SCALARS:
            self.facts[kind] = rest

    def _change(self, **fields: Any) -> None:
        if self.current is not None:
            environment = self.environments[self.current]
            self.environments[self.current] = replace(environment, **fields)

    def _take_environment(self, fields: list[str]) -> None:
        self.current = _text(fields[0])
        self.environments[self.current] = InstalledEnvironment(self.current, whole=False)

    def _take_whole(self, _fields: list[str]) -> None:
        self._change(whole=True)

    def _take_damaged(self, _fields: list[str]) -> None:
        self._change(damaged=True)

    def _take_conda(self, fields: list[str]) -> None:
        if self.current is not None and len(fields) == 4:
            name, version, build, sha256 = fields
            package = InstalledConda(name, version, build, sha256 or None)
            self._change(conda=(*self.environments[self.current].conda, package))

    def _take_dist(self, fields: list[str]) -> None:
        name, _, version = fields[0].rpartition("-")
        if self.current is not None and name:
            dist = InstalledDist(name, version)
            self._change(dists=(*self.environments[self.current].dists, dist))

    def _take_stamp(self, fields: list[str]) -> None:
        self._change(stamp=_json(fields[0]))

    def _take_link(self, fields: list[str]) -> None:
        if len(fields) == 2:
            name = _text(fields[0])
            target = None if fields[1] == "-" else _text(fields[1])
            self.links[name] = Link(name, target)

    def _take_depot(self, fields: list[str]) -> None:
        if len(fields) == 2 and fields[1].isdigit():
            self.depot[fields[0]] = int(fields[1])

    def _take_lock(self, fields: list[str]) -> None:
        owner = fields[0].split(" ", 2)
        token, since, who = (*owner, "", "", "")[:3]
        seconds = int(since) if since.isdigit() else 0
        self.lock = RunLock(token, who or "somebody", seconds, busy=fields[-1] == "1")

    def _take_shell_block(self, _fields: list[str]) -> None:
        self.shell_block = True

    def state(self) -> MacState:
        facts = self.facts
        if facts.get("end") != "ok":
            msg = "its answer was cut short"
            raise ProbeError(msg, "Run the command again; if it stays so, look at its ssh log.")
        if facts.get("kernel") != "Darwin":
            msg = f"it runs {facts.get('kernel') or 'an unknown system'}, not macOS"
            raise ProbeError(msg, "Torchard provisions Macs only; remove it from the lab file.")
        if facts.get("prefix_state") not in PREFIX_STATES or not facts.get("macos"):
            msg = "its answer lacks the macOS version or the state of the prefix"
            raise ProbeError(msg, "Run `sw_vers` on it: it must print a ProductVersion.")
        return MacState(
            arch="arm64" if facts.get("arm64") == "1" else facts.get("machine", ""),
            translated=facts.get("translated") == "1",
            macos=facts["macos"],
            home=_text(facts.get("home", "")),
            user=_text(facts.get("user", "")),
            free=_number(facts, "free") * 1024,
            prefix=_text(facts.get("prefix", "")),
            prefix_state=facts["prefix_state"],  # type: ignore[arg-type]  # checked above
            prefix_arch=_ARCHES.get(facts.get("prefix_subdir", "")),
            prefix_ours=_json(facts["prefix_mark"]) if "prefix_mark" in facts else None,
            conda_version=facts.get("conda_version"),
            links=self.links,
            environments=self.environments,
            depot=self.depot,
            lock=self.lock,
            clock=_number(facts, "clock"),
            shell_block=self.shell_block,
        )


_SCALARS = frozenset({"arm64", "translated", "macos"})
_ARCHES = {"osx-arm64": "arm64", "osx-64": "x86_64"}


def _text(hexadecimal: str) -> str:
    try:
        return bytes.fromhex(hexadecimal).decode("utf-8", "surrogateescape")
    except ValueError:
        return ""


def _number(facts: Mapping[str, str], key: str) -> int:
    value = facts.get(key, "")
    return int(value) if value.isdigit() else 0


def _json(text: str) -> Mapping[str, Any]:
    """Read a stamp; one that somebody broke counts as a stamp that says nothing."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
