"""The conda installation that runs, the Mac it runs on, and its environments."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.conda import history
from simlab.conda.failure import CondaError

ALIAS = "https://conda.anaconda.org"
ANACONDA = "https://repo.anaconda.com"
DEFAULTS = (f"{ANACONDA}/pkgs/main", f"{ANACONDA}/pkgs/r")
if TYPE_CHECKING:
    from collections.abc import Iterable

_FALSE = ("0", "false", "no", "off")


@dataclass(frozen=True)
class Root:
    """A conda installation at `prefix`; `command` is what a person typed, for the history.

    `target` is the environment that the command is about, whose settings count most.
    """

    prefix: Path
    command: tuple[str, ...]
    target: Path | None = None

    @cached_property
    def mac(self) -> dict[str, Any]:
        """What mac.json says: the first above the prefix, or the one beside HOME."""
        real = self.prefix.resolve()
        beside = Path(os.environ.get("HOME", "/")).parent
        for folder in (real, *real.parents, beside):
            if (folder / "mac.json").is_file():
                return dict(json.loads((folder / "mac.json").read_text(encoding="utf-8")))
        raise SystemExit("simlab: this conda belongs to a simulated Mac, and finds no mac.json")

    @cached_property
    def subdir(self) -> str:
        """What the base python was built for."""
        for record in sorted((self.prefix / "conda-meta").glob("python-[0-9]*.json")):
            return str(json.loads(record.read_text(encoding="utf-8"))["subdir"])
        raise CondaError("CondaError", f"{self.prefix} has no python")

    @cached_property
    def version(self) -> str:
        """The version that this conda says it is."""
        for record in sorted((self.prefix / "conda-meta").glob("conda-[0-9]*.json")):
            return record.name.split("-")[1]
        return "unknown"

    @cached_property
    def config(self) -> dict[str, Any]:
        """The settings of all files; lists merge, those of a file that counts more first."""
        merged: dict[str, Any] = {}
        for file in self.config_files:
            import yaml  # noqa: PLC0415 (most commands need no settings)

            for key, value in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).items():
                before = merged.get(key, [])
                merged[key] = (
                    list(dict.fromkeys([*value, *before])) if isinstance(value, list) else value
                )
        return merged

    @property
    def config_files(self) -> list[Path]:
        """The settings files that are there, the base's, the account's and the environment's."""
        folders = dict.fromkeys([self.prefix, Path.home(), self.target or self.prefix])
        return [file for one in folders if (file := one / ".condarc").is_file()]

    @property
    def pkgs(self) -> Path:
        """The package cache."""
        named = os.environ.get("CONDA_PKGS_DIRS", "").split(",")[0]
        return Path(named) if named else self.prefix / "pkgs"

    @property
    def envs_dirs(self) -> list[Path]:
        """Where `-n` looks for environments and makes them."""
        return [self.prefix / "envs", Path.home() / ".conda" / "envs"]

    def channel_urls(self, channels: Iterable[str]) -> list[str]:
        """Return the URLs of channels, each once. Raise CondaError for one that is denied."""
        denied = {self.channel_url(one) for one in self.config.get("denylist_channels", [])}
        own = self.config.get("default_channels", DEFAULTS)
        urls = [
            self.channel_url(one)
            for channel in channels
            for one in (own if channel == "defaults" else [channel])
        ]
        for url in urls:
            if url in denied:
                raise CondaError("ChannelDenied", f"Channel denied by context: {url}")
        return list(dict.fromkeys(urls))

    def channel_url(self, channel: str) -> str:
        """Return a channel's URL from its name or URL."""
        if "://" in channel:
            return channel.rstrip("/")
        if channel.startswith("pkgs/"):
            return f"{ANACONDA}/{channel}"
        if channel.startswith(("/", "./", "~")):
            return Path(channel).expanduser().resolve().as_uri()
        return f"{str(self.config.get('channel_alias', ALIAS)).rstrip('/')}/{channel}"

    def channel_name(self, url: str) -> str:
        """Return how the history and `list` name a channel."""
        alias = str(self.config.get("channel_alias", ALIAS)).rstrip("/")
        return url.removeprefix(f"{alias}/").rstrip("/")

    def virtual_packages(self) -> dict[str, str]:
        """Return the system's packages: versions by name."""
        macos = os.environ.get("CONDA_OVERRIDE_OSX") or str(self.mac["macos"])
        return {"__osx": macos, "__unix": "0", "__conda": self.version}

    def prefix_of(self, name: str | None, path: str | None) -> Path:
        """Return the environment's prefix; without name and path the one that is active."""
        if path:
            return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 (keeps links)
        if name in ("base", "root"):
            return self.prefix
        if name and "/" in name:
            raise CondaError("CondaValueError", f"Invalid environment name: {name!r}")
        if name:
            places = [folder / name for folder in self.envs_dirs]
            return next((one for one in places if is_environment(one)), places[0])
        active = os.environ.get("CONDA_PREFIX")
        return Path(active) if active else self.prefix

    def registered(self) -> list[Path]:
        """Return the environments of ~/.conda/environments.txt that are still there."""
        try:
            lines = _registry().read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [Path(line) for line in lines if line and is_environment(Path(line))]

    def register(self, prefix: Path) -> None:
        """Write an environment into ~/.conda/environments.txt, unless told not to."""
        told = os.environ.get("CONDA_REGISTER_ENVS", "true").lower()
        # Before 23.9 nobody could tell it not to.
        if told in _FALSE and [int(part) for part in self.version.split(".")[:2]] >= [23, 9]:
            return
        known = self.registered()
        if prefix not in known:
            _registry().parent.mkdir(parents=True, exist_ok=True)
            lines = "".join(f"{one}\n" for one in (*known, prefix))
            _registry().write_text(lines, encoding="utf-8")

    def environments(self) -> list[Path]:
        """Return every environment that conda knows, base first."""
        found = {self.prefix: None}
        for folder in self.envs_dirs:
            if folder.is_dir():
                found |= dict.fromkeys(
                    sorted(one for one in folder.iterdir() if is_environment(one))
                )
        found |= dict.fromkeys(sorted(self.registered()))
        return list(found)

    def name_of(self, prefix: Path) -> str:
        """Return an environment's name, empty for one that lies elsewhere."""
        if prefix == self.prefix:
            return "base"
        return prefix.name if prefix.parent in self.envs_dirs else ""


