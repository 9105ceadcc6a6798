"""A lock in the formats of other tools. Pure.

- `environment`: conda's environment.yml, with exact versions and builds.
- `explicit`: conda's `@EXPLICIT` list; only conda packages can be in it.
- `requirements`: pip's file with hashes; only wheels can be in it.
- `pylock`: pylock.toml of PEP 751, https://packaging.python.org/en/latest/specifications/pylock-toml/
- `pixi`: pixi.lock in version 6, as py-rattler reads it. A lock of Torchard has no dependencies, so
  this has none, and pixi itself solves again for a manifest.

Each file names the class that it is for, and says what it cannot hold.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import yaml

from torchard.lab.model import Mirrors
from torchard.lock.addresses import form_channel_url, form_conda_url
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torchard.lock.lockfile import Lock

    Addresses = Mapping[tuple[str, str], str]

Format = Literal["environment", "explicit", "requirements", "pylock", "pixi"]
# These name the wheels by their URLs, for which the index is asked.
WITH_ADDRESSES: frozenset[Format] = frozenset({"pylock", "pixi"})
NO_ADDRESSES: Addresses = {}


def export_lock(
    lock: Lock, to: Format, addresses: Addresses = NO_ADDRESSES, nightly: str = ""
) -> str:
    """Return a lock as another tool's file, ending in a newline.

    `addresses` has the URL of each wheel by its file and sha256; only two formats need it. Logins
    in them are left out. Raise KeyError if one is missing there. `nightly` is the URL of the index
    of PyTorch's nightly builds, which pip needs for a lock that has some.
    """
    indexes = [one.index for one in lock.wheels if one.index]
    if lock.variant is not None and lock.variant.is_nightly:
        indexes.insert(0, nightly)
    options = [f"--extra-index-url {one}" for one in dict.fromkeys(indexes)]
    public = {key: redact(url) for key, url in addresses.items()}
    writers: Mapping[Format, Callable[[], str]] = {
        "environment": lambda: _write_environment(lock, options),
        "explicit": lambda: _write_explicit(lock),
        "requirements": lambda: _write_requirements(lock, options),
        "pylock": lambda: _write_pylock(lock, public),
        "pixi": lambda: _write_pixi(lock, public),
    }
    return "".join(f"# {line}\n" for line in _describe(lock, to)) + writers[to]()


def _describe(lock: Lock, to: Format) -> Iterator[str]:
    """Yield the comment at the top: what the file is for, and what it lacks."""
    yield f"{lock.environment} for {lock.mac_class}, exported from a lock of Torchard."
    if to == "explicit" and lock.wheels:
        yield f"It lacks {_count(lock.wheels, 'wheel')}: use the format requirements for them."
    if to in {"requirements", "pylock"}:
        yield f"It needs python {lock.python}, and lacks {_count(lock.conda, 'conda package')}."
        brought = sorted(name for one in lock.conda for name, _ in one.provides)
        if brought:
            yield f"Of these, python packages are: {', '.join(brought)}."
    if to == "environment" and lock.wheels:
        yield "pip resolves the wheels by version; the formats requirements and pylock have hashes."
    if to == "pixi":
        yield "It has no dependencies of packages, so pixi solves again if it has a manifest."


def _count(things: tuple[object, ...], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _write_environment(lock: Lock, options: Sequence[str]) -> str:
    packages: list[Any] = [f"{one.name}={one.version}={one.build}" for one in lock.conda]
    if lock.wheels:
        packages.append({"pip": [*options, *(f"{one.name}=={one.version}" for one in lock.wheels)]})
    return _dump(
        {
            "name": lock.environment,
            "channels": [*lock.channels, "nodefaults"],
            "platforms": [lock.mac_class.subdir],
            "dependencies": packages,
        }
    )


def _write_explicit(lock: Lock) -> str:
    lines = [f"# platform: {lock.mac_class.subdir}", "@EXPLICIT"]
    lines += [f"{form_conda_url(one, Mirrors())}#sha256:{one.sha256}" for one in lock.conda]
    return "".join(f"{line}\n" for line in lines)


def _write_requirements(lock: Lock, options: Sequence[str]) -> str:
    lines = [
        *options,
        *(f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in lock.wheels),
    ]
    return "".join(f"{line}\n" for line in lines)


def _write_pylock(lock: Lock, addresses: Addresses) -> str:
    machine = lock.mac_class.arch
    marker = f"sys_platform == 'darwin' and platform_machine == '{machine}'"
    lines = [
        'lock-version = "1.0"',
        f"environments = [{_quote(marker)}]",
        f"requires-python = {_quote(f'=={lock.python}.*')}",
        'created-by = "torchard"',
    ]
    for one in lock.wheels:
        url, name = _quote(addresses[one.file, one.sha256]), _quote(one.file)
        hashes = f'hashes = {{ sha256 = "{one.sha256}" }}'
        lines += [
            "",
            "[[packages]]",
            f"name = {_quote(one.name)}",
            f"version = {_quote(one.version)}",
            *([f"index = {_quote(one.index)}"] if one.index else []),
            f"wheels = [{{ name = {name}, url = {url}, size = {one.size}, {hashes} }}]",
        ]
    return "".join(f"{line}\n" for line in lines)


def _quote(text: str) -> str:
    """Return a text as a basic string of TOML: JSON's are the same for what a lock may hold."""
    return json.dumps(text)


def _write_pixi(lock: Lock, addresses: Addresses) -> str:
    subdir, python = lock.mac_class.subdir, f"=={lock.python}.*"
    conda = [(one, form_conda_url(one, Mirrors())) for one in lock.conda]
    wheels = [(one, addresses[one.file, one.sha256]) for one in lock.wheels]
    used = [{"conda": url} for _, url in conda] + [{"pypi": url} for _, url in wheels]
    rows = [{"conda": url, "sha256": one.sha256, "size": one.size} for one, url in conda]
    rows += [
        {
            "pypi": url,
            "name": one.name,
            "version": one.version,
            "sha256": one.sha256,
            "requires_python": python,
        }
        for one, url in wheels
    ]
    channels = [{"url": f"{form_channel_url(one, Mirrors())}/"} for one in lock.channels]
    environment = {"channels": channels, "packages": {subdir: used}}
    return _dump({"version": 6, "environments": {lock.environment: environment}, "packages": rows})


def _dump(value: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, width=4096, allow_unicode=False)
    return text
