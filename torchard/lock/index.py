"""The wheel index, asked through uv: it knows every index, mirror, token and proxy of a machine.

No address is kept here. uv's own configuration decides; where it has none, pip's does.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from torchard.catalog.mac_class import MacClass
from torchard.errors import TorchardError
from torchard.redact import logins, redact, with_login

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLATFORMS = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}
_PATIENCE = 900  # seconds
# The settings of a person's shell that tell how to reach an index. All others would change the
# answer, or where uv looks for our own files.
_REACHING = re.compile(
    r"UV_(?:DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|INDEX_\w+_(?:USERNAME|PASSWORD)"
    r"|KEYRING_PROVIDER|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST|HTTP_\w+|REQUEST_TIMEOUT|OFFLINE"
    r"|CONCURRENT_\w+|CACHE_DIR|NO_CACHE|CONFIG_FILE|NO_CONFIG)"
)
_INDEXES = (
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
    "UV_CONFIG_FILE",
)  # fmt: skip


class IndexError(TorchardError):  # noqa: A001  # the field's word, in a module of its own
    """uv gave no answer; `message` is what it said."""


@dataclass(frozen=True)
class Offer:
    """One wheel that an index offers. `size` in bytes, where the index tells it."""

    name: str
    version: str
    file: str
    url: str
    sha256: str | None
    size: int | None


def resolve(
    requirements: Sequence[str],
    constraints: Sequence[str],
    mac_class: MacClass,
    python: str,
    index: str | None,
    *,
    installed: Mapping[str, str] | None = None,
    elsewhere: Mapping[str, str] | None = None,
    only_these: bool = False,
) -> tuple[Offer, ...]:
    """Return every wheel of each release that satisfies the requirements for a Mac.

    `python` is its full version; `index` a simple index instead of the machine's own. `installed`
    are distributions that are there already, whatever they need: no index has to know them, and
    none of them is returned. `elsewhere` names the one index that a package is taken from, and
    nothing else is. With `only_these` no dependency is looked at. Raise IndexError with uv's own
    words.
    """
    with tempfile.TemporaryDirectory(prefix="torchard-") as made:
        directory = Path(made)
        project = _project(requirements, elsewhere or {})
        (directory / "pyproject.toml").write_text(project, encoding="utf-8")
        there = [
            f"{name} @ {_stand_in(name, version, directory).as_uri()}"
            for name, version in (installed or {}).items()
        ]
        text = _lines([*constraints, *there])
        (directory / "constraints.in").write_text(text, encoding="utf-8")
        # A mirror stands in for every index: what is not there is not looked for elsewhere.
        options = ["--default-index", index, "--no-config"] if index else []
        options += ["--no-deps"] if only_these else []
        environment = _environment(mac_class, own_index=index is not None)
        told = _run(
            [
                *("pip", "compile", "pyproject.toml", "--constraints", "constraints.in"),
                *("--python-platform", PLATFORMS[mac_class.arch], "--python-version", python),
                # Otherwise uv asks the first python3 of PATH: on a bare Mac, it offers Xcode.
                *("--python", sys.executable, "--no-python-downloads"),
                *("--only-binary", ":all:", "--resolution", "highest"),
                *("--prerelease", "if-necessary-or-explicit", "--format", "pylock.toml"),
                *("--no-header", "--no-progress", "--color", "never", "--quiet", *options),
            ],
            directory,
            environment,
        )
        named = [index or "", *(elsewhere or {}).values()]
        known = logins(" ".join([*named, *(environment.get(key, "") for key in _INDEXES)]))
        return tuple(_offers(told, directory, known))


def address() -> str:
    """Return the default index that this machine is configured with, as uv tells it.

    Raise IndexError where it cannot be asked.
    """
    mac = MacClass("osx-arm64", "15.0")
    with tempfile.TemporaryDirectory(prefix="torchard-") as made:
        directory = Path(made)
        (directory / "pyproject.toml").write_text(_project(["torch"], {}), encoding="utf-8")
        environment = _environment(mac, own_index=False)
        told = _run(
            [
                *("pip", "compile", "pyproject.toml", "--no-deps", "--emit-index-url"),
                *("--python-platform", PLATFORMS[mac.arch], "--python-version", "3.12"),
                *("--python", sys.executable, "--no-python-downloads", "--only-binary", ":all:"),
                *("--no-header", "--no-progress", "--color", "never", "--quiet"),
            ],
            directory,
            environment,
        )
    found = re.search(r"(?m)^--index-url (\S+)$", told)
    if found is None:
        raise IndexError("uv is configured with no index")
    known = logins(" ".join(environment.get(key, "") for key in _INDEXES))
    return with_login(found[1], known).rstrip("/")


def _run(arguments: Sequence[str], directory: Path, environment: Mapping[str, str]) -> str:
    """Run uv and return what it printed. Raise IndexError with what it complained of."""
    from uv import find_uv_bin  # noqa: PLC0415  # only those who lock need it

    try:
        done = subprocess.run(
            [os.fspath(find_uv_bin()), *arguments],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        raise IndexError(f"uv cannot be started: {redact(str(error))}") from error
    except subprocess.TimeoutExpired as error:
        raise IndexError(f"uv did not end within {_PATIENCE} seconds") from error
    if done.returncode != 0:
        raise IndexError(_words(done.stderr))
    return done.stdout


def _project(requirements: Sequence[str], elsewhere: Mapping[str, str]) -> str:
    """Return a project that needs the requirements: only such a file ties a package to an index."""
    quoted = [json.dumps(one) for one in requirements]  # a JSON string is a TOML string, too
    lines = ["[project]", 'name = "lab"', 'version = "0"', f"dependencies = [{', '.join(quoted)}]"]
    names = {url: f"index-{number}" for number, url in enumerate(dict.fromkeys(elsewhere.values()))}
    # Its presence keeps uv from the settings of the folders above, which may be anybody's.
    lines += ["[tool.uv]"]
    for url, name in names.items():
        lines += ["[[tool.uv.index]]", f'name = "{name}"', f"url = {json.dumps(url)}"]
        lines += ["explicit = true"]
    if elsewhere:
        lines += ["[tool.uv.sources]"]
        lines += [f'{one} = {{index = "{names[url]}"}}' for one, url in elsewhere.items()]
    return _lines(lines)


def _stand_in(name: str, version: str, directory: Path) -> Path:
    """Write a wheel that only says its name and version: uv takes it for the installed one."""
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
    """Return the index that only pip is configured with, as uv takes it; nothing if uv has one."""
    own = [Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "uv/uv.toml"]
    own += [Path("/etc/uv/uv.toml")]
    if any(os.environ.get(key) for key in _INDEXES) or any(path.exists() for path in own):
        return {}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    # As pip has it: a variable of the shell counts more than what is for `pip install` alone, and
    # that more than what is for all its commands.
    for section in (":env:", "install", "global"):
        found = re.search(rf"(?m)^{section}\.index-url='([^']+)'$", done.stdout)
        if found:
            return {"UV_DEFAULT_INDEX": found[1]}
    return {}


def _words(stderr: str) -> str:
    """Return what uv said, without its remarks and without a login."""
    lines = [line for line in stderr.strip().splitlines() if not line.startswith("warning:")]
    text = re.sub(r"^(?:error: |  \u00d7 )", "", "\n".join(lines))
    return redact(text).strip() or "uv said nothing"


def _offers(text: str, directory: Path, known: Mapping[str, str]) -> list[Offer]:
    offers = []
    for package in _toml(text).get("packages", []):
        for wheel in package.get("wheels", []):
            # Some versions of uv write the path of a file instead, from where they have run.
            url = wheel.get("url") or Path(os.path.normpath(directory / wheel["path"])).as_uri()
            file = wheel.get("name") or unquote(urlsplit(url).path).rpartition("/")[2]
            offers.append(
                Offer(
                    name=package["name"],
                    version=package.get("version", ""),
                    file=file,
                    url=with_login(url, known),  # uv writes none
                    sha256=wheel.get("hashes", {}).get("sha256"),
                    size=wheel.get("size"),
                )
            )
    return offers


def _toml(text: str) -> dict[str, Any]:
    # In Python's own library from 3.11 on.
    reader = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    data: dict[str, Any] = reader.loads(text)
    return data
