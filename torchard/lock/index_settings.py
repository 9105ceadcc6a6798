"""How this computer reaches a wheel index: what the settings of uv and pip say about that.

Other settings, such as `override-dependencies`, would give two people two locks. So uv does not
read a person's files: it gets a file with the index, the logins and the certificates of theirs.
"""

from __future__ import annotations

import ast
import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from torchard import programs
from torchard.errors import TorchardError
from torchard.redact import find_logins, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PIP_LIMITS = programs.Limits(seconds=60, memory=512 << 20, file=1 << 20, output=1 << 20)
_MOST_BYTES = 1 << 20  # of a uv.toml
_MOST_CAUSE = 300  # characters of what pip complains of
INDEX_VARIABLES = (
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
)  # fmt: skip
# Logins, certificates, the network and the cache: none of them changes which wheels there are.
_REACHING = re.compile(
    r"UV_(?:INDEX_\w+_(?:USERNAME|PASSWORD)|KEYRING_PROVIDER|CREDENTIALS_DIR|NATIVE_TLS|SYSTEM_CERTS"
    r"|INSECURE_HOST|HTTP_\w+|REQUEST_TIMEOUT|CONCURRENT_\w+|CACHE_DIR)"
)
_PIP = re.compile(r"PIP_(?:CONFIG_FILE|INDEX_URL|PYPI_URL)")
# pip's own order: a variable of the shell, then [install], then [global] of its files.
_PIP_SECTIONS = (":env:", "install", "global")
_PIP_INDEX = re.compile(r"(?m)^(:env:|install|global)\.(?:index-url|pypi-url)=(.+)$")


class IndexSettingsError(TorchardError):
    """The settings of uv or pip on this computer cannot be read."""


class _Index(msgspec.Struct, rename="kebab", omit_defaults=True):
    """An index. `explicit` ones are left out: only a project of uv can name them."""

    url: str
    name: str = ""
    default: bool = False
    explicit: bool = False
    format: str = ""
    authenticate: str = ""
    ignore_error_codes: list[int] = []


class _Places(msgspec.Struct, rename="kebab"):
    """The keys of a uv.toml that say where wheels are, at its top or under [pip]."""

    index: list[_Index] = []
    index_url: str | None = None
    extra_index_url: list[str] = []
    find_links: list[str] = []
    no_index: bool | None = None
    keyring_provider: str | None = None


class _Settings(_Places, rename="kebab"):
    """Those, and the keys about the network, which are at the top only."""

    system_certs: bool | None = None
    native_tls: bool | None = None
    allow_insecure_host: list[str] = []
    http_proxy: str | None = None
    https_proxy: str | None = None
    no_proxy: list[str] | None = None
    pip: _Places = msgspec.field(default_factory=_Places)


_PLACES = ("index", "index-url", "extra-index-url", "find-links", "no-index")


@dataclass(frozen=True)
class IndexSettings:
    """What uv gets: the text of its only uv.toml, its environment, and the logins of the indexes.

    `logins` are by `host:port`, because uv prints addresses without them.
    """

    text: str
    environment: dict[str, str]
    logins: dict[str, str]


def read_settings(index: str | None, more: Iterable[str] = ()) -> IndexSettings:
    """Return this computer's settings; those about logins and the network only, with an `index`.

    `more` are URLs of further indexes. Raise IndexSettingsError.
    """
    found = _merge(_read_files())
    known = {key: value for key in INDEX_VARIABLES if (value := os.environ.get(key))}
    if index is not None:
        found = {key: value for key, value in found.items() if key not in _PLACES}
        known = {}
    elif not known and not any(key in found for key in _PLACES):
        known = _index_of_pip()
    reaching = {key: value for key, value in os.environ.items() if _REACHING.fullmatch(key)}
    text = _format_toml(found)
    return IndexSettings(
        text,
        {**programs.reaching_environment(), **reaching, **known},
        find_logins(" ".join([text, index or "", *more, *known.values()])),
    )


