"""Build the lab's objects: each Mac with the settings that it inherits. The nearest setting wins.

The layers, the farthest first: the settings of all Macs, the Mac's groups in their order, the Mac
itself, and `--data` on the command line. The settings of all Macs are those of `defaults:`, of the
lab file's top level and of group_data/all.py together: the same key in two of them is an error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from torchard.lab.model import COMPANIONS, SHELLS, Environment, Lab, MacHost
from torchard.lab.settings import lab_wide_keys, merged_keys, setting_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from torchard.lab.model import Position
    from torchard.lab.yaml_source import Source

_PATHS = ("key", "known_hosts", "config")


def inherit_settings(
    mac: Mapping[str, Any],
    lab: Mapping[str, Any],
    group_data: Mapping[str, Any],
    overrides: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a Mac's settings, merged from all layers. `lab` is the data of the whole file.

    Groups that do not exist are skipped.
    """
    top = {key: lab[key] for key in lab_wide_keys() if key in lab}
    groups = lab.get("groups") or {}
    own = [groups.get(name) or {} for name in mac.get("groups") or ()]
    shared = lab.get("defaults") or {}
    return merge_settings([group_data, top, shared, *own, mac, overrides])


def merge_settings(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge layers of settings, the farthest first: mappings merge by key, all else replaces."""
    result: dict[str, Any] = {key: {} for key in merged_keys()}
    for layer in layers:
        for key in layer.keys() & setting_keys():
            if key not in merged_keys():
                result[key] = layer[key]
                continue
            near = layer[key] or {}
            far = {name: value for name, value in result[key].items() if name not in near}
            # Version and installer exclude each other: the nearer choice ends the farther one.
            if key == "miniconda" and "version" in near:
                far.pop("installer", None)
            if key == "miniconda" and "installer" in near:
                far.pop("version", None)
            result[key] = {**far, **near}
    return result


def build_lab(path: Path, source: Source, group_data: Source, overrides: Source) -> Lab:
    """Build a lab from sources without problems. `path` is absolute."""
    groups = source.data.get("groups", {})
    described = source.data.get("environments", {})
    kernels = {name for name, data in described.items() if data.get("kernel")}
    macs = {}
    for name, mac in source.data["macs"].items():
        settings = inherit_settings(mac or {}, source.data, group_data.data, overrides.data)
        built = _build_mac(name, mac or {}, settings, path.parent)
        macs[name] = replace(
            built,
            has_kernels=not kernels.isdisjoint(built.environments),
            where=source.where(("macs", name), key=True),
        )
    members: dict[str, list[str]] = {group: [] for group in groups}
    for name, mac in macs.items():
        for group in mac.groups:
            members[group].append(name)
    positions: dict[str, dict[str, Position]] = {}
    for place, spot in source.spots.items():
        if place[:1] == ("environments",) and len(place) > 2:
            inner = "/".join(str(key) for key in place[2:])
            positions.setdefault(str(place[1]), {})[inner] = spot.value
    environments = {
        name: replace(
            _build_environment(name, data),
            where=source.where(("environments", name), key=True),
            item_positions=positions.get(name, {}),
        )
        for name, data in described.items()
    }
    names = {group: tuple(names) for group, names in members.items()}
    return Lab(path=path, environments=environments, groups=names, macs=macs)


def _build_environment(name: str, data: Mapping[str, Any]) -> Environment:
    pytorch: Any = data.get("pytorch", {})
    if pytorch is False:
        request = None
    else:
        companions = pytorch.get("with")
        request = {
            **pytorch,
            "python": data["python"],
            # In one order, however the file lists them: a lock depends on it.
            "companions": companions and [one for one in COMPANIONS if one in companions],
        }
    kernel = data.get("kernel") or None
    found = {**data, "name": name, "pytorch": request, "kernel": name if kernel is True else kernel}
    return msgspec.convert(found, Environment)


def _build_mac(
    name: str, mac: Mapping[str, Any], settings: Mapping[str, Any], folder: Path
) -> MacHost:
    ssh = {
        key: _absolute_path(value, folder) if key in _PATHS else value
        for key, value in settings["ssh"].items()
    }
    if "port" in ssh:
        ssh["port"] = int(ssh["port"])  # JSON Schema accepts 22.0 as a whole number
    timeouts = {key: int(seconds) for key, seconds in settings["timeouts"].items()}
    named = settings.get("shell", [])
    shells = [named] if isinstance(named, str) else named
    way = settings.get("delivery", "push")
    data = {
        "address": None if mac.get("connection") == "local" else name,
        **mac,
        **settings,
        "name": name,
        "ssh": ssh,
        "timeouts": timeouts,
        "delivery": {"way": way} if isinstance(way, str) else {"way": "url", **way},
        "shells": [one for one in SHELLS if one in shells],
    }
    return msgspec.convert(data, MacHost)


def _absolute_path(path: str, folder: Path) -> str:
    return path if path.startswith("~/") else str(folder / path)
