"""Check what a schema cannot: that names exist and are unique, and that settings agree.

Values with a problem under the schema are already removed, so that each problem is reported once.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from typing import TYPE_CHECKING, Any

from torchard.lab import hints, specs
from torchard.lab.build import inherit_settings
from torchard.lab.channels import is_anaconda
from torchard.lab.check_form import find_nearest, format_path
from torchard.lab.model import OWN_ROOT, Miniconda
from torchard.lab.problem import Problem, quote
from torchard.lab.settings import lab_wide_keys
from torchard.lab.variables import find_variable_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.lab.model import Position
    from torchard.lab.specs import Fault
    from torchard.lab.yaml_source import KeyPath, Source

_ALL_MACS = ("all", "macs")  # groups that pyinfra has in any case
# Folders of macOS and of Homebrew, which no account but root, or another one, owns.
_SYSTEM_FOLDERS = ("/Users/Shared", "/usr/local", "/opt/homebrew", "/private/tmp")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


class LabChecks:
    """The checks of one lab. `lab` is the file's data without values that violate the schema."""

    def __init__(self, source: Source, lab: Mapping[str, Any]) -> None:
        self.source = source
        self.lab = lab
        self.environments: Mapping[str, Any] = lab.get("environments") or {}
        self.groups: Mapping[str, Any] = lab.get("groups") or {}
        self.macs: Mapping[str, Any] = lab.get("macs") or {}
        # Names whose value violates the schema exist too.
        self.names = {
            kind: tuple(_mapping(_mapping(source.data).get(kind)))
            for kind in ("environments", "groups")
        }

    def check_file(self) -> Iterator[Problem]:
        """Yield the problems of the lab file itself."""
        yield from self._check_environment_names()
        yield from self.check_settings(self.source, ("defaults",), self.lab.get("defaults") or {})
        for name, environment in self.environments.items():
            yield from self._check_packages(("environments", name), environment)
            yield from self._check_variables(("environments", name), environment)
            yield from self._check_kernel(("environments", name), environment)
        for name, group in self.groups.items():
            yield from self._check_group_name(name)
            yield from self.check_settings(self.source, ("groups", name), group or {})
        for name, mac in self.macs.items():
            yield from self._check_mac(name, mac or {})
            yield from self.check_settings(self.source, ("macs", name), mac or {})
        yield from self._check_local()

    def check_settings(
        self, source: Source, path: KeyPath, settings: Mapping[str, Any]
    ) -> Iterator[Problem]:
        """Yield the problems of the settings of a Mac, a group or all Macs."""
        if path[:1] != ("macs",) and "fingerprint" in (settings.get("ssh") or {}):
            where = source.where((*path, "ssh", "fingerprint"), key=True)
            sentence = "a fingerprint belongs to one Mac, because each has its own host key"
            yield Problem(where, sentence, "Write it under the Mac itself, in its own ssh.")
        yield from self._check_names(source, (*path, "environments"), settings, "environments")
        miniconda = settings.get("miniconda") or {}
        if {"version", "installer"} <= miniconda.keys():
            where = source.where((*path, "miniconda", "version"), key=True)
            sentence = f"{format_path((*path, 'miniconda'))} has both a version and an installer"
            yield Problem(where, sentence, "Keep one of the two.")
        if f"{miniconda.get('prefix', '')}/".startswith(f"{OWN_ROOT}/"):
            where = source.where((*path, "miniconda", "prefix"))
            sentence = f"conda cannot be in {OWN_ROOT}, where Torchard keeps its environments"
            yield Problem(where, sentence, "Write ~/miniconda3, or leave prefix out.")

    def check_shared(self, group_data: Source) -> Iterator[Problem]:
        """Yield each setting of all Macs that is in two places, of which neither is the nearer."""
        top = {key: self.lab[key] for key in lab_wide_keys() if key in self.lab}
        first: dict[str, Position] = {}
        places: tuple[tuple[Source, KeyPath, Mapping[str, Any]], ...] = (
            (self.source, (), top),
            (self.source, ("defaults",), self.lab.get("defaults") or {}),
            (group_data, (), group_data.data or {}),
        )
        for source, path, settings in places:
            for key in settings:
                where = source.where((*path, key), key=True)
                earlier = first.setdefault(key, where)
                if earlier != where:
                    sentence = f"{key} is already set for all Macs at {earlier}"
                    yield Problem(where, sentence, "Keep one of the two.")

    def check_inherited(self, group_data: Source, overrides: Source) -> Iterator[Problem]:
        """Yield the problems of the settings that Macs inherit from groups and other sources."""
        yield from self._check_addresses(group_data.data, overrides.data)
        reported = set()
        for name, mac in self.macs.items():
            layers = self._list_layers(name, mac or {}, group_data, overrides)
            merged = inherit_settings(mac or {}, self.lab, group_data.data, overrides.data)
            for problem in (
                *self._check_indexes(name, mac or {}, group_data, overrides),
                *_check_sharing(layers, merged["miniconda"]),
            ):
                if problem not in reported:
                    reported.add(problem)
                    yield problem
            if merged.get("accept_anaconda_terms"):
                continue
            for problem in self._check_terms(name, mac or {}, group_data, overrides):
                if problem not in reported:
                    reported.add(problem)
                    yield problem

    def _list_layers(
        self, name: str, mac: Mapping[str, Any], group_data: Source, overrides: Source
    ) -> list[tuple[Source, KeyPath, Any]]:
        """Return the settings that apply to a Mac and where they stand, the nearest first."""
        return [
            (overrides, (), overrides.data),
            (self.source, ("macs", name), mac),
            *(
                (self.source, ("groups", group), self.groups.get(group) or {})
                for group in reversed(mac.get("groups") or ())
            ),
            (self.source, ("defaults",), self.lab.get("defaults") or {}),
            (self.source, (), self.lab),
            (group_data, (), group_data.data),
        ]

    def _check_terms(
        self, name: str, mac: Mapping[str, Any], group_data: Source, overrides: Source
    ) -> Iterator[Problem]:
        """Yield each of Anaconda's channels in the list of channels that applies to a Mac."""
        layers = self._list_layers(name, mac, group_data, overrides)
        source, path, said = next(
            layer for layer in layers if "channels" in layer[2] or layer[0] is group_data
        )
        for index, channel in enumerate(said.get("channels") or ()):
            if channel is not None and is_anaconda(channel):
                yield Problem(
                    source.where((*path, "channels", index)),
                    f"{quote(channel)} is Anaconda's channel, and its terms are not accepted",
                    "Read them (https://www.anaconda.com/legal) and write accept_anaconda_terms:"
                    " true, or write conda-forge.",
                )

    def _check_indexes(
        self, name: str, mac: Mapping[str, Any], group_data: Source, overrides: Source
    ) -> Iterator[Problem]:
        """Yield each package of a Mac's wheel indexes that cannot come from there."""
        indexes: dict[str, tuple[Source, KeyPath, Any]] = {}
        for source, path, said in self._list_layers(name, mac, group_data, overrides):
            for key, value in (said.get("indexes") or {}).items():
                indexes.setdefault(key, (source, (*path, "indexes", key), value or {}))
        owners: dict[str, str] = {}
        for key, (source, path, value) in indexes.items():
            for place, item in enumerate(value.get("packages") or ()):
                if item is None:
                    continue
                where = source.where((*path, "packages", place))
                package = specs.normalise_name(item)
                if package in specs.TRIO:
                    sentence = f"{package} is in the index {key}"
                    yield Problem(where, sentence, "PyTorch has a source: write it under pytorch.")
                owner = owners.setdefault(package, key)
                if owner != key:
                    sentence = f"{package} is in two indexes, {owner} and {key}"
                    yield Problem(where, sentence, "A package has one index: remove it from one.")

    def _check_addresses(
        self, group_data: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> Iterator[Problem]:
        """Yield the Macs that have the address, port and account of an earlier one."""
        seen: dict[tuple[str, int, str, str], str] = {}
        for name, mac in self.macs.items():
            said = mac or {}
            if said.get("connection") == "local":
                continue
            ssh = inherit_settings(said, self.lab, group_data, overrides)["ssh"]
            address, port = said.get("address", name), ssh.get("port", 22)
            key = (_normalize_address(address), port, ssh.get("config", ""), ssh.get("user", ""))
            first = seen.setdefault(key, name)
            if first != name:
                line = self.source.where(("macs", first, "address")).line
                sentence = f"{name} has the address of {first} on line {line}: {address}, port"
                where = self.source.where(("macs", name, "address"))
                instead = "Remove one of the two, or correct its address."
                yield Problem(where, f"{sentence} {port}", instead)

    def _check_environment_names(self) -> Iterator[Problem]:
        seen: dict[str, str] = {}
        for name in self.names["environments"]:
            path = ("environments", name)
            where = self.source.where(path, key=True)
            first = seen.setdefault(name.lower(), name)
            if name.lower() == "base":
                sentence = "base is conda's own environment, which Torchard does not change"
                yield Problem(where, sentence, "Give yours another name, such as torch.")
            elif first != name:
                line = self.source.where(("environments", first), key=True).line
                sentence = f"{name} and {first} on line {line} are the same name on a Mac's disk"
                yield Problem(where, sentence, "Give it a name that differs in more than case.")

    def _check_packages(self, path: KeyPath, environment: Mapping[str, Any]) -> Iterator[Problem]:
        for key, find_fault in (("conda", specs.find_conda_fault), ("pip", specs.find_pip_fault)):
            for index, item in enumerate(environment.get(key) or ()):
                fault: Fault | None = None if item is None else find_fault(item)
                if fault is not None:
                    here = (*path, key, index)
                    sentence = f"{format_path(here)}: {fault[0]}"
                    yield Problem(self.source.where(here), sentence, fault[1])

    def _check_variables(self, path: KeyPath, environment: Mapping[str, Any]) -> Iterator[Problem]:
        for name, value in (environment.get("variables") or {}).items():
            fault = find_variable_fault(name, value, str(path[-1]))
            if fault is not None:
                where = self.source.where((*path, "variables", name), key=True)
                yield Problem(where, f"{format_path((*path, 'variables'))}: {fault[0]}", fault[1])

    def _check_kernel(self, path: KeyPath, environment: Mapping[str, Any]) -> Iterator[Problem]:
        items = [*(environment.get("conda") or ()), *(environment.get("pip") or ())]
        if environment.get("kernel") and not specs.has_kernel(filter(None, items)):
            where = self.source.where((*path, "kernel"), key=True)
            sentence = f"{format_path(path)} is to be a Jupyter kernel, and has no ipykernel"
            yield Problem(where, sentence, "Add ipykernel or jupyterlab under its pip or conda.")

    def _check_group_name(self, name: str) -> Iterator[Problem]:
        where = self.source.where(("groups", name), key=True)
        if name in _ALL_MACS:
            sentence = f"a group cannot be called {name}, which means every Mac"
            yield Problem(where, sentence, "Give it another name.")
        elif name in self.macs:
            line = self.source.where(("macs", name), key=True).line
            sentence = f"the group {name} has the name of the Mac on line {line}"
            yield Problem(where, sentence, "Give one of the two another name.")

    def _check_mac(self, name: str, mac: Mapping[str, Any]) -> Iterator[Problem]:
        path: KeyPath = ("macs", name)
        where = self.source.where(path, key=True)
        if name in _ALL_MACS:
            sentence = f"a Mac cannot be called {name}, which means every Mac"
            yield Problem(where, sentence, "Give it another name.")
        yield from self._check_names(self.source, (*path, "groups"), mac, "groups")
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
            sentence = f"the {key} {quote(address)} is not an address"
            usual = "Write the Mac's address or host name, as in address: 192.0.2.11."
            instead = hints.suggest_for_address(address) or usual
            yield Problem(self.source.where((*path, "address")), sentence, instead)

    def _check_names(
        self, source: Source, path: KeyPath, around: Mapping[str, Any], kind: str
    ) -> Iterator[Problem]:
        known = self.names[kind]
        for index, name in enumerate(around.get(kind) or ()):
            if name is None or name in known:
                continue
            near = find_nearest(name, known)
            sentence = f"there is no {kind[:-1]} {quote(name)}"
            if near is not None:
                instead = f"Write {near}, or add {name} under {kind}."
            else:
                instead = f"Add {name} under {kind}, or remove it here."
            yield Problem(source.where((*path, index)), sentence, instead)

    def _check_local(self) -> Iterator[Problem]:
        local = [
            name for name, mac in self.macs.items() if (mac or {}).get("connection") == "local"
        ]
        for name in local[1:]:
            line = self.source.where(("macs", local[0], "connection"), key=True).line
            where = self.source.where(("macs", name, "connection"), key=True)
            sentence = f"{local[0]} on line {line} is already this Mac, so {name} cannot be local"
            yield Problem(where, sentence, "Remove one of the two, or give it an address.")


def _check_sharing(
    layers: Iterable[tuple[Source, KeyPath, Any]], miniconda: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield a problem if a shared prefix is where one account cannot own its folder."""
    if not miniconda.get("shared"):
        return
    prefix = miniconda.get("prefix") or Miniconda.prefix
    folder = prefix.rpartition("/")[0]
    sentence = None
    if prefix.startswith("~/") or re.match(r"/Users/(?!Shared/)", prefix):
        sentence = f"other accounts may not enter the home that {prefix} is in"
    elif folder.count("/") < 2 or folder in _SYSTEM_FOLDERS:
        sentence = f"a shared prefix needs a folder of its own, and {prefix} is in {folder or '/'}"
    if sentence is not None:
        source, path, _ = next(
            layer for layer in layers if "shared" in _mapping(layer[2].get("miniconda"))
        )
        where = source.where((*path, "miniconda", "shared"), key=True)
        instead = "Write prefix: /opt/torchard/miniconda3, or /Users/Shared/torchard/miniconda3."
        yield Problem(where, sentence, instead)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_address(text: str) -> bool:
    if ":" in text or re.fullmatch(r"[0-9.]+", text):
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return False
    return ":" in text or _HOST.fullmatch(text) is not None


def _normalize_address(address: str) -> str:
    """Return one spelling for all spellings of an address."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(address))
    return address.lower()
