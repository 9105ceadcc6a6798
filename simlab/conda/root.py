"""The conda installation that runs, the Mac it runs on, and its environments."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.conda import history
from simlab.conda.failure import CondaError
from simlab.conda.settings import Settings

ALIAS = "https://conda.anaconda.org"
ANACONDA = "https://repo.anaconda.com"
DEFAULTS = (f"{ANACONDA}/pkgs/main", f"{ANACONDA}/pkgs/r")
if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Root:
    """A conda installation at `prefix`; `command` is what a person typed, for the history.

    `target` is the environment that the command is about, whose settings count most; before 23.7
    those of the active one did.
    """

    prefix: Path
    command: tuple[str, ...]
    target: Path | None = None

    @cached_property
    def mac(self) -> dict[str, Any]:
        """What mac.json says."""
        return _read_mac(self.place / "mac.json")

    @cached_property
    def place(self) -> Path:
        """Where the Mac is: the first folder with a mac.json above the prefix, or beside HOME."""
        real = self.prefix.resolve()
        beside = Path(os.environ.get("HOME", "/")).parent
        for folder in (real, *real.parents, beside):
            if (folder / "mac.json").is_file():
                return folder
        raise SystemExit("simlab: this conda belongs to a simulated Mac, and finds no mac.json")

    @property
    def subdir(self) -> str:
        """What packages are for: what the settings say, or what the base python was built for."""
        return str(self.settings.merged.get("subdir") or self.native_subdir)

    @cached_property
    def native_subdir(self) -> str:
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

    def is_from(self, *version: int) -> bool:
        """Tell whether this conda is of a version or newer: `is_from(23, 7)`."""
        parts = [int(part) for part in self.version.split(".") if part.isdigit()]
        return parts >= list(version)

    @cached_property
    def settings(self) -> Settings:
        """The settings of all files."""
        active = os.environ.get("CONDA_PREFIX")
        target = self.target
        if target is None or not self.is_from(23, 7):  # conda's changelog, 23.7.0, #12696
            target = Path(active) if active else None
        return Settings(self.prefix, Path.home(), self.place / "etc", target)

    @property
    def is_writable(self) -> bool:
        """Whether this account may change the base (conda/base/context.py, root_writable)."""
        file = history.path(self.prefix)
        return not file.exists() or os.access(file, os.W_OK)

    @property
    def pkgs_dirs(self) -> list[Path]:
        """The package caches, of which all are read (conda/base/context.py, pkgs_dirs)."""
        named = self.settings.merged.get("pkgs_dirs")
        if not named:
            return [self.prefix / "pkgs", Path.home() / ".conda" / "pkgs"]
        return [Path(one) for one in (named.split(",") if isinstance(named, str) else named)]

    @property
    def pkgs(self) -> Path:
        """The package cache that is written: the first in which this account may."""
        return next((one for one in self.pkgs_dirs if _may_write(one)), self.pkgs_dirs[0])

    @property
    def envs_dirs(self) -> list[Path]:
        """Where `-n` looks for environments and makes them."""
        found = [self.prefix / "envs", Path.home() / ".conda" / "envs"]
        return found if self.is_writable else found[::-1]

    @property
    def own_channels(self) -> list[str]:
        """What `defaults` is."""
        found = self.settings.merged.get("default_channels", DEFAULTS)
        return [self.channel_url(str(one)) for one in found]

    def channel_urls(self, channels: Iterable[str]) -> list[str]:
        """Return the URLs of channels, each once. Raise CondaError for one that is not allowed."""
        allowed = self._plain_urls(self.settings.texts("allowlist_channels"))
        denied = self._plain_urls(self.settings.texts("denylist_channels"))
        urls = self._plain_urls(channels)
        for url in urls:
            where = f"channel name: {url.rpartition('/')[2]}\n  channel url: {url}\n"
            if url in denied:
                message = f"Channel included in denylist:\n  {where}"
                raise CondaError("ChannelDenied", message)
            if allowed and url not in allowed:
                message = f"Channel not included in allowlist:\n  {where}"
                raise CondaError("ChannelNotAllowed", message)
        return urls

    def _plain_urls(self, channels: Iterable[str]) -> list[str]:
        each = [self.own_channels if one == "defaults" else [self.channel_url(one)]
                for one in channels]  # fmt: skip
        return list(dict.fromkeys(url for urls in each for url in urls))

    def channel_url(self, channel: str) -> str:
        """Return a channel's URL from its name or URL."""
        if "://" in channel:
            return channel.rstrip("/")
        if channel.startswith("pkgs/"):
            return f"{ANACONDA}/{channel}"
        if channel.startswith(("/", "./", "~")):
            return Path(channel).expanduser().resolve().as_uri()
        return f"{self._alias}/{channel}"

    @property
    def _alias(self) -> str:
        return str(self.settings.merged.get("channel_alias", ALIAS)).rstrip("/")

    def channel_name(self, url: str) -> str:
        """Return how the history and `list` name a channel."""
        if url.rstrip("/") in self.own_channels:
            return "defaults"
        return url.removeprefix(f"{self._alias}/").rstrip("/")

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

    def named(self, word: str) -> Path:
        """Return the prefix of a name, or of a path with a slash in it."""
        return self.prefix_of(None, word) if "/" in word else self.prefix_of(word, None)

    def registered(self) -> list[Path]:
        """Return the environments of ~/.conda/environments.txt that are still there."""
        try:
            lines = _registry().read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [Path(line) for line in lines if line and is_environment(Path(line))]

    def register(self, prefix: Path) -> None:
        """Write an environment into ~/.conda/environments.txt, unless the settings forbid it."""
        # Before 23.9 there was no such setting.
        if self.is_from(23, 9) and not self.settings.flag("register_envs", otherwise=True):
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


def _read_mac(path: Path) -> dict[str, Any]:
    """Read mac.json, also where somebody is just writing it."""
    for _ in range(40):
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except ValueError:
            time.sleep(0.05)
    raise SystemExit(f"simlab: {path} is broken")


def _registry() -> Path:
    return Path.home() / ".conda" / "environments.txt"


def _may_write(folder: Path) -> bool:
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK)


def require_writable(prefix: Path) -> None:
    """Raise CondaError for an environment that this account may not change."""
    if is_environment(prefix) and not os.access(history.path(prefix), os.W_OK):
        message = (
            "The current user does not have write permissions to the target environment.\n"
            f"  environment location: {prefix}\n  uid: {os.geteuid()}\n  gid: {os.getegid()}\n"
        )
        raise CondaError("EnvironmentNotWritableError", message)


def is_environment(prefix: Path) -> bool:
    """Tell whether a prefix is an environment, as conda does: by its history."""
    return history.path(prefix).is_file()


def existing(prefix: Path) -> Path:
    """Return the prefix of an environment. Raise CondaError if it is not one."""
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


def thawed(conda: Root, prefix: Path, *, override: bool) -> None:
    """Raise CondaError for an environment that CEP 22 protects, from conda 25.5 on."""
    protected = conda.settings.flag("protect_frozen_envs", otherwise=True)
    marker = prefix / "conda-meta" / "frozen"
    if not protected or override or not marker.is_file() or not conda.is_from(25, 5):
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
    """Remove a prefix; of a link only the link (conda/gateways/disk/delete.py, rm_rf)."""
    if prefix.is_symlink():
        prefix.unlink()
    else:
        shutil.rmtree(prefix)
