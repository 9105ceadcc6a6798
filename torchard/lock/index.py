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
from urllib.parse import unquote, urljoin, urlsplit

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torchard.variant import MacClass

PLATFORMS = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}
_PATIENCE = 900  # seconds
# Settings of a person's shell that would change the answer; those on how to reach an index stay.
_UNWANTED = (
    "UV_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_EXCLUDE_NEWER", "UV_FORK_STRATEGY",
    "UV_OVERRIDE", "UV_PRERELEASE", "UV_PYTHON", "UV_RESOLUTION", "UV_TORCH_BACKEND",
    "UV_CUSTOM_COMPILE_COMMAND",
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
        options = ["--default-index", index] if index else []
        options += ["--no-deps"] if only_these else []
        # Otherwise uv asks the first python3 of PATH, which on a bare Mac offers to install Xcode.
        options += ["--python", sys.executable]
        done = subprocess.run(
            [
                *(_uv(), "pip", "compile", "pyproject.toml", "--constraints", "constraints.in"),
                *("--python-platform", PLATFORMS[mac_class.arch], "--python-version", python),
                *("--only-binary", ":all:", "--no-python-downloads", "--format", "pylock.toml"),
                *("--no-header", "--no-progress", "--color", "never", "--quiet", *options),
            ],
            cwd=directory,
            env=_environment(mac_class, own_index=index is not None),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            raise IndexError(_words(done.stderr))
        return tuple(_offers(done.stdout, directory))


def _project(requirements: Sequence[str], elsewhere: Mapping[str, str]) -> str:
    """Return a project that needs the requirements: only such a file ties a package to an index."""
    quoted = [json.dumps(one) for one in requirements]  # a JSON string is a TOML string, too
    lines = ["[project]", 'name = "lab"', 'version = "0"', f"dependencies = [{', '.join(quoted)}]"]
    names = {url: f"index-{number}" for number, url in enumerate(dict.fromkeys(elsewhere.values()))}
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


def _uv() -> str:
    from uv import find_uv_bin  # noqa: PLC0415  # only those who lock need it

    return os.fspath(find_uv_bin())


def _environment(mac_class: MacClass, *, own_index: bool) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in _UNWANTED}
    if own_index:
        # A mirror stands in for every index: what is not there is not looked for elsewhere.
        for key in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_URL"):
            kept.pop(key, None)
    else:
        kept.update(_indexes_of_pip())
    return {**kept, "MACOSX_DEPLOYMENT_TARGET": mac_class.macos}


@lru_cache(maxsize=1)
def _indexes_of_pip() -> dict[str, str]:
    """Return the index that only pip is configured with, as uv takes it; nothing if uv has one."""
    own = [Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "uv/uv.toml"]
    own += [Path("/etc/uv/uv.toml")]
    named = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_CONFIG_FILE")
    if any(os.environ.get(key) for key in named) or any(path.exists() for path in own):
        return {}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    found = re.findall(r"(?m)^(?:global|install|:env:)\.index-url='([^']+)'$", done.stdout)
    return {"UV_DEFAULT_INDEX": found[-1]} if found else {}


def _words(stderr: str) -> str:
    """Return what uv said, without its remarks."""
    lines = [line for line in stderr.strip().splitlines() if not line.startswith("warning:")]
    return re.sub(r"^(?:error: |  \u00d7 )", "", "\n".join(lines)).strip() or "uv said nothing"


def _offers(text: str, directory: Path) -> list[Offer]:
    offers = []
    for package in _toml(text).get("packages", []):
        for wheel in package.get("wheels", []):
            url = wheel.get("url") or urljoin(directory.as_uri() + "/", wheel["path"])
            file = wheel.get("name") or unquote(urlsplit(url).path).rpartition("/")[2]
            offers.append(
                Offer(
                    name=package["name"],
                    version=package.get("version", ""),
                    file=file,
                    url=url,
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