def _registry() -> Path:
    return Path.home() / ".conda" / "environments.txt"


def is_environment(prefix: Path) -> bool:
    """Tell whether a prefix is an environment, as conda does: by its history."""
    return history.path(prefix).is_file()


def existing(prefix: Path) -> Path:
    """Return the prefix of an environment. Raise CondaError when it is none."""
    if is_environment(prefix):
        return prefix
    if prefix.is_dir():
        message = (
            "The target directory exists, but it is not a conda environment.\n"
            f"Target directory: {prefix}"
        )
        raise CondaError("DirectoryNotACondaEnvironmentError", message)
    message = f"Not a conda environment: {prefix}"
    raise CondaError("EnvironmentLocationNotFound", message, location=str(prefix))


def thawed(prefix: Path, *, override: bool) -> None:
    """Raise CondaError for an environment that CEP 22 protects."""
    protected = os.environ.get("CONDA_PROTECT_FROZEN_ENVS", "1").lower() not in _FALSE
    marker = prefix / "conda-meta" / "frozen"
    if not protected or override or not marker.is_file():
        return
    text = marker.read_text(encoding="utf-8")
    message = json.loads(text).get("message", "") if text else ""
    reason = f" Reason:\n\n    {message}\n" if message else ""
    raise CondaError(
        "EnvironmentIsFrozenError",
        f"Cannot modify '{prefix}'. The environment is marked as frozen.{reason}\n"
        "You can bypass this with the `--override-frozen` flag, at your own risk.",
    )


def delete(prefix: Path) -> None:
    """Remove a prefix; a link's target is emptied, and the link removed."""
    if not prefix.is_symlink():
        shutil.rmtree(prefix)
        return
    for one in prefix.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()
    prefix.unlink()
