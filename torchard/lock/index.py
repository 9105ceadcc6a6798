"""The wheel index, queried through uv, which knows how to use every index, token and proxy.

Torchard has no address of an index. The settings of uv have it, or else pip's.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec
import uv

from torchard import programs
from torchard.catalog.mac_class import MacClass
from torchard.errors import TorchardError
from torchard.lock.index_settings import IndexSettings, IndexSettingsError, read_settings
from torchard.redact import add_login, redact
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torchard.catalog.pairings import Bound

PLATFORMS = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}
# uv needs some 110 MB of memory for torch and jupyterlab. An index without ranges and metadata lets
# it unpack whole wheels, of which libtorch has 200 MB.
LIMITS = programs.Limits(seconds=900, memory=1 << 30, file=1 << 30)
_MOST_WORDS = 10_000  # characters of what uv complains of
_MOST_REASON = 200  # characters of why a release was yanked


class WheelIndexError(TorchardError):
    """uv gave no answer; `message` is what it printed, `bounds` are Torchard's that it names."""

    def __init__(self, message: str, bounds: tuple[Bound, ...] = ()) -> None:
        super().__init__(message)
        self.bounds = bounds


@dataclass(frozen=True)
class Offer:
    """One wheel that an index offers. `size` in bytes, None if the index does not say it.

    `yanked` is why its maker withdrew the release (PEP 592), empty for others.
    """

    name: str
    version: str
    file: str
    url: str
    sha256: str | None
    size: int | None
    yanked: str = ""


@dataclass(frozen=True)
class WheelQuery:
    """What uv is asked: the requirements, and what their wheels are for.

    `python` is the full version of the Mac's python. `index` is the URL of a simple index that
    replaces those of this computer. `installed` are distributions that are already there: no index
    needs to have them, none of them is returned, and their dependencies do not count. `elsewhere`
    maps a package to the one index that it comes from: uv only follows this for a package among the
    requirements. With `only_these`, dependencies are ignored. With `only_named_prereleases`, a
    pre-release counts only for a requirement that names one, and else also if no release fits.
    """

    requirements: Sequence[str]
    mac_class: MacClass
    python: str
    constraints: Sequence[str] = ()
    index: str | None = None
    installed: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    only_these: bool = False
    only_named_prereleases: bool = False


@dataclass(frozen=True)
class Answer:
    """Every wheel of each chosen release, and the installed distributions that these need."""

    offers: tuple[Offer, ...]
    installed: frozenset[str]


def resolve(query: WheelQuery) -> tuple[Offer, ...]:
    """Return every wheel of each release that satisfies a query.

    Raise WheelIndexError with uv's words.
    """
    return ask(query).offers


def ask(query: WheelQuery) -> Answer:
    """Return uv's answer to a query. Raise WheelIndexError with uv's words."""
    settings = _read_settings(query.index, tuple(query.elsewhere.values()))
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
        printed, complaints = _run(
            [
                *("pip", "compile", "pyproject.toml", "--constraints", "constraints.in"),
                # A mirror replaces every index: uv must not look for a missing package elsewhere.
                *(("--default-index", query.index) if query.index else ()),
                *(("--no-deps",) if query.only_these else ()),
                *("--python-platform", PLATFORMS[query.mac_class.arch]),
                *("--python-version", query.python),
                *("--resolution", "highest", "--prerelease"),
                "explicit" if query.only_named_prereleases else "if-necessary-or-explicit",
                *("--index-strategy", "first-index", "--fork-strategy", "requires-python"),
                *("--format", "pylock.toml"),
            ],
            directory,
            settings,
            query.mac_class,
        )
        yanked = _read_yanked(complaints)
        packages = _read_packages(printed)
        offers = tuple(
            replace(one, yanked=yanked.get(f"{one.name}=={one.version}", ""))
            for one in _offers(packages, directory, settings.logins)
        )
        return Answer(offers, frozenset(one.name for one in packages if not one.wheels))


