"""The lock file: every artefact of one environment for one Mac class.

A lock is JSON with one package a line, so that its bytes are the same for the same answer and a
diff of two locks reads package by package; `schemas/lock.schema.json` describes it. It holds no
address of a package registry: a conda package is known by channel, subdir and file name, a wheel
by its file name and hash, and addresses are formed when something is fetched.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from torchard.catalog.variant import MacClass, Variant
from torchard.errors import TorchardError
from torchard.lab.channels import condarc
from torchard.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

FORMAT = 1
MAX_BYTES = 4 << 20  # a lock of a thousand packages takes half a MiB


class LockError(TorchardError):
    """There is no answer to what an environment asks for on a Mac class."""


class LockFileError(TorchardError):
    """A lock file that was damaged, or written by something else."""


class _UnfitError(ValueError):
    """A value that no lock holds."""


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

    `inputs` is the digest of everything that the answer was asked from (request, specs, channels,
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
    def condarc(self) -> str:
        """The text of the environment's own .condarc."""
        return condarc(self.channels)

    @property
    def digest(self) -> str:
        """What names a generation: the sha256 (64 hex) of all that a Mac is given or must verify.

        Why a variant was chosen, and what else the lab says, may change without a new build.
        """
        variant = self.variant
        built = {
            "environment": self.environment,
            "class": str(self.mac_class),
            "specs": list(self.conda_specs),
            "condarc": self.condarc,
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


def read_lock(path: Path) -> Lock:
    """Read a lock file. Raise LockFileError where it cannot be read, or is no lock."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise LockFileError(f"{path}: the lock cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise LockFileError(
            f"{path}: the lock is over {MAX_BYTES >> 20} MiB, as none of Torchard's is.",
            "Restore it, or remove it: `torchard lock` then solves it anew.",
        )
    return loads(content, str(path))


def loads(text: str | bytes, path: str) -> Lock:
    """Read a lock's text; `path` is for messages. Raise LockFileError where it is no lock."""
    try:
        # json itself would take UTF-16 as well, and half characters.
        return _lock(json.loads(text.decode("utf-8") if isinstance(text, bytes) else text))
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise LockFileError(
            f"{path}: this is no lock file of this version of Torchard: {what}.",
            "Restore it, or remove it: `torchard lock` then solves it anew.",
        ) from error


def conda_package(row: object) -> CondaPackage:
    """Read one row of a lock's conda packages. Raise ValueError where a value is no good."""
    data = _object(row, _names(CondaPackage))
    if not isinstance(data["provides"], dict):
        raise _UnfitError(f"{_excerpt(data['provides'])} is no object")
    return CondaPackage(
        name=_shaped("conda_name", data["name"]),
        version=_shaped("version", data["version"]),
        build=_shaped("build", data["build"]),
        channel=_shaped("channel", data["channel"]),
        subdir=_shaped("subdir", data["subdir"]),
        file=_shaped("conda_file", data["file"]),
        sha256=_shaped("sha256", data["sha256"]),
        size=_size(data["size"]),
        provides=tuple(
            (_shaped("distribution", name), _shaped("version", version))
            for name, version in data["provides"].items()
        ),
    )


def wheel(row: object) -> Wheel:
    """Read one row of a lock's wheels. Raise ValueError where a value is no good."""
    data = _object(row, _names(Wheel))
    return Wheel(
        name=_shaped("distribution", data["name"]),
        version=_shaped("version", data["version"]),
        file=_shaped("wheel_file", data["file"]),
        sha256=_shaped("sha256", data["sha256"]),
        size=_size(data["size"]),
    )


def _lock(content: object) -> Lock:
    names = _names(Lock) - {"mac_class"} | {"class", "format"}
    if isinstance(content, dict) and _excerpt(content.get("format", FORMAT)) != str(FORMAT):
        raise _UnfitError(f"its format is {_excerpt(content['format'])}, not {FORMAT}")
    data = _object(content, names)
    group = _object(data["class"], _names(MacClass))
    lock = Lock(
        environment=_shaped("environment", data["environment"]),
        mac_class=MacClass(
            _shaped("mac_subdir", group["subdir"]), _shaped("macos", group["macos"])
        ),
        inputs=_shaped("sha256", data["inputs"]),
        python=_shaped("python", data["python"]),
        variant=None if data["variant"] is None else _variant(data["variant"]),
        conda_specs=_texts("text", data["conda_specs"]),
        pip_specs=_texts("text", data["pip_specs"]),
        channels=_texts("channel", data["channels"]),
        conda=_rows_of("conda package", data["conda"], conda_package),
        wheels=_rows_of("wheel", data["wheels"], wheel),
    )
    channels = set(lock.channels)
    for one in lock.conda:
        if one.channel not in channels:
            raise _UnfitError(f"{one.name} is from {one.channel}, which is none of its channels")
        if one.subdir not in {lock.mac_class.subdir, "noarch"}:
            raise _UnfitError(f"{one.name} is for {one.subdir}, not for {lock.mac_class.subdir}")
    if all(one.name != "python" for one in lock.conda):
        raise _UnfitError("python is none of its conda packages")
    return lock


def _variant(row: object) -> Variant:
    data = _object(row, _names(Variant))
    if not isinstance(data["packages"], dict):
        raise _UnfitError(f"{_excerpt(data['packages'])} is no object")
    if not isinstance(data["mps_expected"], bool):
        raise _UnfitError("mps_expected is neither true nor false")
    return Variant(
        source=_shaped("source", data["source"]),
        packages={
            _shaped("conda_name", name): None if version is None else _shaped("version", version)
            for name, version in data["packages"].items()
        },
        python=_shaped("python", data["python"]),
        mps_expected=data["mps_expected"],
        reason=_shaped("text", data["reason"]),
        constraints=_texts("text", data["constraints"]),
        notes=_texts("text", data["notes"]),
    )


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def _rows_of(what: str, rows: object, read: Callable[[object], N]) -> tuple[N, ...]:
    found: dict[str, N] = {}
    for place, row in enumerate(_list(rows), 1):
        try:
            one = read(row)
        except ValueError as error:
            raise _UnfitError(f"{what} {place}: {error}") from error
        if one.name in found:
            raise _UnfitError(f"the {what} {one.name} stands there twice")
        found[one.name] = one
    return tuple(found.values())


def _names(kind: type) -> set[str]:
    return {one.name for one in fields(kind)}


def _object(value: object, names: set[str]) -> dict[str, Any]:
    """Return an object that has just these keys."""
    if not isinstance(value, dict):
        raise _UnfitError(f"{_excerpt(value)} is no object")
    if value.keys() != names:
        missing, strange = sorted(names - value.keys()), sorted(value.keys() - names)
        if missing:
            raise _UnfitError(f"{', '.join(missing)} is missing")
        raise _UnfitError(f"{_excerpt(strange[0])} has no meaning")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _UnfitError(f"{_excerpt(value)} is no list")
    return value


def _texts(shape: str, values: object) -> tuple[str, ...]:
    return tuple(_shaped(shape, one) for one in _list(values))


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _UnfitError(f"{_excerpt(value)} is no number of bytes")
    return value


def _shaped(shape: str, value: object) -> str:
    """Return a text whose shape means only itself: it reaches a path, a URL or a shell."""
    pattern, title = _shapes()[shape]
    if not isinstance(value, str) or not pattern(value):
        raise _UnfitError(f"{_excerpt(value)} is no {title}")
    return value


@functools.cache
def _shapes() -> dict[str, tuple[Callable[[str], object], str]]:
    """Return the schema's patterns: jsonschema itself takes 10 ms to check a lock, this 1 ms."""
    text = resource("schemas/lock.schema.json").read_text(encoding="utf-8")
    return {
        shape: (re.compile(said["pattern"]).search, said["title"][0].lower() + said["title"][1:])
        for shape, said in json.loads(text)["$defs"].items()
        if "pattern" in said
    }


def _excerpt(value: object) -> str:
    return json.dumps(value)[:80]
