"""Check what a schema cannot: that names exist, that nothing is said twice or contradicts itself.

What the schema refused is not in the data any more, so that one fault is told once.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from typing import TYPE_CHECKING, Any

from torchard.lab import specs
from torchard.lab.build import settings_of
from torchard.lab.channels import is_anaconda
from torchard.lab.problem import Problem, shown
from torchard.lab.schema import nearest, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torchard.lab.specs import Fault
    from torchard.lab.yaml_source import KeyPath, Source

_EVERYBODY = ("all", "macs")
_OURS = "~/.torchard"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


class Meaning:
    """The checks of one lab. `lab` is the file's data as the schema left it."""

    def __init__(self, source: Source, lab: Mapping[str, Any]) -> None:
        self.source = source
        self.lab = lab
        self.environments: Mapping[str, Any] = lab.get("environments") or {}
        self.groups: Mapping[str, Any] = lab.get("groups") or {}
        self.macs: Mapping[str, Any] = lab.get("macs") or {}
        # A name whose description the schema refused is there all the same.
        self.names = {
            kind: tuple(_mapping(_mapping(source.data).get(kind)))
            for kind in ("environments", "groups")
        }

    def problems(self) -> Iterator[Problem]:
        """Yield every fault of the file itself."""
        yield from self._environment_names()
        for name, environment in self.environments.items():
            yield from self._packages(("environments", name), environment)
        for name, group in self.groups.items():
            yield from self._group(name)
            yield from self.settings(self.source, ("groups", name), group or {})
        for name, mac in self.macs.items():
            yield from self._mac(name, mac or {})
            yield from self.settings(self.source, ("macs", name), mac or {})
        yield from self._two_local()

    def settings(
        self, source: Source, path: KeyPath, settings: Mapping[str, Any]
    ) -> Iterator[Problem]:
        """Yield the faults of the settings of a Mac, a group or all, which stand in `source`."""
        if path[:1] != ("macs",) and "fingerprint" in (settings.get("ssh") or {}):
            where = source.where((*path, "ssh", "fingerprint"), key=True)
            sentence = "a fingerprint is one Mac's, and no two Macs have the same host key"
            yield Problem(where, sentence, "Write it on the Mac itself, as its own ssh.")
        yield from self._exist(source, (*path, "environments"), settings, "environments")
        miniconda = settings.get("miniconda") or {}
        if {"version", "installer"} <= miniconda.keys():
            where = source.where((*path, "miniconda", "version"), key=True)
            sentence = f"{place((*path, 'miniconda'))} has both a version and an installer"
            yield Problem(where, sentence, "Keep one of the two.")
        if f"{miniconda.get('prefix', '')}/".startswith(f"{_OURS}/"):
            where = source.where((*path, "miniconda", "prefix"))
            sentence = f"{_OURS} is where Torchard keeps its environments, no place for conda"
            yield Problem(where, sentence, "Write ~/miniconda3, or leave prefix out.")

    def inherited(self, defaults: Source, overrides: Source) -> Iterator[Problem]:
        """Yield the faults of what the Macs end up with, after groups and settings from outside."""
        yield from self._duplicates(defaults.data, overrides.data)
        told = set()
        for name, mac in self.macs.items():
            if settings_of(mac or {}, self.lab, defaults.data, overrides.data).get(
                "accept_anaconda_terms"
            ):
                continue
            for problem in self._terms(name, mac or {}, defaults, overrides):
                if problem not in told:
                    told.add(problem)
                    yield problem

    def _terms(
        self, name: str, mac: Mapping[str, Any], defaults: Source, overrides: Source
    ) -> Iterator[Problem]:
        """Yield each of Anaconda's channels in the list of channels that counts for a Mac."""
        layers: list[tuple[Source, KeyPath, Any]] = [
            (overrides, (), overrides.data),
            (self.source, ("macs", name), mac),
            *(
                (self.source, ("groups", group), self.groups.get(group) or {})
                for group in reversed(mac.get("groups") or ())
            ),
            (defaults, (), defaults.data),
        ]
        source, path, said = next(
            layer for layer in layers if "channels" in layer[2] or layer[0] is defaults
        )
        for index, channel in enumerate(said.get("channels") or ()):
            if channel is not None and is_anaconda(channel):
                yield Problem(
                    source.where((*path, "channels", index)),
                    f"{shown(channel)} is Anaconda's channel, whose terms nobody has accepted here",
                    "Read them (https://www.anaconda.com/legal) and write accept_anaconda_terms:"
                    " true, or write conda-forge.",
                )

    def _duplicates(
        self, defaults: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> Iterator[Problem]:
        """Yield the Macs that are reached at the address of one before them."""
        seen: dict[tuple[str, int, str], str] = {}
        for name, mac in self.macs.items():
            said = mac or {}
            if said.get("connection") == "local":
                continue
            ssh = settings_of(said, self.lab, defaults, overrides)["ssh"]
            address, port = said.get("address", name), ssh.get("port", 22)
            first = seen.setdefault((_normal(address), port, ssh.get("config", "")), name)
            if first != name:
                line = self.source.where(("macs", first, "address")).line
                sentence = f"{name} has the address of {first} on line {line}: {address}, port"
                where = self.source.where(("macs", name, "address"))
                instead = "Remove one of the two, or correct its address."
                yield Problem(where, f"{sentence} {port}", instead)

    def _environment_names(self) -> Iterator[Problem]:
        seen: dict[str, str] = {}
        for name in self.names["environments"]:
            path = ("environments", name)
            where = self.source.where(path, key=True)
            first = seen.setdefault(name.lower(), name)
            if name.lower() == "base":
                sentence = "base is conda's own environment, which Torchard leaves alone"
                yield Problem(where, sentence, "Give yours another name, such as torch.")
            elif first != name:
                line = self.source.where(("environments", first), key=True).line
                sentence = f"to a Mac's disk, {name} is the same name as {first} on line {line}"
                yield Problem(where, sentence, "Give it a name that differs in more than case.")

    def _packages(self, path: KeyPath, environment: Mapping[str, Any]) -> Iterator[Problem]:
        for key, meaning in (("conda", specs.conda_meaning), ("pip", specs.pip_meaning)):
            for index, item in enumerate(environment.get(key) or ()):
                fault: Fault | None = None if item is None else meaning(item)
                if fault is not None:
                    here = (*path, key, index)
                    sentence = f"{place(here)}: {fault[0]}"
                    yield Problem(self.source.where(here), sentence, fault[1])

    def _group(self, name: str) -> Iterator[Problem]:
        where = self.source.where(("groups", name), key=True)
        if name in _EVERYBODY:
            sentence = f"a group cannot be called {name}, which means every Mac"
            yield Problem(where, sentence, "Give it another name.")
        elif name in self.macs:
            line = self.source.where(("macs", name), key=True).line
            sentence = f"the group {name} has the name of the Mac on line {line}"
            yield Problem(where, sentence, "Give one of the two another name.")

    def _mac(self, name: str, mac: Mapping[str, Any]) -> Iterator[Problem]:
        path: KeyPath = ("macs", name)
        where = self.source.where(path, key=True)
        if name in _EVERYBODY:
            sentence = f"a Mac cannot be called {name}, which means every Mac"
            yield Problem(where, sentence, "Give it another name.")
        yield from self._exist(self.source, (*path, "groups"), mac, "groups")
        if mac.get("connection") == "local":
            for key in ("address", "ssh"):
                if key in mac:
                    sentence = f"{name} is local, so it has no {key}"
                    where = self.source.where((*path, key), key=True)
                    yield Problem(where, sentence, f"Remove {key}, or connection: local.")
            return
        address = mac.get("address", name)
        if not _is_address(address):
            key = "address" if "address" in mac else "name"
            sentence = f"the {key} {shown(address)} is no address"
            instead = "Write its address, as in address: 192.0.2.11, or a host name."
            yield Problem(self.source.where((*path, "address")), sentence, instead)

    def _exist(
        self, source: Source, path: KeyPath, around: Mapping[str, Any], kind: str
    ) -> Iterator[Problem]:
        known = self.names[kind]
        for index, name in enumerate(around.get(kind) or ()):
            if name is None or name in known:
                continue
            near = nearest(name, known)
            sentence = f"there is no {kind[:-1]} {shown(name)}"
            if near is not None:
                instead = f"Write {near}, or describe {name} under {kind}."
            else:
                instead = f"Describe {name} under {kind}, or remove it here."
            yield Problem(source.where((*path, index)), sentence, instead)

    def _two_local(self) -> Iterator[Problem]:
        local = [
            name for name, mac in self.macs.items() if (mac or {}).get("connection") == "local"
        ]
        for name in local[1:]:
            line = self.source.where(("macs", local[0], "connection"), key=True).line
            where = self.source.where(("macs", name, "connection"), key=True)
            sentence = f"{local[0]} on line {line} is this Mac already, so {name} cannot be local"
            yield Problem(where, sentence, "Remove one of the two, or give it an address.")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_address(text: str) -> bool:
    if ":" in text or re.fullmatch(r"[0-9.]+", text):
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return False
    return ":" in text or _HOST.fullmatch(text) is not None


def _normal(address: str) -> str:
    """Return an address so that two ways to write one are equal."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(address))
    return address.lower()
