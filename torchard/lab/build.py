"""Who gives a Mac its settings, the nearest wins: all < lab < groups < Mac < command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchard.lab.model import (
    COMPANIONS,
    SHELLS,
    Environment,
    InstallerSource,
    Lab,
    MacHost,
    Miniconda,
    Mirrors,
    Request,
    Ssh,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from torchard.lab.model import Position, Shell
    from torchard.lab.yaml_source import Source

_MERGED = ("ssh", "miniconda", "mirrors")
# What a lab may also say for all its Macs.
_ONCE = ("accept_license", "accept_anaconda_terms", "prune")
_REPLACED = ("channels", "environments", "shell", "frozen", *_ONCE)
_PATHS = ("key", "known_hosts", "config")


def settings_of(
    mac: Mapping[str, Any],
    lab: Mapping[str, Any],
    defaults: Mapping[str, Any],
    overrides: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the settings that a Mac ends up with; `lab` is what the whole file says.

    A group that does not exist gives none.
    """
    once = {key: lab[key] for key in _ONCE if key in lab}
    groups = lab.get("groups") or {}
    own = [groups.get(name) or {} for name in mac.get("groups") or ()]
    return merged([defaults, once, *own, mac, overrides])


def merged(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge settings, the farthest first: most replace; ssh, miniconda, mirrors go by key."""
    result: dict[str, Any] = {key: {} for key in _MERGED}
    for layer in layers:
        for key in _REPLACED:
            if key in layer:
                result[key] = layer[key]
        for key in _MERGED:
            near = layer.get(key) or {}
            far = {name: value for name, value in result[key].items() if name not in near}
            # Both say which installer: the nearer choice ends the farther one.
            if "version" in near:
                far.pop("installer", None)
            if "installer" in near:
                far.pop("version", None)
            result[key] = {**far, **near}
    return result


def build(path: Path, source: Source, defaults: Source, overrides: Source) -> Lab:
    """Make a lab of sources in which no fault was found. `path` is absolute."""
    groups = source.data.get("groups", {})
    macs = {}
    for name, mac in source.data["macs"].items():
        given = settings_of(mac or {}, source.data, defaults.data, overrides.data)
        macs[name] = _mac(name, mac or {}, given, path.parent, source)
    members: dict[str, list[str]] = {group: [] for group in groups}
    for name, mac in macs.items():
        for group in mac.groups:
            members[group].append(name)
    positions: dict[str, dict[str, Position]] = {}
    for place, spot in source.spots.items():
        if place[:1] == ("environments",) and len(place) > 2:
            inner = "/".join(str(key) for key in place[2:])
            positions.setdefault(str(place[1]), {})[inner] = spot.value
    return Lab(
        path=path,
        environments={
            name: _environment(name, said, source, positions.get(name, {}))
            for name, said in source.data.get("environments", {}).items()
        },
        groups={group: tuple(names) for group, names in members.items()},
        macs=macs,
    )


def _environment(
    name: str, said: Mapping[str, Any], source: Source, positions: Mapping[str, Position]
) -> Environment:
    return Environment(
        name=name,
        python=said["python"],
        pytorch=_request(said["python"], said.get("pytorch", {})),
        conda=tuple(said.get("conda", ())),
        pip=tuple(said.get("pip", ())),
        where=source.where(("environments", name), key=True),
        item_positions=positions,
    )


def _request(python: str, said: Mapping[str, Any] | bool) -> Request | None:  # noqa: FBT001  # the file's
    if isinstance(said, bool):
        return None
    companions = said.get("with")
    return Request(
        python=python,
        release=said.get("release", "stable"),
        backend=said.get("backend", "auto"),
        source=said.get("source", "auto"),
        companions=None
        if companions is None
        else tuple(name for name in COMPANIONS if name in companions),
    )


def _mac(
    name: str, said: Mapping[str, Any], given: Mapping[str, Any], folder: Path, source: Source
) -> MacHost:
    local = said.get("connection") == "local"
    ssh: dict[str, Any] = {
        key: _absolute(value, folder) if key in _PATHS else value
        for key, value in given["ssh"].items()
    }
    if "port" in ssh:
        ssh["port"] = int(ssh["port"])  # 22.0 is a whole number to JSON Schema
    miniconda = dict(given["miniconda"])
    if "installer" in miniconda:
        miniconda["installer"] = InstallerSource(**miniconda["installer"])
    return MacHost(
        name=name,
        connection="local" if local else "ssh",
        address=None if local else said.get("address", name),
        arch=said.get("arch"),
        macos=said.get("macos"),
        groups=tuple(said.get("groups", ())),
        environments=tuple(given.get("environments", ())),
        ssh=Ssh(**ssh),
        miniconda=Miniconda(**miniconda),
        channels=tuple(given.get("channels", MacHost.channels)),
        mirrors=Mirrors(**given["mirrors"]),
        shells=_shells(given.get("shell", ())),
        accept_license=given.get("accept_license", False),
        accept_anaconda_terms=given.get("accept_anaconda_terms", False),
        prune=given.get("prune", False),
        frozen=given.get("frozen", False),
        where=source.where(("macs", name), key=True),
    )


def _shells(said: str | Sequence[str]) -> tuple[Shell, ...]:
    """Return the shells of a setting that names one, or several."""
    named = (said,) if isinstance(said, str) else said
    return tuple(shell for shell in SHELLS if shell in named)


def _absolute(path: str, folder: Path) -> str:
    return path if path.startswith("~/") else str(folder / path)
