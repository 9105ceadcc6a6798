"""The part of locking that needs py-rattler, in a child process: JSON in, JSON out.

py-rattler is asyncio over tokio. It does not work in a process that gevent has patched, and a short
process sometimes crashes at its very end. So it runs in a process of its own, and the answer that
it printed counts, not its exit status.

    {"solve": {urls, subdir, specs, constraints, system, cache, seconds}} -> {"solve": [{…}, …]}
    {"list": {urls, subdir, specs, system, cache}}           -> {"list": {name: {…}, …}}
    {"provides": [archive, ...]}                             -> {"provides": [{name: version}, ...]}
    each                                                     -> {"error": kind, "text": ...}

An error of kind "spec" also has the text that is not a match spec, as "spec". The last line is the
answer; before it, there is a line with the path of each archive that is going to be read.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import rattler
from packaging.utils import canonicalize_name
from rattler.exceptions import GatewayError, InvalidMatchSpecError, SolverError

from torchard.lock.conda_listing import list_channels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_METADATA = re.compile(
    r"(?:^|/)site-packages/"
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-(?P<version>[^/-]+)(?:-py[^/]*)?"
    r"\.(?:dist-info/METADATA|egg-info(?:/PKG-INFO)?)$"
)


class IncompleteError(Exception):
    """A channel does not describe a package well enough to lock it."""


class SpecError(Exception):
    """A text is not a match spec."""


async def solve(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Solve specs for another platform; return the packages, each after its dependencies."""
    system = [
        rattler.GenericVirtualPackage(
            rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build)
        )
        for name, (version, build) in asked["system"].items()
    ]
    channels = [rattler.Channel(url) for url in asked["urls"]]
    specs = [parse_spec(spec) for spec in asked["specs"]]
    # The gateway gives the solver only packages that fit a spec. So each name is also asked for
    # without a version: otherwise strict priority would ignore a channel with other versions.
    names = [rattler.MatchSpec(str(one.name.normalized)) for one in specs]
    records = await rattler.solve(
        channels,
        [*names, *specs],
        gateway=rattler.Gateway(cache_dir=asked["cache"]),
        platforms=[asked["subdir"], "noarch"],
        virtual_packages=system,
        timeout=dt.timedelta(seconds=asked["seconds"]),
        constraints=[rattler.MatchSpec(spec) for spec in asked["constraints"]],
        channel_priority=rattler.ChannelPriority.Strict,
    )
    by_name = {record.name.normalized: record for record in records}
    order = rattler.PackageRecord.sort_topologically(records)
    urls = [channel.base_url.rstrip("/") for channel in channels]
    return [describe_package(by_name[one.name.normalized], urls) for one in order]


def parse_spec(text: str) -> rattler.MatchSpec:
    """Return a match spec, or raise SpecError."""
    try:
        return rattler.MatchSpec(text)
    except InvalidMatchSpecError as error:
        raise SpecError(text) from error


def describe_package(record: rattler.RepoDataRecord, urls: Sequence[str]) -> dict[str, Any]:
    """Return a solved package as JSON values; `channel` counts the channels from 0."""
    name = record.name.normalized
    if record.sha256 is None or record.size is None:
        raise IncompleteError(f"{record.url} has no sha256 and size in its channel's index")
    channels = [index for index, url in enumerate(urls) if record.url.startswith(f"{url}/")]
    if not channels:
        raise IncompleteError(f"{name} comes from {record.url}, which is in none of the channels")
    return {
        "name": name,
        "version": str(record.version),
        "build": str(record.build),
        "channel": max(channels, key=lambda index: len(urls[index])),
        "subdir": record.subdir,
        "file": record.url.rpartition("/")[2],
        "sha256": record.sha256.hex(),
        "size": record.size,
        "python": has_python_dependency(record.depends),
    }


def has_python_dependency(depends: Iterable[str]) -> bool:
    """Say whether a package may have Python distributions: those all depend on python."""
    return any(re.match(r"python(?:[\s=<>!~]|$)", one) for one in depends)


def read_distributions(archive: str) -> dict[str, str]:
    """Return the Python distributions in a package's archive, by normalised name."""
    print(archive, flush=True)  # a parent that stops this process can name it
    found = {}
    for entry in rattler.PathsJson.from_package_archive(archive).paths:
        match = _METADATA.search(str(entry.relative_path).replace(os.sep, "/"))
        if match:
            found[str(canonicalize_name(match["name"]))] = match["version"]
    return found


async def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one request, also if it is an error."""
    try:
        if "solve" in request:
            return {"solve": await solve(request["solve"])}
        if "list" in request:
            asked = request["list"]
            specs = {name: list(map(parse_spec, own)) for name, own in asked["specs"].items()}
            return {"list": await list_channels({**asked, "specs": specs})}
        return {"provides": [read_distributions(archive) for archive in request["provides"]]}
    except SolverError as error:
        return {"error": "unsolvable", "text": str(error)}
    except GatewayError as error:
        return {"error": "channel", "text": str(error)}
    except SpecError as error:
        return {"error": "spec", "text": str(error.__cause__), "spec": str(error)}
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent reports it
        return {"error": "other", "text": str(error) or type(error).__name__}
    finally:
        await asyncio.sleep(0.01)  # lets tokio's threads end before the process does


def main() -> None:
    """Answer the request on stdin."""
    print(json.dumps(asyncio.run(answer(json.load(sys.stdin)))), flush=True)


if __name__ == "__main__":
    main()
