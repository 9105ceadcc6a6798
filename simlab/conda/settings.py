"""conda's settings: the files of the system, the base, the account and the environment, merged.

As conda/common/configuration.py does it: the first file that marks a key `#!final` ends it, a
single value of a later file counts, maps merge by key, and lists merge, those of a later file
first. Variables (`CONDA_SUBDIR`) come after all files.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simlab.conda.failure import CondaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ALIASES = {
    "channel": "channels",
    "copy": "always_copy",
    "disallow": "disallowed_packages",
    "softlink": "always_softlink",
    "verify_ssl": "ssl_verify",
    "whitelist_channels": "allowlist_channels",
}
_FINAL = re.compile(r"^([A-Za-z_]+) *:[^#]*# *!final *$", re.MULTILINE)
_LISTS = {
    "allowlist_channels",
    "channels",
    "default_channels",
    "denylist_channels",
    "disallowed_packages",
}
_TRUE = ("1", "true", "yes", "on", "y")


@dataclass(frozen=True)
class Settings:
    """All settings that hold for one command.

    `etc` is where the Mac keeps what belongs in /etc; `target` is the environment that the command
    is about, and None where conda does not look there.
    """

    prefix: Path
    home: Path
    etc: Path
    target: Path | None = None

    @property
    def files(self) -> list[Path]:
        """The files that are there, as conda reads them (conda/base/constants.py, SEARCH_PATH)."""
        folders = [self.etc / "conda", self.prefix]
        folders += [self.home / ".config/conda", self.home / ".conda", self.home]
        if self.target is not None and self.target != self.prefix:
            folders.append(self.target)
        return [file for folder in folders for file in _of(folder, self.home)]

    @cached_property
    def merged(self) -> dict[str, Any]:
        """What holds, by the key's own name. Raise CondaError, or yaml.YAMLError."""
        merged: dict[str, Any] = {}
        final: set[str] = set()
        for file in self.files:
            for key, value in _read(file).items():
                if key not in final:
                    merged[key] = _together(merged.get(key), value)
            final |= _finals(file)
        told = _variables()
        return {**merged, **{key: told[key] for key in told if key not in final}}

    def flag(self, key: str, *, otherwise: bool = False) -> bool:
        """Return a setting that is true or false."""
        value = self.merged.get(key, otherwise)
        return value if isinstance(value, bool) else str(value).lower() in _TRUE

    def texts(self, key: str) -> list[str]:
        """Return a setting that is a list."""
        return [str(one) for one in self.merged.get(key) or ()]

    def validate(self) -> None:
        """Raise CondaError for a value that conda refuses before it begins to work."""
        bundle = self.merged.get("ssl_verify", True)
        known = isinstance(bundle, bool) or str(bundle).lower() in (*_TRUE, "false", "truststore")
        if not known and not os.path.exists(str(bundle)):  # noqa: PTH110 (a word, or a path)
            raise _invalid(
                "ssl_verify",
                bundle,
                f"ssl_verify value '{bundle}' must be a boolean, a path to a certificate bundle"
                " file, a path to a directory containing certificates of trusted CAs, or"
                " 'truststore' to use the operating system certificate store.",
            )
        alias = str(self.merged.get("channel_alias", "https://x"))
        if "://" not in alias:
            said = f"channel_alias value '{alias}' must have scheme/protocol."
            raise _invalid("_channel_alias", alias, said)


def _invalid(key: str, value: object, said: str) -> CondaError:
    return CondaError(
        "CustomValidationError",
        f"Parameter {key} = {value!r} declared in <<merged>> is invalid.\n{said}",
    )


def _of(folder: Path, home: Path) -> Iterator[Path]:
    # Of the home itself only ~/.condarc is read.
    for name in (".condarc",) if folder == home else (".condarc", "condarc"):
        if (folder / name).is_file():
            yield folder / name
    more = folder / "condarc.d"
    if folder != home and more.is_dir():
        yield from sorted(one for one in more.iterdir() if one.suffix in (".yml", ".yaml"))


def _read(file: Path) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 (most commands need no settings)

    found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return {_ALIASES.get(str(key), str(key)): value for key, value in dict(found).items()}


def _finals(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8")
    return {_ALIASES.get(key, key) for key in _FINAL.findall(text)}


def _together(before: object, value: object) -> object:
    if isinstance(value, list) and isinstance(before, list):
        return list(dict.fromkeys([*value, *before]))
    if isinstance(value, dict) and isinstance(before, dict):
        return {**before, **value}
    return value


def _variables() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in os.environ.items():
        key = name.removeprefix("CONDA_").lower()
        if name.startswith("CONDA_") and key not in _LISTS:
            found[_ALIASES.get(key, key)] = value
    return found
