"""The wheel index, queried through uv, which knows every index, token and proxy of this computer.

Torchard has no address of an index. uv's configuration has it, or else pip's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec
import uv

from torchard.catalog.mac_class import MacClass
from torchard.errors import TorchardError
from torchard.redact import add_login, find_logins, redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLATFORMS = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}
_SECONDS = 900  # for uv
# The variables of a person's shell that say how to reach an index. All others would change the
# answer, or where uv looks for Torchard's files.
_REACHING = re.compile(
    r"UV_(?:DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|INDEX_\w+_(?:USERNAME|PASSWORD)"
    r"|KEYRING_PROVIDER|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST|HTTP_\w+|REQUEST_TIMEOUT|OFFLINE"
    r"|CONCURRENT_\w+|CACHE_DIR|NO_CACHE|CONFIG_FILE|NO_CONFIG)"
)
_INDEXES = (
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
    "UV_CONFIG_FILE",
)  # fmt: skip


class WheelIndexError(TorchardError):
    """uv gave no answer; `message` is what it printed."""


@dataclass(frozen=True)
class Offer:
    """One wheel that an index offers. `size` in bytes, None if the index does not say it."""

    name: str
    version: str
    file: str
    url: str
    sha256: str | None
    size: int | None


@dataclass(frozen=True)
class WheelQuery:
    """What uv is asked: the requirements, and what their wheels are for.

    `python` is the full version of the Mac's python. `index` is the URL of a simple index that
    replaces those of this computer. `installed` are distributions that are already there: no index
    needs to have them, none of them is returned, and their dependencies do not count. `elsewhere`
    maps a package to the one index that it comes from. With `only_these`, dependencies are ignored.
    """

    requirements: Sequence[str]
    mac_class: MacClass
    python: str
    constraints: Sequence[str] = ()
    index: str | None = None
    installed: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    only_these: bool = False


def resolve(query: WheelQuery) -> tuple[Offer, ...]:
    """Return every wheel of each release that satisfies a query.

    Raise WheelIndexError with uv's words.
    """
    with tempfile.TemporaryDirectory(prefix="torchard-") as made:
        directory = Path(made)
        project = _project(query.requirements, query.elsewhere)
        (directory / "pyproject.toml").write_text(project, encoding="utf-8")
        there = [
            f"{name} @ {_stand_in(name, version, directory).as_uri()}"
            for name, version in query.installed.items()
        ]
        text = _lines([*query.constraints, *there])
        (directory / "constraints.in").write_text(text, encoding="utf-8")
        # A mirror replaces every index: uv must not look for a missing package elsewhere.
        options = ["--default-index", query.index, "--no-config"] if query.index else []
        options += ["--no-deps"] if query.only_these else []
        environment = _environment(query.mac_class, own_index=query.index is not None)
        printed = _run(
            [
                *("pip", "compile", "pyproject.toml", "--constraints", "constraints.in"),
                *("--python-platform", PLATFORMS[query.mac_class.arch]),
                *("--python-version", query.python),
                # Otherwise uv runs the first python3 on PATH, which offers Xcode on a new Mac.
                *("--python", sys.executable, "--no-python-downloads"),
                *("--only-binary", ":all:", "--resolution", "highest"),
                *("--prerelease", "if-necessary-or-explicit", "--format", "pylock.toml"),
                *("--no-header", "--no-progress", "--color", "never", "--quiet", *options),
            ],
            directory,
            environment,
        )
        named = [query.index or "", *query.elsewhere.values()]
        known = find_logins(" ".join([*named, *(environment.get(key, "") for key in _INDEXES)]))
        return tuple(_offers(printed, directory, known))


def find_default_index() -> str:
    """Return the URL of the default index that uv or pip is configured with.

    Raise WheelIndexError if uv gives no answer.
    """
    mac = MacClass("osx-arm64", "15.0")
    with tempfile.TemporaryDirectory(prefix="torchard-") as made:
        directory = Path(made)
        (directory / "pyproject.toml").write_text(_project(["torch"], {}), encoding="utf-8")
        environment = _environment(mac, own_index=False)
        printed = _run(
            [
                *("pip", "compile", "pyproject.toml", "--no-deps", "--emit-index-url"),
                *("--python-platform", PLATFORMS[mac.arch], "--python-version", "3.12"),
                *("--python", sys.executable, "--no-python-downloads", "--only-binary", ":all:"),
                *("--no-header", "--no-progress", "--color", "never", "--quiet"),
            ],
            directory,
            environment,
        )
    found = re.search(r"(?m)^--index-url (\S+)$", printed)
    if found is None:
        raise WheelIndexError("uv is not configured with an index")
    known = find_logins(" ".join(environment.get(key, "") for key in _INDEXES))
    return add_login(found[1], known).rstrip("/")


def _run(arguments: Sequence[str], directory: Path, environment: Mapping[str, str]) -> str:
    """Return what uv printed. Raise WheelIndexError with its complaint."""
    try:
        done = subprocess.run(
            [os.fspath(uv.find_uv_bin()), *arguments],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except OSError as error:
        raise WheelIndexError(f"uv cannot be started: {redact(str(error))}") from error
    except subprocess.TimeoutExpired as error:
        raise WheelIndexError(f"uv did not end within {_SECONDS} seconds") from error
    if done.returncode != 0:
        raise WheelIndexError(_words(done.stderr))
    return done.stdout


def _project(requirements: Sequence[str], elsewhere: Mapping[str, str]) -> str:
    """Return a project file with the requirements: only this can tie a package to an index."""
    quoted = [json.dumps(one) for one in requirements]  # a JSON string is also a TOML string
    lines = ["[project]", 'name = "lab"', 'version = "0"', f"dependencies = [{', '.join(quoted)}]"]
    names = {url: f"index-{number}" for number, url in enumerate(dict.fromkeys(elsewhere.values()))}
    # Without this table, uv reads settings in the folders above, which may be another person's.
    lines += ["[tool.uv]"]
    for url, name in names.items():
        lines += ["[[tool.uv.index]]", f'name = "{name}"', f"url = {json.dumps(url)}"]
        lines += ["explicit = true"]
    if elsewhere:
        lines += ["[tool.uv.sources]"]
        lines += [f'{one} = {{index = "{names[url]}"}}' for one, url in elsewhere.items()]
    return _lines(lines)


def _stand_in(name: str, version: str, directory: Path) -> Path:
    """Write a wheel with a name and a version only, which uv accepts as the installed one."""
    base = f"{name.replace('-', '_')}-{version}"
    path = directory / f"{base}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        wheel.writestr(f"{base}.dist-info/METADATA", metadata)
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{base}.dist-info/WHEEL", tags)
        wheel.writestr(f"{base}.dist-info/RECORD", "")
    return path


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _environment(mac_class: MacClass, *, own_index: bool) -> dict[str, str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("UV_") or _REACHING.fullmatch(key)
    }
    if own_index:
        for key in _INDEXES:
            kept.pop(key, None)
    else:
        kept.update(_index_of_pip())
    return {**kept, "MACOSX_DEPLOYMENT_TARGET": mac_class.macos}


@lru_cache(maxsize=1)
def _index_of_pip() -> dict[str, str]:
    """Return the variable that gives pip's index to uv; nothing if uv has an index of its own."""
    own = [Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "uv/uv.toml"]
    own += [Path("/etc/uv/uv.toml")]
    if any(os.environ.get(key) for key in _INDEXES) or any(path.exists() for path in own):
        return {}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    # pip's own order: a variable of the shell, then [install], then [global] of its files.
    for section in (":env:", "install", "global"):
        found = re.search(rf"(?m)^{section}\.index-url='([^']+)'$", done.stdout)
        if found:
            return {"UV_DEFAULT_INDEX": found[1]}
    return {}


