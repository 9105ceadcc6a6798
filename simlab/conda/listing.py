"""What conda tells of itself and of environments: list, env list, info and export."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from simlab.conda import history, revisions, root, transaction, variables
from simlab.conda.failure import CondaError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from simlab.conda.root import Root


def list_packages(conda: Root, options: argparse.Namespace) -> int:
    """List an environment's packages, those that pip installed too."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    if options.revisions:
        print(revisions.listing(prefix, as_json=options.json))
        return 0
    records = transaction.installed(prefix)
    if options.explicit:
        print(
            "# This file may be used to create an environment\n"
            f"# platform: {conda.subdir}\n@EXPLICIT"
        )
        for record in records.values():
            mark = f"#sha256:{record['sha256']}" if options.sha256 and "sha256" in record else ""
            mark = f"#{record['md5']}" if options.md5 and "md5" in record else mark
            print(f"{record['url']}{mark}")
        return 0
    lines = [_line(conda, record) for record in records.values()]
    lines = sorted([*lines, *_by_pip(prefix, records)], key=lambda line: line["name"])
    if options.regex:
        lines = [line for line in lines if re.search(options.regex, line["name"])]
        if not lines:
            raise CondaError("CondaValueError", f"No packages match '{options.regex}'.")
    if options.json:
        print(json.dumps(lines, indent=2))
        return 0
    print(f"# packages in environment at {prefix}:\n#")
    print(f"# {'Name':<23} {'Version':<16} {'Build':<20} Channel")
    for line in lines:
        print(
            f"{line['name']:<25} {line['version']:<16} {line['build_string']:<20} {line['channel']}"
        )
    return 0


def _line(conda: Root, record: Mapping[str, Any]) -> dict[str, Any]:
    url = transaction.channel_of(record)
    return {
        "base_url": url,
        "build_number": record["build_number"],
        "build_string": record["build"],
        "channel": conda.channel_name(url),
        "dist_name": f"{record['name']}-{record['version']}-{record['build']}",
        "name": record["name"],
        "platform": record["subdir"],
        "version": record["version"],
    }


def _by_pip(prefix: Path, records: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    owned = {file.rpartition("/")[0] for record in records.values() for file in record["files"]}
    lines = []
    for folder in sorted(prefix.glob("lib/python3.*/site-packages/*.dist-info")):
        if str(folder.relative_to(prefix)) in owned:
            continue
        name, _, version = folder.name.removesuffix(".dist-info").partition("-")
        name = re.sub(r"[-_.]+", "-", name).lower()
        lines.append({
            "base_url": "https://conda.anaconda.org/pypi", "build_number": 0,
            "build_string": "pypi_0", "channel": "pypi", "dist_name": f"{name}-{version}-pypi_0",
            "name": name, "platform": "pypi", "version": version,
        })  # fmt: skip
    return lines


def env_list(conda: Root, options: argparse.Namespace) -> int:
    """List the environments."""
    found = conda.environments()
    if options.json:
        details = {str(prefix): _details(conda, prefix) for prefix in found}
        print(json.dumps({"envs": [str(one) for one in found], "envs_details": details}, indent=2))
        return 0
    print("\n# conda environments:\n#")
    active = os.environ.get("CONDA_PREFIX", str(conda.prefix))
    for prefix in found:
        star = "*" if str(prefix) == active else " "
        print(f"{conda.name_of(prefix):<20} {star} {prefix}")
    print()
    return 0


def _details(conda: Root, prefix: Path) -> dict[str, Any]:
    at = history.path(prefix).stat().st_mtime
    return {
        "name": conda.name_of(prefix),
        "created": None,
        "last_modified": at,
        "active": str(prefix) == os.environ.get("CONDA_PREFIX"),
        "base": prefix == conda.prefix,
        "frozen": (prefix / "conda-meta" / "frozen").exists(),
        "writable": os.access(history.path(prefix), os.W_OK),
    }


def info(conda: Root, options: argparse.Namespace) -> int:
    """Say what this conda is."""
    data = {
        "active_prefix": os.environ.get("CONDA_PREFIX"),
        "channels": [
            f"{url}/{conda.subdir}" for url in conda.channel_urls(conda.settings.texts("channels"))
        ],
        "conda_version": conda.version,
        "config_files": [str(file) for file in conda.settings.files],
        "default_prefix": str(conda.prefix),
        "envs": [str(prefix) for prefix in conda.environments()],
        "envs_dirs": [str(folder) for folder in conda.envs_dirs],
        "pkgs_dirs": [str(one) for one in conda.pkgs_dirs],
        "platform": conda.subdir,
        "root_prefix": str(conda.prefix),
        "root_writable": conda.is_writable,
        "virtual_pkgs": [
            [name, version, "0"] for name, version in conda.virtual_packages().items()
        ],
    }
    if options.json:
        print(json.dumps(data, indent=2))
    else:
        for key in (
            "conda_version",
            "root_prefix",
            "platform",
            "channels",
            "pkgs_dirs",
            "envs_dirs",
        ):
            print(f"{key.replace('_', ' '):>20} : {data[key]}")
    return 0


def export(conda: Root, options: argparse.Namespace) -> int:
    """Print an environment as a file; with `--from-history`, what was asked for in words."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    records = transaction.installed(prefix)
    if options.from_history:
        wanted = [one for name, one in history.requested(prefix).items() if name in records]
        pip: list[str] = []
    else:
        wanted = [f"{one['name']}={one['version']}={one['build']}" for one in records.values()]
        pip = [f"{one['name']}=={one['version']}" for one in _by_pip(prefix, records)]
    channels = {conda.channel_name(transaction.channel_of(one)) for one in records.values()}
    lines = [f"name: {conda.name_of(prefix)}", "channels:"]
    lines += [f"  - {one}" for one in sorted(channels)]
    lines += ["dependencies:", *(f"  - {one}" for one in wanted)]
    lines += ["  - pip:", *(f"      - {one}" for one in pip)] if pip else []
    told = variables.variables(prefix)
    lines += ["variables:", *(f"  {name}: {value}" for name, value in told.items())] if told else []
    print("\n".join([*lines, f"prefix: {prefix}"]))
    return 0
