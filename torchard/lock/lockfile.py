"""The lock file: every artefact of one environment for one Mac class.

A lock is JSON with one package a line, so that its bytes are the same for the same answer and a
diff of two locks reads package by package; `schemas/lock.schema.json` describes it. It holds no
address of a package registry: a conda package is known by channel, subdir and file name, a wheel
by its file name and hash, and addresses are formed when something is fetched.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.variant import MacClass, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FORMAT = 1


class LockError(TorchardError):
    """There is no answer to what an environment asks for on a Mac class."""


class LockFileError(TorchardError):
    """A lock file that was damaged, or written by something else."""


@dataclass(frozen=True)
class CondaPackage:
    """A conda package. `size` in bytes; `provides` its Python distributions as (name, version).

    `channel` is the name or URL as the lab wrote it, never a mirror's.
    """

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    file: str
    sha256: str
    size: int
    provides: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Wheel:
    """A wheel. `name` is normalised (PEP 503); `size` in bytes."""

    name: str
    version: str
    file: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Lock:
    """One environment, solved for one Mac class.

    `inputs` is the digest of everything that the answer was asked from (wish, specs, channels,
    variant): a lock whose inputs differ from the lab's is out of date. `conda_specs` and
    `pip_specs` are what the lab itself asks for. `conda` is in topological order.
    """

    environment: str
    mac_class: MacClass
    inputs: str
    python: str
    variant: Variant | None
    conda_specs: tuple[str, ...]
    pip_specs: tuple[str, ...]
    channels: tuple[str, ...]
    conda: tuple[CondaPackage, ...]
    wheels: tuple[Wheel, ...] = field(default=())

    @property
    def size(self) -> int:
        """The bytes of all its artefacts."""
        return sum(one.size for one in self.conda) + sum(one.size for one in self.wheels)

    @property
    def digest(self) -> str:
        """What names a generation: the sha256 (64 hex) of all that a Mac is given or must prove.

        Why a variant was chosen, and what else the lab says, may change without a new build.
        """
        variant = self.variant
        built = {
            "environment": self.environment,
            "class": str(self.mac_class),
            "specs": list(self.conda_specs),
            "conda": [_conda_row(one) for one in self.conda],
            "wheels": [vars(one) for one in self.wheels],
            "torch": None if variant is None else [dict(variant.packages), variant.mps_expected],
        }
        text = json.dumps(built, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def dumps(self) -> str:
        """Return the lock's text, ending in a newline; the same lock gives the same bytes."""
        head = {
            "format": FORMAT,
            "environment": self.environment,
            "class": {"subdir": self.mac_class.subdir, "macos": self.mac_class.macos},
            "inputs": self.inputs,
            "python": self.python,
            "variant": None if self.variant is None else _variant_row(self.variant),
            "conda_specs": list(self.conda_specs),
            "pip_specs": list(self.pip_specs),
            "channels": list(self.channels),
        }
        lines = [f"  {_json(key)}: {_json(value)}" for key, value in head.items()]
        lines.append(_rows("conda", [_conda_row(one) for one in self.conda]))
        lines.append(_rows("wheels", [dict(vars(one)) for one in self.wheels]))
        return "{\n" + ",\n".join(lines) + "\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _rows(key: str, rows: Iterable[object]) -> str:
    lines = ",\n".join(f"    {_json(row)}" for row in rows)
    return f'  "{key}": [\n{lines}\n  ]' if lines else f'  "{key}": []'


def _conda_row(package: CondaPackage) -> dict[str, Any]:
    return {**vars(package), "provides": dict(package.provides)}


def _variant_row(variant: Variant) -> dict[str, Any]:
    return {
        **vars(variant),
        "packages": dict(variant.packages),
        "constraints": list(variant.constraints),
        "notes": list(variant.notes),
    }


def lock_path(lab: Path, environment: str, mac_class: MacClass) -> Path:
    """Return where the lock of an environment is kept: in `locks`, beside its lab file."""
    return lab.parent / "locks" / f"{environment}.{mac_class}.json"