def _words(stderr: str) -> str:
    """Return what uv complained of, without its warnings and without a login."""
    lines = [line for line in stderr.strip().splitlines() if not line.startswith("warning:")]
    text = re.sub(r"^(?:error: |  \u00d7 )", "", "\n".join(lines))
    return redact(text).strip() or "uv printed nothing"


class _Wheel(msgspec.Struct):
    """A wheel in uv's lock (PEP 751). Some versions of uv write a path instead of a URL."""

    url: str | None = None
    path: str = ""
    name: str | None = None
    hashes: dict[str, str] = {}
    size: int | None = None


class _Package(msgspec.Struct):
    name: str
    version: str = ""
    wheels: list[_Wheel] = []


class _Packages(msgspec.Struct):
    packages: list[_Package] = []


def _offers(text: str, directory: Path, known: Mapping[str, str]) -> list[Offer]:
    """Return the wheels in the lock that uv printed, which ran in `directory`."""
    try:
        lock = msgspec.toml.decode(text, type=_Packages)
    except msgspec.MsgspecError as error:
        raise WheelIndexError(f"uv printed a lock that cannot be read: {error}") from error
    offers = []
    for package in lock.packages:
        for wheel in package.wheels:
            url = wheel.url or Path(os.path.normpath(directory / wheel.path)).as_uri()
            offers.append(
                Offer(
                    name=package.name,
                    version=package.version,
                    file=wheel.name or unquote(urlsplit(url).path).rpartition("/")[2],
                    url=add_login(url, known),  # uv leaves it out
                    sha256=wheel.hashes.get("sha256"),
                    size=wheel.size,
                )
            )
    return offers
