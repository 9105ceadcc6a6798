"""Solves specs for the Mac, with py-rattler."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from typing import TYPE_CHECKING

from simlab.conda import history
from simlab.conda.failure import CondaError
from simlab.conda.transaction import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rattler import RepoDataRecord

    from simlab.conda.root import Root

_MISSING = re.compile(r"No candidates were found for ([^\s,]+)")
_PIN = re.compile(r"(?:.*::)?(?P<name>[^\s=<>!~]+)==(?P<version>[^\s=]+)=(?P<build>[^\s=]+)")


def solve(
    root: Root, prefix: Path, specs: Mapping[str, str], channels: Sequence[str], fresh: set[str]
) -> list[RepoDataRecord]:
    """Return the packages that satisfy all specs together.

    What is installed stays as it is where it can, but for the packages in `fresh`: those become
    as new as they may be. Raise CondaError.
    """
    if not channels:
        message = "No channels have been configured. Pass -c CHANNEL or write a .condarc."
        raise CondaError("NoChannelsConfiguredError", message)
    return asyncio.run(_solve(root, prefix, specs, channels, fresh))


async def _solve(
    root: Root, prefix: Path, specs: Mapping[str, str], channels: Sequence[str], fresh: set[str]
) -> list[RepoDataRecord]:
    import rattler  # noqa: PLC0415 (56 ms that `conda --version` need not spend)
    from rattler import exceptions  # noqa: PLC0415

    records = sorted((prefix / "conda-meta").glob("*.json"))
    have = [rattler.PrefixRecord.from_path(path) for path in records]
    try:
        asked = [rattler.MatchSpec(_plain(spec)) for spec in specs.values()]
    except exceptions.InvalidMatchSpecError as error:
        raise CondaError("InvalidMatchSpec", str(error)) from error
    system = [
        rattler.GenericVirtualPackage(
            rattler.PackageName(name), rattler.Version(version), rattler.BuildString("0")
        )
        for name, version in root.virtual_packages().items()
    ]
    try:
        found = await rattler.solve(
            [rattler.Channel(url) for url in root.channel_urls(channels)],
            asked,
            gateway=rattler.Gateway(),
            platforms=[root.subdir, "noarch"],
            locked_packages=[one for one in have if one.name.normalized not in fresh],
            virtual_packages=system,
            constraints=[rattler.MatchSpec(_plain(spec)) for spec in _pins(root, prefix)],
            timeout=dt.timedelta(seconds=60),
        )
    except exceptions.SolverError as error:
        raise _unsolved(str(error), specs, channels) from error
    except exceptions.GatewayError as error:
        raise CondaError("CondaHTTPError", str(error)) from error
    await asyncio.sleep(0.01)  # a short process may otherwise die at exit
    return list(found)


def _pins(root: Root, prefix: Path) -> list[str]:
    """Return the specs that hold without being asked for: settings, and conda-meta/pinned."""
    file = prefix / "conda-meta" / "pinned"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    pins = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return [*root.settings.texts("pinned_packages"), *pins]


def _plain(spec: str) -> str:
    """Return a spec without its channel: a pin of the history names one that may be gone."""
    match = _PIN.fullmatch(spec)
    if match:
        return f"{match['name']} =={match['version']} {match['build']}"
    return spec.rpartition("::")[2]


def _unsolved(text: str, specs: Mapping[str, str], channels: Sequence[str]) -> CondaError:
    missing = _MISSING.findall(text)
    if missing:
        lines = "".join(f"\n  - {specs.get(history.name_of(name), name)}" for name in missing)
        message = (
            f"The following packages are not available from current channels:\n{lines}\n\n"
            "Current channels:\n" + "".join(f"\n  - {channel}" for channel in channels)
        )
        return CondaError("PackagesNotFoundInChannelsError", message, packages=missing)
    return CondaError(
        "UnsatisfiableError", f"The specifications cannot be satisfied together.\n{text}"
    )


def wanted(record: RepoDataRecord) -> Wanted:
    """Return a solved package as one to fetch."""
    return Wanted(record.url, record.sha256.hex() if record.sha256 else "")