# Every value here reaches a path, a URL or a shell, so each has a shape that means only itself.
_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_VERSION = r"[A-Za-z0-9_][A-Za-z0-9._!+-]*"
_SHAPES = {
    "environment": r"[A-Za-z0-9][A-Za-z0-9._-]*",
    "subdir": r"osx-arm64|osx-64|noarch",
    "macos": r"[0-9]{1,3}\.[0-9]{1,3}",
    "inputs": r"[0-9a-f]{64}",
    "python": r"[0-9]\.[0-9]{1,3}",
    "name": _NAME,
    "version": _VERSION,
    "build": _VERSION,
    "sha256": r"[0-9a-f]{64}",
    "conda file": rf"{_VERSION}\.(?:conda|tar\.bz2)",
    "wheel file": rf"{_VERSION}\.whl",
    "channel": r"[A-Za-z0-9_][A-Za-z0-9._/-]*|(?:https?|file)://[A-Za-z0-9._~:/@%+\[\]-]+",
    "text": r"[^\x00-\x1f\x7f]*",
}


def loads(text: str, path: str) -> Lock:
    """Read a lock's text; `path` is for messages. Raise LockFileError where it is no lock."""
    try:
        return _lock(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise LockFileError(
            f"{path}: this is no lock file of this version of Torchard: {what}.",
            "Restore it, or remove it: `torchard lock` then solves it anew.",
        ) from error


def _lock(data: Mapping[str, Any]) -> Lock:
    if data["format"] != FORMAT:
        raise ValueError(f"its format is {data['format']!r}, not {FORMAT}")
    group = data["class"]
    lock = Lock(
        environment=_shaped("environment", data["environment"]),
        mac_class=MacClass(_shaped("subdir", group["subdir"]), _shaped("macos", group["macos"])),
        inputs=_shaped("inputs", data["inputs"]),
        python=_shaped("python", data["python"]),
        variant=None if data["variant"] is None else _variant(data["variant"]),
        conda_specs=_texts(data["conda_specs"]),
        pip_specs=_texts(data["pip_specs"]),
        channels=tuple(_shaped("channel", one) for one in data["channels"]),
        conda=tuple(_conda(row) for row in data["conda"]),
        wheels=tuple(_wheel(row) for row in data["wheels"]),
    )
    _unique("conda package", [one.name for one in lock.conda])
    _unique("wheel", [one.name for one in lock.wheels])
    strange = {one.channel for one in lock.conda} - set(lock.channels)
    if strange:
        raise ValueError(f"{', '.join(sorted(strange))} is none of its channels")
    return lock


def _conda(row: Mapping[str, Any]) -> CondaPackage:
    provides = ((_shaped("name", k), _shaped("version", v)) for k, v in row["provides"].items())
    return CondaPackage(
        name=_shaped("name", row["name"]),
        version=_shaped("version", row["version"]),
        build=_shaped("build", row["build"]),
        channel=_shaped("channel", row["channel"]),
        subdir=_shaped("subdir", row["subdir"]),
        file=_shaped("conda file", row["file"]),
        sha256=_shaped("sha256", row["sha256"]),
        size=_count(row["size"]),
        provides=tuple(provides),
    )


def _wheel(row: Mapping[str, Any]) -> Wheel:
    return Wheel(
        name=_shaped("name", row["name"]),
        version=_shaped("version", row["version"]),
        file=_shaped("wheel file", row["file"]),
        sha256=_shaped("sha256", row["sha256"]),
        size=_count(row["size"]),
    )


def _variant(row: Mapping[str, Any]) -> Variant:
    if not isinstance(row["mps_expected"], bool):
        raise TypeError("mps_expected is neither true nor false")
    return Variant(
        source=_shaped("name", row["source"]),
        packages={
            _shaped("name", name): None if version is None else _shaped("version", version)
            for name, version in row["packages"].items()
        },
        python=_shaped("python", row["python"]),
        mps_expected=row["mps_expected"],
        reason=_shaped("text", row["reason"]),
        constraints=_texts(row["constraints"]),
        notes=_texts(row["notes"]),
    )


def _shaped(shape: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_SHAPES[shape], value, re.ASCII):
        raise ValueError(f"{json.dumps(value)[:80]} is no {shape}")
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{json.dumps(values)[:80]} is no list")
    return tuple(_shaped("text", one) for one in values)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{json.dumps(value)[:80]} is no number of bytes")
    return value


def _unique(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the {what} {', '.join(twice)} stands there twice")