def find_default_index() -> str:
    """Return the URL of the default index that uv or pip is configured with.

    Raise WheelIndexError if uv gives no answer.
    """
    mac = MacClass("osx-arm64", "15.0")
    settings = _read_settings(None)
    with tempfile.TemporaryDirectory(prefix="torchard-") as made:
        directory = Path(made)
        (directory / "pyproject.toml").write_text(_project([], {}), encoding="utf-8")
        printed, _ = _run(
            [
                *("pip", "compile", "pyproject.toml", "--no-deps", "--emit-index-url"),
                *("--python-platform", PLATFORMS[mac.arch], "--python-version", "3.12"),
            ],
            directory,
            settings,
            mac,
        )
    found = re.search(r"(?m)^--index-url (\S+)$", printed)
    if found is None:
        raise WheelIndexError("uv is not configured with an index")
    return add_login(found[1], settings.logins).rstrip("/")


def _read_settings(index: str | None, more: Sequence[str] = ()) -> IndexSettings:
    try:
        return read_settings(index, more)
    except IndexSettingsError as error:
        raise WheelIndexError(error.message) from error


def _run(
    arguments: Sequence[str], directory: Path, settings: IndexSettings, mac_class: MacClass
) -> tuple[str, str]:
    """Return what uv printed for a command, and its warnings. Raise WheelIndexError."""
    (directory / "uv.toml").write_text(settings.text, encoding="utf-8")
    environment = {**settings.environment, "MACOSX_DEPLOYMENT_TARGET": mac_class.macos}
    try:
        words = [
            *(os.fspath(uv.find_uv_bin()), *arguments, "--config-file", "uv.toml"),
            # Otherwise uv runs the first python3 on PATH, which offers Xcode on a new Mac.
            *("--python", sys.executable, "--no-python-downloads", "--only-binary", ":all:"),
            *("--no-header", "--no-progress", "--color", "never"),
        ]
        done = programs.run(programs.limited_words(words, directory, LIMITS), LIMITS, environment)
    except OSError as error:
        raise WheelIndexError(f"uv cannot be started: {redact(str(error))}") from error
    except programs.LimitError as error:
        raise WheelIndexError(
            f"uv was stopped, because it {error}. A page of the index may have no end"
        ) from error
    if done.status != 0:
        raise WheelIndexError(_words(done.err))
    return done.out, done.err


def _project(requirements: Sequence[str], elsewhere: Mapping[str, str]) -> str:
    """Return a project file with the requirements: only this can tie a package to an index."""
    quoted = [json.dumps(one) for one in requirements]  # a JSON string is also a TOML string
    lines = ["[project]", 'name = "lab"', 'version = "0"', f"dependencies = [{', '.join(quoted)}]"]
    elsewhere = {name: url for name, url in elsewhere.items() if url}
    names = {url: f"index-{number}" for number, url in enumerate(dict.fromkeys(elsewhere.values()))}
    for url, name in names.items():
        lines += ["[[tool.uv.index]]", f'name = "{name}"', f"url = {json.dumps(url)}"]
        lines += ["explicit = true", *(['format = "flat"'] if is_flat(url) else [])]
    if elsewhere:
        lines += ["[tool.uv.sources]"]
        lines += [f'{one} = {{index = "{names[url]}"}}' for one, url in elsewhere.items()]
    return _lines(lines)


def is_flat(url: str) -> bool:
    """Tell whether an index is one page with links to wheels, and not a page for each project."""
    return url.endswith(".html")


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


def _read_yanked(stderr: str) -> dict[str, str]:
    """Return the releases that uv took although they are yanked, each with the reason."""
    rows = re.findall(r"(?m)^warning: `([^`]+)` is yanked(?: \(reason: \"(.*)\"\))?\.?$", stderr)
    return {name: redact(sanitize(reason))[:_MOST_REASON] or "no reason" for name, reason in rows}


def _words(stderr: str) -> str:
    """Return what uv complained of, without its warnings and without a login."""
    lines = [
        line
        for line in stderr.strip().splitlines()
        if not line.startswith(("warning:", "Resolved "))
    ]
    text = re.sub(r"^(?:error: |  \u00d7 )", "", "\n".join(lines))
    return redact(text)[:_MOST_WORDS].strip() or "uv printed nothing"


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


def _read_packages(text: str) -> list[_Package]:
    """Return the packages in the lock that uv printed."""
    try:
        return msgspec.toml.decode(text, type=_Packages).packages
    except msgspec.MsgspecError as error:
        raise WheelIndexError(f"uv printed a lock that cannot be read: {error}") from error


def _offers(packages: Sequence[_Package], directory: Path, known: Mapping[str, str]) -> list[Offer]:
    """Return the wheels of packages that uv chose, which ran in `directory`."""
    offers = []
    for package in packages:
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
