"""Settings of conda on a Mac that block a build, or that a plan warns of. Pure.

Torchard's own steps override technical settings by variables (operations/scripts/run_lock.sh).
The others are rules that an administrator made for this Mac, and Torchard follows them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from torchard.lab.channels import ANACONDA, channel_url, is_anaconda
from torchard.mac.paths import shorten_mac_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import CondaPackage, Lock
    from torchard.mac.state import CondaSetting, MacState

HIDDEN = "?"
NAMED = 3  # packages that are named; the rest is counted
# conda's other names for these keys (conda/base/context.py).
_KEYS = {"whitelist_channels": "allowlist_channels", "disallow": "disallowed_packages"}
_DEFAULTS = (f"{ANACONDA}/pkgs/main", f"{ANACONDA}/pkgs/r")
_SPEC = re.compile(r"(?:[^:\s]*::?)?(?P<name>[A-Za-z0-9_.*-]+)\s*(?P<version>.*)")
_OPERATOR = re.compile(r"[<>=!~]")


def find_conda_blockers(state: MacState, locks: Mapping[str, Lock]) -> Iterator[str]:
    """Yield why a settings file forbids to build there, with the file and the setting.

    The account's own settings do not count: Torchard's steps have a home of their own.
    """
    for setting in state.conda_settings:
        if _is_for_all(setting, state):
            reasons = tuple(_explain_setting(setting, locks))
            yield from reasons
            if setting.final and not reasons:
                yield (
                    f"{_place(setting, state)} marks {setting.key} as `#!final`, which nothing can"
                    " override; ask the administrator of this Mac to remove the mark"
                )


def _is_for_all(setting: CondaSetting, state: MacState) -> bool:
    if setting.file.startswith(f"{state.prefix}/"):
        # Torchard does not use a prefix that is not whole.
        return state.prefix_state == "whole"
    return not setting.file.startswith(f"{state.home}/")


def _place(setting: CondaSetting, state: MacState) -> str:
    return shorten_mac_path(setting.file, state.home)


def _explain_setting(setting: CondaSetting, locks: Mapping[str, Lock]) -> Iterator[str]:
    key = _KEYS.get(setting.key, setting.key)
    where = f"{setting.file} sets {setting.key}"
    ask = "ask the administrator of this Mac to allow that"
    if key == "override_channels_enabled" and setting.values[-1:] and not _is_true(setting):
        yield (
            f"{where}: false, so conda refuses to install from Torchard's depot on this Mac; {ask}"
        )
    elif key == "allowlist_channels" and setting.values:
        yield (
            f"{where}, and Torchard's depot on this Mac is not among these channels, so conda"
            f" refuses to install from it; {ask}"
        )
    elif key == "denylist_channels":
        channels = {one: channel_url(one) for lock in locks.values() for one in lock.channels}
        denied = set(_urls(setting.values))
        names = [name for name, url in channels.items() if url in denied]
        if names:
            yield (
                f"{where}, which denies {_listed(names)}; write other `channels:` into the lab, or"
                f" {ask}"
            )
    elif key == "disallowed_packages":
        packages = [one for lock in locks.values() for one in lock.conda]
        found = {f"{one.name} {one.version}": None for one in packages
                 if any(_is_disallowed(one, spec) for spec in setting.values)}  # fmt: skip
        if found:
            yield f"{where}, which forbids {_listed(list(found))}; {ask}"


def _is_true(setting: CondaSetting) -> bool:
    return setting.values[-1].lower() in {"true", "yes", "on", "y", "1"}


def _urls(channels: Iterable[str]) -> Iterator[str]:
    for one in channels:
        if one == "defaults":
            yield from _DEFAULTS
        elif one != HIDDEN:
            yield channel_url(one)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _is_disallowed(package: CondaPackage, spec: str) -> bool:
    """Tell whether a match spec may mean a package; one that cannot be parsed counts by its name.

    `?` (a hidden value) counts as no package: conda reports that one itself when it installs.
    """
    match = _SPEC.fullmatch(spec.strip())
    if match is None or not fnmatchcase(package.name, match["name"].lower()):
        return False
    wanted = match["version"].partition(" ")[0] if match["version"][:1] != "[" else ""
    if wanted in {"", "*"}:
        return True
    with suppress(InvalidSpecifier, InvalidVersion):
        version = Version(package.version)
        return any(
            version in SpecifierSet(_specifiers(one), prereleases=True) for one in wanted.split("|")
        )
    return True


def _specifiers(text: str) -> str:
    """Write a conda version as Python's specifiers: `=1.1` is `==1.1.*`, and `1.1` is `==1.1`."""
    parts = []
    for one in text.split(","):
        part = one.strip()
        if re.match(r"=[^=]", part):
            part = part[1:].partition("=")[0].removesuffix(".*").removesuffix("*")
            part = f"=={part}.*"
        elif not _OPERATOR.match(part):
            part = f"=={part.partition('=')[0]}"
        parts.append(part)
    return ",".join(parts)


def find_conda_warnings(mac: MacHost, state: MacState) -> Iterator[str]:
    """Yield which files add Anaconda's channels to those of the lab's environments.

    conda merges the lists of all files. In Torchard's environments, only `defaults` is empty.
    """
    if not mac.environments or any(map(is_anaconda, mac.channels)):
        return
    for setting in state.conda_settings:
        if setting.key in {"channels", "channel"} and "anaconda" in setting.values:
            yield (
                f"{_place(setting, state)} names a channel of Anaconda's by its address: a later"
                " `conda install` in the lab's environments also takes packages from there; remove"
                " it, or write `defaults`, which is empty in these environments"
            )