def _read_files() -> list[_Settings]:
    """Return the settings of the account, then those of the system, as uv finds them.

    https://docs.astral.sh/uv/concepts/configuration-files/
    """
    if os.environ.get("UV_NO_CONFIG", "").lower() in {"1", "true", "yes", "on", "y", "t"}:
        return []
    if named := os.environ.get("UV_CONFIG_FILE"):
        return [_read_file(Path(named))]
    home = Path("~").expanduser()
    own = _folders("XDG_CONFIG_HOME") or [home / ".config"]
    system = [*(_folders("XDG_CONFIG_DIRS") or [Path("/etc/xdg")]), Path("/etc")]
    files = [[folder / "uv/uv.toml" for folder in folders] for folders in (own[:1], system)]
    first = [next((one for one in paths if one.is_file()), None) for paths in files]
    return [_read_file(path) for path in first if path is not None]


def _folders(variable: str) -> list[Path]:
    """Return the folders that a variable lists. A relative one is not valid there."""
    parts = [Path(one) for one in os.environ.get(variable, "").split(os.pathsep)]
    return [one for one in parts if one.is_absolute()]


def _read_file(path: Path) -> _Settings:
    try:
        with path.open("rb") as stream:  # the rest of a larger file is not TOML
            read = msgspec.toml.decode(stream.read(_MOST_BYTES), type=_Settings)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else redact(str(error))
        raise IndexSettingsError(f"The settings of uv in {path} cannot be read: {said}") from error
    for places in (read, read.pip):
        # uv resolves a relative path by the folder of its file.
        for index in places.index:
            index.url = _absolute(index.url, path)
        places.index_url = places.index_url and _absolute(places.index_url, path)
        places.extra_index_url = [_absolute(one, path) for one in places.extra_index_url]
        places.find_links = [_absolute(one, path) for one in places.find_links]
    return read


def _absolute(place: str, file: Path) -> str:
    return place if "://" in place else str(file.absolute().parent / place)


def _merge(files: Sequence[_Settings]) -> dict[str, Any]:
    """Return one table: [pip] before the top, the account before the system; lists are joined."""
    merged: dict[str, Any] = {}
    for one in [*(file.pip for file in files), *files]:
        for key, value in msgspec.to_builtins(one).items():
            if key == "index":
                rows = merged.setdefault(key, [])
                rows += [row for row in value if not row.get("explicit")]
            elif isinstance(value, list):
                merged[key] = [*merged.get(key, []), *value]
            elif value is not None and key != "pip":
                merged.setdefault(key, value)
    return {key: value for key, value in merged.items() if value != []}


def _format_toml(table: dict[str, Any]) -> str:
    """Return a table as TOML. Strings, numbers and lists of JSON are also TOML."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items() if key != "index"]
    for row in table.get("index", ()):
        lines += ["[[index]]", *(f"{key} = {json.dumps(value)}" for key, value in row.items())]
    return "".join(f"{line}\n" for line in lines)


@lru_cache(maxsize=1)
def _index_of_pip() -> dict[str, str]:
    """Return the variable that gives pip's index to uv.

    Raise IndexSettingsError if pip's settings cannot be read. uv would then use the default index,
    and take a package of the missing index from there.
    """
    reaching = programs.reaching_environment()
    own = {key: value for key, value in os.environ.items() if _PIP.fullmatch(key)}
    words = programs.module_words("pip", "config", "list", limits=_PIP_LIMITS)
    try:
        done = programs.run(words, _PIP_LIMITS, {**reaching, **own})
        if done.status != 0:
            raise _unread(done.err)
        # pip prints a value as Python writes it.
        rows = [(name, ast.literal_eval(text)) for name, text in _PIP_INDEX.findall(done.out)]
    except (OSError, programs.LimitError, ValueError, SyntaxError) as error:
        raise _unread(f"{error}") from error
    named = {section: value for section, value in rows if value}
    urls = [named[section] for section in _PIP_SECTIONS if section in named]
    return {"UV_DEFAULT_INDEX": urls[0]} if urls else {}


def _unread(words: str) -> IndexSettingsError:
    """Return the error for settings of pip. The last line of `words` says what is wrong."""
    lines = redact(words).split("\n")
    cause = next((line.strip() for line in reversed(lines) if line.strip()), "pip printed nothing")
    return IndexSettingsError(
        f"The settings of pip cannot be read, and they may name an index: {cause[:_MOST_CAUSE]}. "
        "Repair them, or set UV_DEFAULT_INDEX to the URL of the index"
    )
